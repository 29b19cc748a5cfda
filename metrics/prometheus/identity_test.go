package prometheus

import (
	"fmt"
	"testing"

	"github.com/prometheus/common/model"

	"github.com/serin-dev/serin/metrics/source"
)

// cluster has namespaces, and the split t/app.
type cluster []string

func (c cluster) Namespaces() []string { return c }

func (c cluster) Backends(namespace, split string) []string {
	if namespace != "t" || split != "app" {
		return nil
	}
	return []string{"app-v1", "app-v2"}
}

// TestPatternsFindWholeNames: a namespace in a pattern is that text and no expression, and what stands around it is the whole
// value.
func TestPatternsFindWholeNames(t *testing.T) {
	i := &Identity{Label: "cluster", Pattern: `(?P<name>.+)_{namespace}_[0-9]+|svc/{namespace}/(?P<name>[^/]+)`}
	for value, want := range map[string]string{
		"app_t.x_80": "t.x/app", "app_tyx_80": "", "x_app_t.x_80": "t.x/x_app", "app_t.x_80_": "", "app_a|b_1": "a|b/app", "app_a_1": "", "app__1": "", "svc/t.x/app": "t.x/app", "svc/tyx/app": "",
	} {
		splits := cluster{"t.x", "a|b"}
		o, known := i.reader(scope{kind: source.Services, splits: splits}).read(model.Metric{"cluster": model.LabelValue(value)})
		got := ""
		if known {
			got = o.Namespace + "/" + o.Name
		}
		if got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
	if got, want := fmt.Sprint(i.within(scope{splits: cluster{}})), `[cluster=~"(?:.+)_(?:/)_[0-9]+|svc/(?:/)/(?:[^/]+)"]`; got != want {
		t.Errorf("no namespaces: %s, want %s", got, want)
	}
}

// TestBackendsByPlace: a route that says which backend it leads to by its place means the backend that stands there.
func TestBackendsByPlace(t *testing.T) {
	i := &Identity{Label: "cluster", Pattern: `route/{namespace}/(?P<split>[^/]+)/(?P<index>.+)`}
	for value, want := range map[string]string{
		"route/t/app/0": "t/app-v1", "route/t/app/1": "t/app-v2", "route/t/app/2": "", "route/t/app/-1": "", "route/t/app/x": "",
		"route/t/app/99999999999999999999": "", "route/t/other/0": "", "route/u/app/0": "",
	} {
		o, known := i.reader(scope{kind: source.Backends, splits: cluster{"t", "u"}}).read(model.Metric{"cluster": model.LabelValue(value)})
		got := ""
		if known {
			got = o.Namespace + "/" + o.Name
		}
		if got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}

// TestPatternBesideALabel: a pattern says more than the label of the name where it finds something, and nothing where it does not.
func TestPatternBesideALabel(t *testing.T) {
	i := &Identity{Namespace: "namespace", Name: "service", Label: "canary", Pattern: `(?:{namespace}-(?P<name>[a-z0-9-]+)-[0-9]+)?`}
	for canary, want := range map[string]string{"": "t/app-v1", "t-app-v2-80": "t/app-v2", "u-app-v2-80": ""} {
		o, known := i.reader(scope{kind: source.Services, namespace: "t", splits: cluster{"t", "u"}}).read(model.Metric{
			"namespace": "t", "service": "app-v1", "canary": model.LabelValue(canary),
		})
		got := ""
		if known {
			got = o.Namespace + "/" + o.Name
		}
		if got != want {
			t.Errorf("%q: %q, want %q", canary, got, want)
		}
	}
}
