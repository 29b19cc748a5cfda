package config

import "slices"

// Everywhere stands for all namespaces in a Scope.
const Everywhere = "*"

// Scope is the namespaces whose Secrets may be read, watched and copied. Elsewhere a version refers to the very Secret that the
// target refers to, as if it were annotated serin.dev/config-tracking: disabled. The zero value is every namespace.
type Scope struct {
	limited    bool
	namespaces []string
}

// Only is the scope of these namespaces, of none if there is none, and of all if one is Everywhere.
func Only(namespaces ...string) Scope {
	if slices.Contains(namespaces, Everywhere) {
		return Scope{}
	}
	return Scope{limited: true, namespaces: slices.Sorted(slices.Values(namespaces))}
}

// Has says whether the Secrets of a namespace may be read.
func (s Scope) Has(namespace string) bool {
	return !s.limited || slices.Contains(s.namespaces, namespace)
}

// Namespaces are those that the scope is limited to, sorted; nil if it is not limited, or to none (Empty).
func (s Scope) Namespaces() []string { return s.namespaces }

// Empty says that no Secret may be read at all.
func (s Scope) Empty() bool { return s.limited && len(s.namespaces) == 0 }

// Covers says whether what a reference of a namespace leads to may be read. A ConfigMap always may.
func (s Scope) Covers(namespace string, r Ref) bool {
	return r.Kind != Secret || s.Has(namespace)
}
