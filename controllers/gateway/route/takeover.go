package route

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// OriginalAnnotation remembers on a route of the user's own what its backendRefs were before the bridge took them over.
const OriginalAnnotation = "gateway.serin.dev/original"

// Original is what OriginalAnnotation holds.
type Original struct {
	// Split is the name of the TrafficSplit that the route carries out, in the route's namespace.
	Split string `json:"split"`
	// Wrote are the Services that the bridge led to last.
	Wrote []string `json:"wrote"`
	// Rules are the rules that were taken over.
	Rules []OriginalRule `json:"rules"`
}

// OriginalRule is one rule that was taken over.
type OriginalRule struct {
	// Rule is its place among the route's rules, counted from 0.
	Rule int `json:"rule"`
	// BackendRef is what it led to.
	BackendRef map[string]any `json:"backendRef"`
}

// OriginalOf reads what a route was before; nil if it is not taken over.
func OriginalOf(route *unstructured.Unstructured) *Original {
	return OriginalIn(route.GetAnnotations())
}

// OriginalIn reads it from a route's annotations.
func OriginalIn(annotations map[string]string) *Original {
	text, ok := annotations[OriginalAnnotation]
	if !ok {
		return nil
	}
	o := &Original{}
	if json.Unmarshal([]byte(text), o) != nil {
		return &Original{}
	}
	return o
}

// TakeOver writes the split's backends into those rules of a route of the user's own that lead to the apex, or to what the bridge
// wrote before. Nothing else of the route changes; a filter on the backendRef is put on each that replaces it.
func TakeOver(route *unstructured.Unstructured, in Input) Outcome {
	b := &builder{in: in, carried: map[string]bool{}, reported: map[string]bool{}}
	before := OriginalOf(route)
	switch {
	case !b.check():
		return b.result()
	case len(in.Split.Spec.Matches) > 0:
		b.refuse(ReasonUnsupported, "a route that is taken over cannot have the split's matches: its rules are the user's")
		return b.result()
	case before != nil && before.Split != in.Split.Name:
		b.refuse(ReasonConflicted, takenOver(route, before.Split))
		return b.result()
	}
	rules, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
	taken := b.taken(rules, before)
	switch {
	case b.out.Keep:
	case len(taken) == 0:
		b.refuse(ReasonNotUnderstood, leadsElsewhere(route, b.apex.Name))
	default:
		b.writeRules(route, rules, taken)
	}
	return b.result()
}

// taken are the rules to write to, with the backendRef to the apex that each had.
func (b *builder) taken(rules []any, before *Original) []OriginalRule {
	var taken []OriginalRule
	ours := ownRules(rules, before)
	for i, rule := range rules {
		refs := refsIn(rule)
		at := slices.IndexFunc(refs, func(ref map[string]any) bool { return b.isService(ref) && nameOf(ref) == b.apex.Name })
		switch {
		case at >= 0 && len(refs) > 1:
			b.refuse(ReasonUnsupported, mixedRule(i, b.apex.Name))
		case at >= 0:
			taken = append(taken, OriginalRule{Rule: i, BackendRef: refs[at]})
		case ours[i] != nil:
			taken = append(taken, OriginalRule{Rule: i, BackendRef: ours[i]})
		}
	}
	return taken
}

func (b *builder) isService(ref map[string]any) bool {
	kind, _ := ref["kind"].(string)
	group, _ := ref["group"].(string)
	namespace, _ := ref["namespace"].(string)
	return (kind == "" || kind == kindService) && (group == "" || group == groupCore) && (namespace == "" || namespace == b.apex.Namespace)
}

func (b *builder) writeRules(route *unstructured.Unstructured, rules []any, taken []OriginalRule) {
	wrote := map[string]bool{}
	for _, t := range taken {
		port, ok := portOf(t.BackendRef)
		if !ok {
			b.refuse(ReasonNotUnderstood, fmt.Sprintf("rule %d leads to Service %q without a port", t.Rule, b.apex.Name))
			return
		}
		refs := b.backends(port)
		if !weighs(refs) {
			b.refuse(ReasonPortMismatch, nobodyOnPort(port))
			return
		}
		var list []any
		for _, ref := range refs {
			next := runtime.DeepCopyJSON(t.BackendRef)
			next["name"], next["weight"] = string(ref.Name), int64(*ref.Weight)
			list = append(list, next)
			wrote[string(ref.Name)] = true
		}
		rules[t.Rule].(map[string]any)["backendRefs"] = list
	}
	for _, backend := range b.in.Split.Spec.Backends {
		if backend.Weight > 0 && b.exists(backend) && !b.carried[backend.Service] {
			b.problem(ReasonPortMismatch, noPortAtAll(backend), blocks)
		}
	}
	_ = unstructured.SetNestedSlice(route.Object, rules, "spec", "rules")
	remember(route, &Original{Split: b.in.Split.Name, Wrote: slices.Sorted(maps.Keys(wrote)), Rules: taken})
}

