package translate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/smifile"
	"github.com/serin-dev/serin/policy"
)

// selector are the labels that pods of one ServiceAccount have, and no others in their namespace.
type selector struct {
	// suffix tells it from the others of the same ServiceAccount in names; empty when it is the only one.
	suffix string
	labels map[string]string
	// whose are the labels of the pods that it was found for.
	whose map[string]string
}

// pods are the workloads of each namespace. Objects that enforce access select pods by labels, and a ServiceAccount is no label.
type pods map[string][]smifile.Workload

func podsOf(workloads []smifile.Workload) pods {
	p := pods{}
	for _, w := range workloads {
		p[w.RunsAs.Namespace] = append(p[w.RunsAs.Namespace], w)
	}
	for _, all := range p {
		// What makes pods comes before the pods, whose labels it selects.
		slices.SortStableFunc(all, func(a, b smifile.Workload) int {
			return strings.Compare(madeLast(a), madeLast(b))
		})
	}
	return p
}

func madeLast(w smifile.Workload) string {
	if w.Kind == "Pod" {
		return "pod"
	}
	return ""
}

// of are the selectors that together select the pods of a ServiceAccount and no others, or why there are none.
func (p pods) of(id policy.Identity) ([]selector, error) {
	var found []selector
	for _, w := range p[id.Namespace] {
		if w.RunsAs != id || slices.ContainsFunc(found, func(s selector) bool { return selects(s.labels, w.Labels) }) {
			continue
		}
		labels, err := p.labelsOf(w)
		if err != nil {
			return nil, err
		}
		// A Server of Linkerd must not select what another does.
		found = slices.DeleteFunc(found, func(s selector) bool { return selects(labels, s.whose) })
		found = append(found, selector{w.Name, labels, w.Labels})
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("no Pod and no workload that runs as ServiceAccount %s was read, so the labels of its pods are not known", id)
	case 1:
		found[0].suffix = ""
	}
	return found, nil
}

// labelsOf are the labels by which a workload's pods can be told from those of other ServiceAccounts.
func (p pods) labelsOf(w smifile.Workload) (map[string]string, error) {
	about := fmt.Sprintf("%s %s/%s, which runs as ServiceAccount %s,", w.Kind, w.RunsAs.Namespace, w.Name, w.RunsAs)
	if len(w.Labels) == 0 {
		return nil, fmt.Errorf("%s gives its pods no labels by which they could be selected", about)
	}
	var also smifile.Workload
	for _, labels := range []map[string]string{w.Selector, w.Labels} {
		if len(labels) == 0 || !selects(labels, w.Labels) {
			continue
		}
		stranger := slices.IndexFunc(p[w.RunsAs.Namespace], func(other smifile.Workload) bool {
			return other.RunsAs != w.RunsAs && selects(labels, other.Labels)
		})
		if stranger < 0 {
			return labels, nil
		}
		also = p[w.RunsAs.Namespace][stranger]
	}
	return nil, fmt.Errorf("%s cannot be told by its pods' labels (%s): %s %s, which runs as %s, has them as well",
		about, inWords(w.Labels), also.Kind, also.Name, also.RunsAs)
}

// selects says whether pods that have all of the labels are selected.
func selects(selector, labels map[string]string) bool {
	for name, value := range selector {
		if got, has := labels[name]; !has || got != value {
			return false
		}
	}
	return true
}

func inWords(labels map[string]string) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		words = append(words, name+"="+labels[name])
	}
	return strings.Join(words, ",")
}

// nameOf is the name of an object that is about the pods of a selector.
func nameOf(d destination, s selector) string {
	if s.suffix == "" {
		return "smi-" + d.ServiceAccount
	}
	return "smi-" + d.ServiceAccount + "-" + s.suffix
}
