// Package argocd runs a script of config/gitops/argocd on an object, as Argo CD does.
//
// In: the script's text, the object as the API server has it, the time. Out: what the script returns. It must not open more of
// Lua to a script than Argo CD opens to those of its ConfigMap.
package argocd
