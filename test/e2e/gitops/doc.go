// Package gitops runs GitOps end to end: a Git server, Flux's own source-controller and kustomize-controller, and Serin.
//
// In: the files of config/gitops, which are what a user writes, and a Git repository that the tests commit to. Out: tests, of
// what a Flux Kustomization says at each moment of a rollout, of who writes what, of Argo CD's health script on the same live
// objects, and of every request. The cluster is that of test/demo/story: a real control plane of its own, pods of test/sim
// with real HTTP; KUBECONFIG is ignored. Flux runs as processes beside it, as the cluster's administrator.
//
// The test files have the build tag e2e, so that `make test` leaves them out: `make gitops` runs them. They need git with
// git-http-backend. The package must not patch an object that Git holds, and must change what Git holds by commits alone.
package gitops
