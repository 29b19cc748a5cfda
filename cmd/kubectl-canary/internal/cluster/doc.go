// Package cluster reads what belongs to a Canary from the API server, follows it, and writes commands.
//
// In: the usual flags of kubectl. Out: snapshots for package view, and annotations on Canaries. It must not print, and it must
// not decide what a state means.
package cluster
