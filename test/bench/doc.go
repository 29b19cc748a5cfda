// Command bench measures what Serin's controller costs on a real control plane, and holds it to the limits of the design.
//
//	go run ./test/bench idle --canaries 1000 --for 60s   requests of the controller while every Canary rests: none is allowed
//	go run ./test/bench rollouts --canaries 200          requests, times, CPU and memory of that many rollouts at once
//
// In: the number of Canaries. Out: a table in Markdown on the standard output with the limit beside each number; the exit code
// is 0 if every limit was kept, 1 if one was not, 2 if nothing could be measured.
//
// What is real: etcd, kube-apiserver and kube-controller-manager; the controller as a process of its own with the rights that
// an installation grants; every Canary is adopted and rolled out by it. Requests are counted in the API server's audit log,
// by the controller's account; CPU and memory are the kernel's numbers for its process.
//
// What stands in: a kubelet that makes pods ready at once and without containers; and a data plane, which publishes an
// endpoint for each apex and serves TrafficMetrics behind the API server's aggregation. It reads the TrafficSplits by watch
// and reports weights and windows as the bundled proxies and `serin metrics` do: weights as of the last whole second, windows
// that begin where they are asked to. Nobody sends it requests; its counts are those of callers that send each apex
// 1,000 requests a second, so that each window proves the next weight. Two hundred real apexes with real callers would measure the two processors of the machine instead.
//
// It must not reach into the controller, and it leaves nothing behind: what it started ends with it, however it ends. Linux only.
package main
