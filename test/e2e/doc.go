// Package e2e holds what only a real node with real pods can show: Serin installed as its README says, callers that send 200
// requests a second and account for each of them, good releases and bad ones.
//
// In: the cluster of KUBECONFIG, with the images serin:dev and serin-shop:dev on its nodes; "make e2e" sees to both. Out: specs
// behind the build tag e2e, and a table of what the callers counted. It must not know anything of Serin that a user could not: it
// writes manifests, reads status, and asks the pods of the callers for their ledgers.
package e2e
