// Package download fetches the programs of a control plane from where the Kubernetes project publishes them.
//
// In come names of programs and two addresses; out go executable files whose checksums were verified. There are two
// sources, asked in this order for what is still missing:
//
//  1. the archives with etcd, kube-apiserver and kubectl that the controller-tools project releases for envtest, found
//     through their index file. The archive is the newest one of the wanted minor version.
//  2. the single programs of a Kubernetes release, which has no etcd, and servers for Linux only.
//
// Checksums come over the same connection as what they are for, so they guard against damage, and HTTPS against forgery; a
// redirect from HTTPS to HTTP is refused. A host that cannot be reached ends the attempt within seconds. The package must
// not leave a file of unverified content under its final name.
package download
