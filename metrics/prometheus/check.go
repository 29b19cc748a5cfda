package prometheus

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/serin-dev/serin/metrics/source"
)

var profileName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// kinds are those that may have a view.
var kinds = map[source.Kind]bool{
	source.Backends: true, source.Services: true, source.Deployments: true, source.ReplicaSets: true,
	source.ReplicationControllers: true, source.StatefulSets: true, source.DaemonSets: true, source.Jobs: true,
	source.Pods: true, source.Nodes: true, source.Namespaces: true,
}

func (p *Profile) check() error {
	switch {
	case !profileName.MatchString(p.Name):
		return errors.New("its name must be lower-case letters, digits and dashes")
	case p.Name == Auto:
		return fmt.Errorf("its name must not be %s, which stands for whichever is found", Auto)
	case p.Layer != Mesh && p.Layer != Gateway && p.Layer != Application:
		return fmt.Errorf("its layer is %q, not %s, %s or %s", p.Layer, Mesh, Gateway, Application)
	case len(p.Views) == 0:
		return errors.New("it has no view, so it has nothing to say")
	}
	if err := checkDetect(p.Detect); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(p.Meters)) {
		if err := p.Meters[name].check(); err != nil {
			return fmt.Errorf("meter %q: %w", name, err)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.Lacks)) {
		if !kinds[source.Kind(key)] || p.Views[key] != nil {
			return fmt.Errorf("lacks %q, which is a view or no kind", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.Views)) {
		if err := p.checkView(key, p.Views[key]); err != nil {
			return fmt.Errorf("view %q: %w", key, err)
		}
	}
	return nil
}

// checkDetect holds the text to name{matchers}, if there is any.
func checkDetect(text string) error {
	if text == "" {
		return nil
	}
	name, braced, found := strings.Cut(text, "{")
	if found && !strings.HasSuffix(braced, "}") || !metricName.MatchString(name) {
		return fmt.Errorf("detect is %q, which is not a selector such as requests_total{direction=\"inbound\"}", text)
	}
	if _, err := parseMatchers(strings.TrimSuffix(braced, "}")); err != nil {
		return fmt.Errorf("detect: %w", err)
	}
	return nil
}

func (m *Meter) check() error {
	switch {
	case m == nil || len(m.Counter) == 0:
		return errors.New("it has no counter")
	case len(m.Failures) == 0:
		return errors.New("it does not say which requests failed")
	case len(m.Histogram) > 0 && m.Unit != Seconds && m.Unit != Milliseconds:
		return fmt.Errorf("the unit of its histogram is %q, not %s or %s", m.Unit, Seconds, Milliseconds)
	}
	for _, failed := range m.Failures {
		if len(failed.matchers) == 0 {
			return errors.New("one of its failures has no matcher, so all requests would be failures")
		}
	}
	for _, name := range slices.Concat(m.Counter, m.Histogram) {
		if !metricName.MatchString(name) {
			return fmt.Errorf("%q is not the name of a metric", name)
		}
	}
	return nil
}

func (p *Profile) checkView(key string, v *View) error {
	resource, edge, _ := strings.Cut(key, "/")
	kind := source.Kind(resource)
	switch {
	case v == nil || v.Of == nil:
		return errors.New("it does not say which labels name the object (of)")
	case !kinds[kind]:
		return fmt.Errorf("there is no kind %q", resource)
	case edge != "" && edge != string(source.From) && edge != string(source.To), strings.HasSuffix(key, "/"):
		return fmt.Errorf("%q is not an edge: it is from or to", edge)
	case p.Meters[v.Meter] == nil:
		return fmt.Errorf("there is no meter %q", v.Meter)
	case v.Side != source.Client && v.Side != source.Server:
		return fmt.Errorf("its side is %q, not %s or %s", v.Side, source.Client, source.Server)
	case (edge == "") != (v.Other == nil):
		return errors.New("other belongs to edges, and only to them")
	}
	if err := v.Of.check(kind); err != nil {
		return err
	}
	if v.Other != nil {
		return v.Other.check(kind)
	}
	return nil
}

func (i *Identity) check(kind source.Kind) error {
	for _, label := range []string{i.Namespace, i.Name, i.Apex, i.Label} {
		if label != "" && (!metricName.MatchString(label) || strings.Contains(label, ":")) {
			return fmt.Errorf("%q is not a label", label)
		}
	}
	if (i.Label == "") != (i.Pattern == "") {
		return errors.New("a label needs a pattern, and a pattern a label")
	}
	groups := []string{}
	if i.Pattern != "" {
		pattern, err := i.compile([]string{"x"})
		if err != nil {
			return fmt.Errorf("the pattern %q is not a regular expression: %w", i.Pattern, err)
		}
		groups = pattern.SubexpNames()
	}
	named := i.Name != "" || slices.Contains(groups, "name")
	switch {
	case kind == source.Namespaces && i.Namespace == "":
		return errors.New("the namespace must be the value of a label")
	case kind == source.Namespaces || named:
		return nil
	case kind == source.Backends && slices.Contains(groups, "split") && slices.Contains(groups, "index"):
		return nil
	}
	return errors.New("nothing says what the object is called")
}
