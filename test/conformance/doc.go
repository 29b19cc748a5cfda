// Package conformance holds `serin metrics` to the cases of traffic-metrics that were published or follow from the published text,
// and the enforcement of TrafficTargets to those of traffic-access.
//
// In: a real kube-apiserver with the server behind it by an APIService, and a table of cases, each with where it is from. Out:
// for each case and world whether what users get is what the case says. The cases TM-* are derived from the specification and
// its first implementation; TM-S* are Serin's own. It must not reach into the server: everything is asked over HTTP, and every
// number is compared with what those saw who sent the requests.
//
// There are two worlds, and one table for both:
//
//   - proxies: requests over HTTP, sent by pods, carried by two bundled proxies to pods that answer them, and counted there.
//     The control plane, the proxies, the requests and the server are real, with the rights that an installation grants. The
//     node and its network are simulated (test/sim), and all of it is in one process.
//   - prometheus: a real Prometheus that scrapes an exporter. The exporter stands in for a mesh: it states, in the series and
//     labels of Linkerd's proxies, requests that nobody sent. The world is there twice: with a profile that an operator adds in
//     a ConfigMap, and with the built-in one.
//
// The cases about access, TT-*, are one table that is played in three ways: by the policy engine alone, through the bundled proxies
// with requests between pods, and by the external authoriser with a gRPC client that asks as Envoy does. What a case says of UDP is
// played by the policy engine's own tests, because neither carries it.
//
// No case depends on when a window ends. Each begins at the end of a window and asks ?since= that, either again and again until
// one window has all that was sent, or each time since the end of the last answer, and then adds up. What was sent must all be
// there and nothing more: the published cases allow 2 %, these ask for equality. A window begins exactly where the one before it
// ended.
package conformance
