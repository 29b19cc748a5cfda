package prometheus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/util/compatibility"
	"k8s.io/client-go/rest"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/metrics/api"
	"github.com/serin-dev/serin/metrics/prometheus"
	"github.com/serin-dev/serin/metrics/source"
)

// world is which objects exist.
type world struct {
	splits  []*split.TrafficSplit
	objects map[source.Kind][]string
}

func (f fixture) world() *world {
	w := &world{objects: map[source.Kind][]string{}}
	for _, name := range slices.Sorted(maps.Keys(f.Splits)) {
		backends := f.Splits[name]
		namespace, apex, _ := strings.Cut(name, "/")
		s := &split.TrafficSplit{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: apex}, Spec: split.TrafficSplitSpec{Service: apex}}
		for _, b := range backends {
			s.Spec.Backends = append(s.Spec.Backends, split.Backend{Service: b})
		}
		w.splits = append(w.splits, s)
	}
	for kind, names := range f.Objects {
		w.objects[source.Kind(kind)] = names
	}
	return w
}

// Backends and Namespaces are what queries need.
func (w *world) Backends(namespace, name string) []string {
	for _, s := range w.splits {
		if s.Namespace == namespace && s.Name == name {
			var names []string
			for _, b := range s.Spec.Backends {
				names = append(names, b.Service)
			}
			return names
		}
	}
	return nil
}

func (w *world) Namespaces() []string { return w.objects[source.Namespaces] }

// Belongs says what pods belong to: the objects that a pod is listed with, as in "t/b-0 Deployment..." there are none.
func (w *world) Belongs(pod source.Object, kind source.Kind) ([]source.Object, error) {
	var all []source.Object
	for _, line := range w.objects["belongs"] {
		fields := strings.Fields(line) // t/b-0 services t/b
		namespace, name, found := strings.Cut(fields[2], "/")
		if !found {
			namespace, name = "", fields[2]
		}
		if fields[0] == pod.Namespace+"/"+pod.Name && source.Kind(fields[1]) == kind {
			all = append(all, source.Object{Namespace: namespace, Name: name})
		}
	}
	return all, nil
}

// shelf finds what exists.
type shelf[T metav1.Object] []T

func (shelf[T]) Ready(context.Context) error { return nil }

func (s shelf[T]) Get(namespace, name string) (found T, exists bool) {
	for _, o := range s {
		if o.GetNamespace() == namespace && o.GetName() == name {
			return o, true
		}
	}
	return found, false
}

func (s shelf[T]) List(namespace string, _ labels.Selector) []T {
	return slices.DeleteFunc(slices.Clone(s), func(o T) bool { return namespace != "" && o.GetNamespace() != namespace })
}

func (w *world) finder(kind source.Kind) api.Finder[metav1.Object] {
	var all shelf[metav1.Object]
	for _, text := range w.objects[kind] {
		o := &metav1.PartialObjectMetadata{}
		if namespace, name, found := strings.Cut(text, "/"); found {
			o.Namespace, o.Name = namespace, name
		} else {
			o.Name = text
		}
		all = append(all, o)
	}
	return all
}

// serve is the API, without authentication, at a time.
func (w *world) serve(t testing.TB, s source.Source, now time.Time) http.Handler {
	t.Helper()
	c := genericapiserver.NewConfig(api.Codecs.CodecFactory)
	api.Configure(c)
	c.EffectiveVersion = compatibility.DefaultBuildEffectiveVersion()
	c.LoopbackClientConfig, c.ExternalAddress = &rest.Config{}, "localhost:443"
	server, err := c.Complete(nil).New("test", genericapiserver.NewEmptyDelegate())
	if err != nil {
		t.Fatal(err)
	}
	err = api.Install(server, api.Backing{
		Source: source.Derived{Source: s, Pods: w}, Now: func() time.Time { return now },
		Splits: shelf[*split.TrafficSplit](w.splits), Objects: w.finder,
	})
	if err != nil {
		t.Fatal(err)
	}
	return server.PrepareRun().Handler
}

func newSource(t *testing.T, o prometheus.Options) *prometheus.Source {
	t.Helper()
	s, err := prometheus.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask asks for a path below the group's version.
func ask(h http.Handler, path string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/apis/metrics.smi-spec.io/v1alpha1"+path, nil))
	return answer
}

// items writes an answer as lines: what, between whom, requests that succeeded and failed, quantiles in ms, and buckets.
func items(t *testing.T, answer *httptest.ResponseRecorder) []string {
	t.Helper()
	var list smi.TrafficMetricsList
	if err := json.Unmarshal(answer.Body.Bytes(), &list); err != nil || answer.Code != http.StatusOK {
		t.Fatalf("%d %v %s", answer.Code, err, answer.Body)
	}
	if list.Kind == "TrafficMetrics" {
		var one smi.TrafficMetrics
		if err := json.Unmarshal(answer.Body.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		list.Items = []smi.TrafficMetrics{one}
	}
	var lines []string
	for _, item := range list.Items {
		line := item.Name
		if item.Backend != nil {
			line += " " + item.Backend.Name
		}
		line += fmt.Sprintf(" %s %s", item.Edge.Direction, item.Edge.Side)
		if other := item.Edge.Resource; other.Name != "" {
			line += " " + strings.TrimPrefix(other.Namespace+"/"+other.Name, "/")
		}
		for _, m := range item.Metrics {
			name := strings.TrimSuffix(strings.TrimPrefix(m.Name, "response_latency_"), "_response_latency")
			line += fmt.Sprintf(" %s=%v", strings.TrimSuffix(name, "_count"), math.Round(m.Value.AsApproximateFloat64()*1e6)/1e6)
		}
		lines = append(lines, line)
	}
	return lines
}
