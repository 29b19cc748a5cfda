// Cluster gets and runs a real Kubernetes control plane or a whole node, and gets a Prometheus and other neighbours, for
// tests and for the demonstration.
//
//	go -C test/cluster run . assets                print the folder with etcd, kube-apiserver, kube-controller-manager and kubectl
//	go -C test/cluster run . prometheus            print the path of a Prometheus
//	go -C test/cluster run . program NAME          print the path of another program, such as traefik
//	go -C test/cluster run . module NAME           print the folder with the files of a Go module, such as CRDs
//	go -C test/cluster run . up [--own] [--audit]  run a control plane until the standard input ends, or ^C
//	go -C test/cluster run . node                  run a real node with its control plane, in the same way
//	go -C test/cluster run . load --image FILE.tar import images into the node that runs
//
// Each gets the programs if they are not there: from KUBEBUILDER_ASSETS, the cache, a download or a build from Go modules, in
// that order; a Prometheus from PROMETHEUS, PATH, the cache or a build; other programs from the cache or a build. The first
// build takes minutes; after that it is a matter of milliseconds. Progress is on the standard error.
//
// "up" prints one line of JSON on the standard output when the control plane is ready:
//
//	{"kubeconfig":"...","server":"https://127.0.0.1:NNNN","dir":"...","assets":"...","owned":true,"pids":{"etcd":1,...},"version":"v1.37.2"}
//
// It runs until its standard input reaches its end, or SIGINT, SIGTERM or SIGHUP comes, then stops and deletes all it made. A
// second signal shortens that. So a parent that holds the other end of a pipe need not clean up, however it ends. On Linux
// nothing but the folder is left even when "up" itself is killed, and the next "up" deletes the folder.
//
// If KUBECONFIG is set, "up" makes no control plane: it checks that the cluster answers, prints the line with "owned":false
// and without "dir" and "pids", waits for the end all the same and stops nothing. --own ignores KUBECONFIG. With --audit an
// own control plane records who asked what of the API server, a JSON object a line, in the file that the line names as
// "audit".
//
// # A node
//
//	node [--image FILE.tar]... [--audit] [--log-space SIZE] [-- COMMAND ARG...]
//	node --check | --prepare
//
// "node" needs root on Linux, or says in a sentence what is missing and ends with status 1; --check does only that. What it
// needs of Debian it installs (containerd, CNI plugins, nftables and others; no service is started); --prepare does only
// that, gets the programs and clears away what a killed node left. Then it runs etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler, containerd with runc, kubelet, kube-proxy and CoreDNS, and imports image archives
// as "docker save" and ko write them; pods use them with imagePullPolicy Never or IfNotPresent. From nothing the builds take
// about 15 minutes, later a start takes about 10 seconds.
//
// When the node is Ready and its DNS available it prints the line of "up" with more of the node as "node": its name and
// address, the socket of containerd and the namespace in it, the folders with the logs of pods and of programs, and the file
// that has the line with the process ids of now. With a COMMAND it runs that, with KUBECONFIG, with SERIN_NODE (that file)
// and with kubectl in PATH, and ends with its exit status. Since "go -C" changes the folder, paths are to be absolute.
//
// Every program that ends is started again, the API server on the same port, so a test may kill any by its process id. The
// API server, pods, Services and host ports can be reached from the machine; the API server has the same address for pods and
// the machine, and pods reach the world. No other machine reaches any of it, and NetworkPolicies are not enforced. With
// --log-space the logs of pods are on a file system of that size, such as 64M.
//
// There is one node on a machine: a second one waits up to 15 minutes for the first to go. On the way out processes, mounts,
// links, packet filter rules, cgroups, files and kernel settings go back to what they were; after a killed node the next one
// sees to that.
//
// # Environment
//
//	KUBECONFIG                 a cluster to use instead of an own one
//	KUBEBUILDER_ASSETS         a folder with etcd and kube-apiserver, perhaps also the others
//	PROMETHEUS                 a Prometheus to use
//	SERIN_NODE                 the file that "load" finds the node by, instead of the usual one
//	SERIN_CACHE                the folder for programs, instead of the user's cache folder
//	SERIN_ASSETS_NO_DOWNLOAD   1: do not try to download
//	SERIN_ENVTEST_INDEX        another address of the index of envtest archives
//	SERIN_KUBERNETES_RELEASES  another address under which Kubernetes releases lie
//	TMPDIR                     where the folder of a control plane is made
//
// Linux and macOS only, a node Linux only. On macOS a killed "up" leaves its programs running. This module requires no other
// one, and the main module does not require it; packages test/controlplane and test/prometheus run it for Go tests.
package main
