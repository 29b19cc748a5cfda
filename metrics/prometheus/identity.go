package prometheus

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/serin-dev/serin/metrics/source"
)

// anyNamespace stands in a pattern for the namespaces that are asked for.
const anyNamespace = "{namespace}"

// Splits know the order of the backends of TrafficSplits, and which namespaces there are.
type Splits interface {
	// Backends returns the names of the split's backends in the order of its spec, none if there is no such split.
	Backends(namespace, split string) []string
	// Namespaces returns the names of all namespaces.
	Namespaces() []string
}

// scope is the namespace that is asked about, or all of them.
type scope struct {
	kind      source.Kind
	namespace string
	splits    Splits
}

// namespaces are the ones that a pattern may find.
func (s scope) namespaces() []string {
	if s.namespace != "" {
		return []string{s.namespace}
	}
	return s.splits.Namespaces()
}

// compile makes the pattern find the namespaces and no others. Like a matcher in PromQL it matches a whole value.
func (i *Identity) compile(namespaces []string) (*regexp.Regexp, error) {
	return regexp.Compile("^(?:" + strings.ReplaceAll(i.Pattern, anyNamespace, "(?P<namespace>"+alternatives(namespaces)+")") + ")$")
}

// alternatives match one of the texts; of none of them nothing that can be the name of an object.
func alternatives(texts []string) string {
	if len(texts) == 0 {
		return "/"
	}
	// Where one begins like another the longer one is tried first: t-u before t.
	texts = slices.SortedFunc(slices.Values(texts), func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	quoted := make([]string, len(texts))
	for n, text := range texts {
		quoted[n] = regexp.QuoteMeta(text)
	}
	return strings.Join(quoted, "|")
}

// labels are those by which objects are told apart.
func (i *Identity) labels() []string {
	var all []string
	for _, label := range []string{i.Namespace, i.Name, i.Apex, i.Label} {
		if label != "" {
			all = append(all, label)
		}
	}
	return all
}

// within selects the series of objects in the scope.
func (i *Identity) within(s scope) matchers {
	var all matchers
	switch {
	case i.Namespace != "" && s.namespace != "":
		all = append(all, equal(i.Namespace, s.namespace))
	case i.Namespace != "":
		all = append(all, matcher{i.Namespace, "!=", ""})
	}
	if i.Name != "" {
		all = append(all, matcher{i.Name, "!=", ""})
	}
	if i.Pattern != "" {
		found := "(?:" + alternatives(s.namespaces()) + ")"
		pattern := namedGroup.ReplaceAllString(strings.ReplaceAll(i.Pattern, anyNamespace, found), "(?:")
		all = append(all, matcher{i.Label, "=~", pattern})
	}
	return all
}

// namedGroup begins a group whose name says something here, and nothing to a Prometheus.
var namedGroup = regexp.MustCompile(`\(\?P<[a-z]+>`)

// reader reads the objects that labels name.
type reader struct {
	identity *Identity
	pattern  *regexp.Regexp
	scope    scope
}

func (i *Identity) reader(s scope) reader {
	r := reader{identity: i, scope: s}
	if i.Pattern != "" {
		r.pattern, _ = i.compile(s.namespaces()) // it compiled when the profile was read, and names are quoted
	}
	return r
}

// read returns the object, and false where the labels name none.
func (r reader) read(labels model.Metric) (source.Object, bool) {
	value := func(label string) string { return string(labels[model.LabelName(label)]) }
	o := source.Object{Namespace: value(r.identity.Namespace), Name: value(r.identity.Name), Apex: value(r.identity.Apex)}
	if r.pattern != nil && !r.readPattern(value(r.identity.Label), &o) {
		return o, false
	}
	if r.identity.Namespace == "" && o.Namespace == "" {
		o.Namespace = r.scope.namespace
	}
	switch r.scope.kind {
	case source.Namespaces:
		o = source.Object{Name: o.Namespace}
	case source.Nodes:
		o.Namespace = ""
	default:
	}
	return o, o.Name != ""
}

func (r reader) readPattern(text string, o *source.Object) bool {
	found := r.pattern.FindStringSubmatch(text)
	if found == nil {
		return false
	}
	index := ""
	for n, group := range r.pattern.SubexpNames() {
		if found[n] == "" {
			continue // the group is of another alternative
		}
		switch group {
		case "namespace":
			o.Namespace = found[n]
		case "name":
			o.Name = found[n]
		case "apex":
			o.Apex = found[n]
		case "split":
			o.Split = found[n]
		case "index":
			index = found[n]
		}
	}
	if index == "" {
		return true
	}
	backends := r.scope.splits.Backends(o.Namespace, o.Split)
	place, err := strconv.Atoi(index)
	if err != nil || place < 0 || place >= len(backends) {
		return false
	}
	o.Name, o.Split = backends[place], "" // the route bears the split's name; the apex is not known, so neither is the split
	return true
}

// hasNamespace reports whether the labels say in which namespace an object lies.
func (i *Identity) hasNamespace() bool {
	return i.Namespace != "" || strings.Contains(i.Pattern, anyNamespace)
}
