// Package serving holds what simulated and containerised applications of tests share: how one drains, and how it fails or is slow
// in an even share of its requests.
//
// In: requests, as a handler sees them. Out: when it may stop, and which requests are among the share. It imports the standard
// library alone, so that an image with it stays small.
package serving
