// Command image builds Serin's container images without a container engine, and pushes them.
//
//	image build [-tag dev] [-out bin/images]     one archive per image, for the architecture of this machine
//	image push  -repo REGISTRY/PATH [-tag dev]   an index of linux/amd64 and linux/arm64 per image
//
// In: the module it is run in, compiled by Go without cgo. Out: images of two layers on nothing: the certificates of the public
// authorities and one program, run as user 65532. Archives are what docker save writes, which docker load, kind, k3d,
// minikube and ctr take.
//
// The certificates are Mozilla's, as golang.org/x/crypto/x509roots/fallback has them in the version that go.sum of this module
// pins, not those of the machine. Authorities that Mozilla trusts only under a condition are left out, because a file of
// certificates cannot state conditions. Nothing of the machine or of the hour gets into an image: the same source and the same
// Go give the same digest. It must not ask a registry for anything while it builds.
package main
