// Package faults breaks what stands around a rollout while requests are sent, and checks what came of it.
//
// In: a real kube-apiserver and etcd, a simulated node, `serin controller` as it ships, the bundled proxies and the
// TrafficMetrics server as processes of their own (part), and callers who write down every request. Out: for each fault a test
// that says what is still true: no request failed without a release's doing, no weight rose without evidence, nothing was lost
// or told twice in another order, nothing was left over. docs/faults.md has the faults as a table.
//
// The tests carry the build tag e2e, so that `make test` does not run them: they take minutes and some of them stop the API
// server that all share. `make faults` runs them, and `make verify lint` reads them all the same. SERIN_SEED repeats the moments
// of an earlier run as well as a clock can.
//
// The package must not stand in for any part of Serin, and must not end a process that it did not start.
package faults
