// Package gobuild builds the programs of a control plane and of a node, and of neighbours such as Prometheus and Traefik,
// from Go modules.
//
// In comes the name of a program; out goes an executable file, or the folder with the files of its module. The modules under
// test/cluster/build pin what is built: each has a go.mod and a go.sum of its own, so that nothing of it reaches the module
// graph of the product or of this program. The build depends on those files and on the Go toolchain only, not on GOFLAGS, a
// go.work file or GOOS and GOARCH; one recipe, that of runc, needs a C compiler and libseccomp. The package must not decide
// where programs belong.
package gobuild
