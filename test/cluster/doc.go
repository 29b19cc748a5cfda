// Cluster gets and runs a real Kubernetes control plane, and gets a Prometheus, for tests and for the demonstration.
//
//	go -C test/cluster run . assets                print the folder with etcd, kube-apiserver, kube-controller-manager and kubectl
//	go -C test/cluster run . prometheus            print the path of a Prometheus
//	go -C test/cluster run . up [--own] [--audit]  run a control plane until the standard input ends, or ^C
//
// Each gets the programs if they are not there: from KUBEBUILDER_ASSETS, the cache, a download or a build from Go modules, in
// that order; a Prometheus from PROMETHEUS, PATH, the cache or a build. The first build takes minutes; after that it is a
// matter of milliseconds. Progress is on the standard error.
//
// "up" prints one line of JSON on the standard output when the control plane is ready:
//
//	{"kubeconfig":"...","server":"https://127.0.0.1:NNNN","dir":"...","assets":"...","owned":true,"pids":{"etcd":1,...},"version":"v1.37.2"}
//
// It runs until its standard input reaches its end, or SIGINT, SIGTERM or SIGHUP comes, then stops and deletes all it made.
// A second signal shortens that. So a parent that holds the other end of a pipe need not clean up, however it ends. On Linux
// nothing but the folder is left even when "up" itself is killed, and the next "up" deletes the folder.
//
// If KUBECONFIG is set, "up" makes no control plane: it checks that the cluster answers, prints the line with "owned":false
// and without "dir" and "pids", waits for the end all the same and stops nothing. --own ignores KUBECONFIG. With --audit an
// own control plane records who asked what of the API server, a JSON object a line, in the file that the line names as
// "audit".
//
// The environment:
//
//	KUBECONFIG                 a cluster to use instead of an own one
//	KUBEBUILDER_ASSETS         a folder with etcd and kube-apiserver, perhaps also the others
//	PROMETHEUS                 a Prometheus to use
//	SERIN_CACHE                the folder for programs, instead of the user's cache folder
//	SERIN_ASSETS_NO_DOWNLOAD   1: do not try to download
//	SERIN_ENVTEST_INDEX        another address of the index of envtest archives
//	SERIN_KUBERNETES_RELEASES  another address under which Kubernetes releases lie
//	TMPDIR                     where the folder of a control plane is made
//
// Linux and macOS only. On macOS a killed "up" leaves its programs running. This module requires no other one, and the main
// module does not require it; packages test/controlplane and test/prometheus run it for Go tests.
package main
