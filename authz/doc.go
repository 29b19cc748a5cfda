// Package authz is the external authoriser: it answers for data planes that ask whether a request may pass.
//
// In: calls of Envoy's ext_authz v3 over gRPC, and of HTTP forward-auth; TrafficTargets, the routes they name and Pods, all
// watched. Out: allow or deny, with the sentence that says which object allowed the request or what was missing; metrics. It must
// not write an object, read a Canary, carry a request, or believe a header that nobody was told to believe.
//
// A question goes one way through the package:
//
//	check.go, forward.go  what the data plane sent      -> question
//	callers.go            claims about the caller       -> caller: a ServiceAccount, or why there is none
//	judge.go              question, state               -> verdict, counted and logged
//	state.go              the API server's objects      -> state, swapped whole; readers never wait
//
// # Who calls
//
// Each way to know the caller is off until Options.Evidence names it, and the first that is there decides, in this order. One
// that is there and cannot be read is a caller that is not authenticated: nothing weaker is tried.
//
//  1. source.principal of Envoy, which comes from the caller's certificate.
//  2. The last element of x-forwarded-client-cert, if the data plane that asks has an address of Options.HeadersFrom.
//  3. l5d-client-id, on the same condition.
//  4. The caller's address, if exactly one running pod off the host's network has it. Envoy tells whose connection it is; over
//     forward-auth it is the hop that the gateway added, if the gateway has an address of Options.AddressFrom.
//
// A trust domain that is not listed is foreign, and who comes from it is not authenticated.
//
// # Who is called
//
// Over ext_authz: what the operator wrote into the route's context_extensions, else destination.principal, else the pod that has
// the destination's address; the port is the destination's. Over forward-auth: the path that the operator wrote into the gateway's
// configuration. No header and no query that a client sends has a part in it.
//
// # It fails closed
//
// An unknown caller or destination, a question that makes no sense, a failure within, and the time before everything was seen once
// are all answered with a denial in words, never with an error that a data plane may be configured to let pass. In mode Audit all
// of these pass, and are counted and logged as what they would have been.
package authz
