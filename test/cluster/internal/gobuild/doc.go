// Package gobuild builds the programs of a control plane, and a Prometheus, from Go modules.
//
// In comes the name of a program; out goes an executable file. The modules under test/cluster/build pin what is built: each
// has a go.mod and a go.sum of its own, so that nothing of it reaches the module graph of the product or of this program.
// The build depends on those files and on the Go toolchain only, not on GOFLAGS, a go.work file, a C compiler or GOOS and
// GOARCH. The package must not decide where programs belong.
package gobuild
