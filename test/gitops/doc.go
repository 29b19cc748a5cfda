// Package gitops holds what GitOps tools read of a Canary to what the rollout core does.
//
// In: the Lua scripts of config/gitops/argocd, and Canaries whose statuses the rollout core itself wrote while a small world
// did as it planned. Out: tests. They run the scripts in gopher-lua with no more libraries than Argo CD opens, ask kstatus,
// which Flux and Helm use, about the same objects, and hand every command that a script writes back to the core: what a
// script offers must be carried out, what it greys out must be refused. The package must not decide what a status means.
package gitops
