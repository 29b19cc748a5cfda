package traffic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/serin-dev/serin/api/smi/metrics"
)

// Kind is a kind of objects that TrafficMetrics are about.
type Kind struct {
	// Resource is the plural, as in paths; Singular is one of them.
	Resource, Singular string
	// Scope says whether its objects lie in namespaces.
	Scope Scope

	short, group string
}

// Scope says where the objects of a kind lie.
type Scope int

// Scopes.
const (
	// Namespaced objects lie in a namespace.
	Namespaced Scope = iota
	// ClusterWide objects lie in none.
	ClusterWide
)

// Splits is the resource of which each item is a backend.
const Splits = "trafficsplits"

// Kinds are those of the specification.
func Kinds() []Kind {
	return []Kind{
		{Resource: Splits, Singular: "trafficsplit", short: "ts", group: "split.smi-spec.io"},
		{Resource: "deployments", Singular: "deployment", short: "deploy", group: "apps"},
		{Resource: "pods", Singular: "pod", short: "po"},
		{Resource: "namespaces", Singular: "namespace", Scope: ClusterWide, short: "ns"},
		{Resource: "services", Singular: "service", short: "svc"},
		{Resource: "statefulsets", Singular: "statefulset", short: "sts", group: "apps"},
		{Resource: "daemonsets", Singular: "daemonset", short: "ds", group: "apps"},
		{Resource: "replicasets", Singular: "replicaset", short: "rs", group: "apps"},
		{Resource: "replicationcontrollers", Singular: "replicationcontroller", short: "rc"},
		{Resource: "jobs", Singular: "job", group: "batch"},
		{Resource: "nodes", Singular: "node", Scope: ClusterWide, short: "no"},
	}
}

// ParseKind finds the kind that a person means by a singular, a plural, a short name, or one with its group behind a dot: that of
// the objects, or that of TrafficMetrics.
func ParseKind(text string) (Kind, error) {
	word, group, grouped := strings.Cut(strings.ToLower(text), ".")
	var plurals []string
	for _, k := range Kinds() {
		plurals = append(plurals, k.Resource)
		if word == "" || !slices.Contains([]string{k.Resource, k.Singular, k.short}, word) {
			continue
		}
		if grouped && (group == "" || group != k.group && group != metrics.GroupVersion.Group) {
			continue
		}
		return k, nil
	}
	return Kind{}, fmt.Errorf("%q is no kind that TrafficMetrics are about: use %s", text, strings.Join(plurals, ", "))
}

// singular is how a kind is spelled here, whatever the server's spelling: TrafficSplit, Trafficsplit and trafficsplits are one.
func singular(kind string) string {
	kind = strings.ToLower(kind)
	for _, k := range Kinds() {
		if kind == k.Resource {
			return k.Singular
		}
	}
	return kind
}