// Restore puts back what a route had before it was taken over, where it still leads to what the bridge wrote.
func Restore(route *unstructured.Unstructured) {
	rules, _, _ := unstructured.NestedSlice(route.Object, "spec", "rules")
	for i, ref := range ownRules(rules, OriginalOf(route)) {
		rules[i].(map[string]any)["backendRefs"] = []any{ref}
	}
	if rules != nil {
		_ = unstructured.SetNestedSlice(route.Object, rules, "spec", "rules")
	}
	remember(route, nil)
}

func remember(route *unstructured.Unstructured, original *Original) {
	annotations := route.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	delete(annotations, OriginalAnnotation)
	if original != nil {
		text, _ := json.Marshal(original) // of strings, numbers and what came from JSON
		annotations[OriginalAnnotation] = string(text)
	}
	if len(annotations) == 0 {
		annotations = nil
	}
	route.SetAnnotations(annotations)
}

// ownRules are the rules that lead to what the bridge wrote, with what each led to before: the rule in the same place first, and
// where rules were moved, in their order.
func ownRules(rules []any, before *Original) map[int]map[string]any {
	own := map[int]map[string]any{}
	if before == nil {
		return own
	}
	var left []OriginalRule
	for _, was := range before.Rules {
		if was.Rule >= 0 && was.Rule < len(rules) && leadsTo(rules[was.Rule], before.Wrote) {
			own[was.Rule] = whole(was.BackendRef)
		} else {
			left = append(left, was)
		}
	}
	for i := range rules {
		if len(left) > 0 && own[i] == nil && leadsTo(rules[i], before.Wrote) {
			own[i], left = whole(left[0].BackendRef), left[1:]
		}
	}
	return own
}

// leadsTo says whether a rule leads to nothing but the named Services.
func leadsTo(rule any, names []string) bool {
	refs := refsIn(rule)
	return len(refs) > 0 && !slices.ContainsFunc(refs, func(ref map[string]any) bool { return !slices.Contains(names, nameOf(ref)) })
}

func refsIn(rule any) []map[string]any {
	fields, _ := rule.(map[string]any)
	list, _ := fields["backendRefs"].([]any)
	var refs []map[string]any
	for _, item := range list {
		if ref, ok := item.(map[string]any); ok {
			refs = append(refs, ref)
		}
	}
	return refs
}

func nameOf(ref map[string]any) string {
	name, _ := ref["name"].(string)
	return name
}

func portOf(ref map[string]any) (int32, bool) {
	port, ok := ref["port"].(int64)
	return int32(port), ok && port > 0 && port <= 65535 //nolint:gosec // bounded beside it
}

// whole turns the numbers of what was read from JSON into those that an API object has: whole ones.
func whole(ref map[string]any) map[string]any {
	return wholeValue(ref).(map[string]any)
}

func wholeValue(value any) any {
	switch v := value.(type) {
	case map[string]any:
		next := make(map[string]any, len(v))
		for key, inner := range v {
			next[key] = wholeValue(inner)
		}
		return next
	case []any:
		next := make([]any, 0, len(v))
		for _, inner := range v {
			next = append(next, wholeValue(inner))
		}
		return next
	case float64:
		return int64(v)
	}
	return value
}

func takenOver(route *unstructured.Unstructured, split string) string {
	return fmt.Sprintf("%s %q is taken over by TrafficSplit %q already", route.GetKind(), route.GetName(), split)
}

func leadsElsewhere(route *unstructured.Unstructured, apex string) string {
	return fmt.Sprintf("no rule of %s %q leads to Service %q", route.GetKind(), route.GetName(), apex)
}

func mixedRule(i int, apex string) string {
	return fmt.Sprintf("rule %d of the route leads to Service %q and to others besides, so the share of each would be unclear", i, apex)
}
