// Package image writes container images that hold one static program and nothing else.
//
// In comes the path of a program; out goes an archive in the form that "docker save" writes. The same program gives the same
// bytes. The package must not need a container engine or a registry.
package image
