// Package sim is the parent of the rooms that stand in for what a cluster has and a test machine has not.
//
//	network   pod addresses, though every real socket is on 127.0.0.1
//	app       an HTTP application that fails or is slow as told
//	node      scheduler and kubelet of one node whose containers are programs in this process
//	services  cluster DNS and kube-proxy for callers in this process
//	load      requests at a fixed rate, every answer accounted for
//	slack     a Slack to post to
//
// They meet Serin only as the real things would: through the API server and through sockets. None of them may import a
// package of Serin, so that what they show is what Serin does.
package sim
