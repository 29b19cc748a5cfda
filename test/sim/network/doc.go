// Package network gives simulated pods addresses of their own while every real socket is on 127.0.0.1.
//
// In: a pod address and port to listen on, or to dial from another pod address. Out: real TCP connections, and the answer to
// "which pod address is at the other end". The API server refuses loopback addresses in EndpointSlices, so pods need others;
// this registry is what leads them to the real sockets. It must not know Services, names or policy.
package network
