// Package assets makes sure that the programs of a control plane are on this machine.
//
// In come the environment and the folder for caches; out goes a folder that holds etcd, kube-apiserver,
// kube-controller-manager and kubectl, or those of them that are asked for, and for a node also kubelet, kube-proxy and
// kube-scheduler. For each program the first of these that has it gives it:
//
//  1. the folder in KUBEBUILDER_ASSETS, if it holds etcd and kube-apiserver; then also a kubectl in PATH
//  2. the cache: $SERIN_CACHE or the user's cache folder, in a folder of its own per version and platform
//  3. a download into the cache, unless SERIN_ASSETS_NO_DOWNLOAD is 1
//  4. a build from Go modules into the cache
//
// And it makes sure of a Prometheus, whose path goes out: the one that PROMETHEUS names; then a prometheus in PATH that is not
// too old; then the cache; then a build. Other programs (Programs names them) come from the cache or a build.
//
// Programs get into the cache whole or not at all, and one process at a time puts them there. The package must not write
// anywhere but into the cache.
package assets
