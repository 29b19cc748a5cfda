// Package manifest reads the spec of a Canary from YAML or JSON without an API server: what it leaves out gets the CRD's
// defaults, and what the CRD refuses is refused.
//
// In: text. Out: a Canary whose analysis and steps are as an API server would have stored them. Of the rest of the spec only the
// fields' names and kinds are checked. It must not open files or read the cluster, and it must not judge.
package manifest
