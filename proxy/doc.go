// Package proxy is the bundled data plane: it carries the requests to an apex Service to the split's backends.
//
// In: TrafficSplits that carry the label serin.dev/data-plane=proxy, the Services, EndpointSlices and Pods behind them, and
// the SMI access objects, all watched; and the callers' connections. Out: the requests, forwarded to a ready endpoint of a
// version picked by weight, or refused by policy; an EndpointSlice that leads the apex to this proxy; counters.
//
// It must not read a Canary, judge a version, change a TrafficSplit, or import a controller.
//
// A datum goes one way through the package:
//
//	watch.go    the API server's objects           -> world
//	build.go    world, the table before it         -> table (pure)
//	plane.go    table                              -> listeners, and what each request sees
//	exchange.go request, table                     -> response; tunnel.go does the same for what is not HTTP
//	publish.go  table, the listeners that are up   -> EndpointSlices
//	counters.go requests as they end               -> /metrics; ticks.go gives the same once for each tick
//
// # Which version, which pod
//
//  1. Each request draws a version by the weights of the split, anew and independently of every other request.
//  2. A backend whose Service lacks the apex port's number has no part in that port. A backend of weight 0 gets nothing.
//  3. A version without a ready endpoint gets nothing either: its share goes to the other versions by their weights. Endpoints
//     that terminate but still serve stand in when a version has no ready one. When no version has any, the answer is 503,
//     counted as a failure of the version that the weights name.
//  4. Within the version, the less busy of two ready endpoints drawn at random gets the request.
//  5. An endpoint that cannot be dialled got nothing, so the request goes to another endpoint of the version, then to the other
//     versions, five endpoints at most. One that could not be dialled is passed over for a second while there are others.
//  6. What may have reached a pod is sent again only if the method is idempotent: by net/http, to the same pod, when a pooled
//     connection turns out dead; and once within the same version when a pod hangs up on a new connection without a byte of the
//     response, as servers do that are shutting down. A request of another method is sent again only when nothing of it was
//     written. What stays possible: a POST that meets a pod in the very moment in which it closes the connection gets a 502.
//
// A port whose appProtocol says that it is not HTTP, such as https, is carried connection by connection, by the same rules.
//
// # What is counted
//
// A request counts once, for the pod that answered it, before the client can see the end of the response: when the last byte of
// the body was read from the pod and before it is written to the client. It is a failure when the status is 5xx, when the
// exchange broke, or when a gRPC response ends in UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE or DATA_LOSS, or without
// any status. A request that the client gave up is neither success nor failure, and a request that policy refused is not
// counted for any backend; both have counters of their own. The duration ends with the response, so it includes the time
// that the client takes to read it; of upgraded connections and event streams, it ends with the response's header, which is
// also when they count.
//
// /metrics says what is counted now. /metrics/tick?at=2026-08-22T10:00:00Z says what was counted at a tick of the wall clock: the
// first who asks for a tick has the counters read, at most a second from it by this proxy's clock, and everybody who asks for it
// afterwards gets the same numbers, which are never lower than those of an earlier tick. So two who ask at different moments
// agree. A tick before one that was read already gets the numbers of the next that was. A tick more than a second ahead is refused
// with 400; one more than a second back that is not kept, and one before the last three that were read, with 410. Three snapshots
// are kept, whoever asks for whatever: about 2.4 MB each with 1,000 pairs of pod and caller. Somebody who invents ticks can push
// out those of others, who then get 410, and never other numbers. When this proxy's clock is set back by more than a second, the
// snapshots are forgotten, and the ticks that come a second time are read anew.
//
// # Who calls
//
// A caller is who the address of its connection belongs to: the ServiceAccount of the one pod that has it. A caller on the host's
// network, behind address translation, or whose address two pods have at the moment, is not authenticated. No header counts. Where
// that is refused, an address that calls for the first time has Options.StrangerGrace to become a pod's: its requests wait for that.
// An IdentityBinding means a caller or a pod behind the apex by its ServiceAccount or its labels; a SPIFFE id is known of nobody.
//
// # When the API server is out of reach
//
// The proxy keeps the last table and says on /readyz and /metrics how long ago it last heard from the API server.
package proxy
