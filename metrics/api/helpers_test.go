package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/util/compatibility"
	"k8s.io/client-go/rest"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/metrics/proxies"
	"github.com/serin-dev/serin/metrics/source"
	"github.com/serin-dev/serin/metrics/window"
)

// tenOClock is the end of every window in these tests.
var tenOClock = time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)

// shelf finds what was put on it.
type shelf[T metav1.Object] struct {
	objects []T
	err     error
}

func (s *shelf[T]) Ready(context.Context) error { return s.err }

func (s *shelf[T]) Get(namespace, name string) (found T, exists bool) {
	for _, o := range s.objects {
		if o.GetNamespace() == namespace && o.GetName() == name {
			return o, true
		}
	}
	return found, false
}

func (s *shelf[T]) List(namespace string, selector labels.Selector) []T {
	var found []T
	for _, o := range s.objects {
		if (namespace == "" || o.GetNamespace() == namespace) && selector.Matches(labels.Set(o.GetLabels())) {
			found = append(found, o)
		}
	}
	slices.SortFunc(found, func(a, b T) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	return found
}

// shop is a cluster with the split app in namespace t, whose workloads call each other: a calls b, b calls c, c calls b.
// There is an a in namespace u as well, which calls b too.
func shop() Backing {
	named := func(namespace, name string, set labels.Set) metav1.Object {
		return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: set}}
	}
	tier := labels.Set{"tier": "web"}
	app := &split.TrafficSplit{
		ObjectMeta: metav1.ObjectMeta{Namespace: "t", Name: "app", Labels: tier},
		Spec:       split.TrafficSplitSpec{Service: "app", Backends: []split.Backend{{Service: "app-v1", Weight: 90}, {Service: "app-v2", Weight: 10}}},
	}
	idle := &split.TrafficSplit{
		ObjectMeta: metav1.ObjectMeta{Namespace: "u", Name: "idle"},
		Spec:       split.TrafficSplitSpec{Service: "idle", Backends: []split.Backend{{Service: "idle-v1", Weight: 1}}},
	}
	objects := map[source.Kind][]metav1.Object{
		source.Deployments:  {named("t", "a", nil), named("t", "b", tier), named("t", "c", nil), named("u", "a", nil)},
		source.StatefulSets: {named("t", "job", nil)},
		source.Services:     {named("t", "app", nil), named("t", "app-v2", nil), named("t", "b", nil)},
		source.Pods:         {named("t", "b-0", tier), named("t", "b-1", nil)},
		source.Namespaces:   {named("", "t", nil), named("", "u", nil)},
		source.Nodes:        {named("", "n1", nil), named("", "n2", nil)},
	}
	return Backing{
		Now:     func() time.Time { return tenOClock },
		Splits:  &shelf[*split.TrafficSplit]{objects: []*split.TrafficSplit{app, idle}},
		Objects: func(k source.Kind) Finder[metav1.Object] { return &shelf[metav1.Object]{objects: objects[k]} },
	}
}

// places say what pods belong to: all but job-0 run on n1, and job-0 is a StatefulSet's.
type places struct{}

func (places) Belongs(pod source.Object, kind source.Kind) ([]source.Object, error) {
	switch {
	case kind == source.Nodes && pod.Name == "job-0":
		return []source.Object{{Name: "n2"}}, nil
	case kind == source.Nodes:
		return []source.Object{{Name: "n1"}}, nil
	case kind == source.StatefulSets && pod.Name == "job-0":
		return []source.Object{{Namespace: "t", Name: "job"}}, nil
	}
	return nil, nil
}

const ms = time.Millisecond

// traffic is what the proxy counted in the minute before ten.
func traffic() *window.Snapshot {
	latency := window.Latency{Bounds: []time.Duration{9500 * time.Microsecond, 21 * ms, 51 * ms}, Counts: []uint64{60, 48, 12, 0}}
	from := func(namespace, workload, to, pod string) window.Series {
		s := window.Series{Namespace: "t", Split: "svc-" + to, Apex: to, Backend: to, Workload: to, Pod: pod}
		if workload != "" {
			s.CallerNamespace, s.CallerWorkload, s.CallerPod = namespace, workload, workload+"-0"
		}
		return s
	}
	app := window.Series{Namespace: "t", Split: "app", Apex: "app", Backend: "app-v2", Workload: "app-v2", Pod: "app-v2-0"}
	return &window.Snapshot{
		Series: map[window.Series]window.Counts{
			app:                          {Success: 118, Failure: 2, Latency: latency},
			from("t", "a", "b", "b-0"):   {Success: 10},
			from("u", "a", "b", "b-0"):   {Success: 20, Failure: 1},
			from("t", "b", "c", "c-0"):   {Success: 30},
			from("t", "c", "b", "b-0"):   {Success: 40},
			from("t", "job", "b", "b-0"): {Success: 5}, // job is no Deployment
			from("", "", "b", "b-0"):     {Success: 3}, // nobody knows who called
		},
		Weights: map[window.Backend]int64{
			{Namespace: "t", Split: "app", Apex: "app", Backend: "app-v2"}:   10,
			{Namespace: "t", Split: "app", Apex: "other", Backend: "app-v1"}: 90, // of an apex the split does not have any more
		},
	}
}

// measured has one minute of traffic, ending at ten.
func measured(t testing.TB) source.Source {
	t.Helper()
	store, err := window.New(time.Second, 5*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, round := range []window.Round{
		{At: tenOClock.Add(-time.Minute), Sightings: []window.Sighting{{Proxy: "p", Ready: true, Snapshot: &window.Snapshot{}}}},
		{At: tenOClock, Sightings: []window.Sighting{{Proxy: "p", Ready: true, Snapshot: traffic()}}},
	} {
		if err := store.Add(round); err != nil {
			t.Fatal(err)
		}
	}
	return source.Derived{Source: proxies.Source{Store: store}, Pods: places{}}
}

// serve returns an API server without authentication.
func serve(t testing.TB, backing Backing) http.Handler {
	t.Helper()
	c := genericapiserver.NewConfig(Codecs.CodecFactory)
	Configure(c)
	c.EffectiveVersion = compatibility.DefaultBuildEffectiveVersion()
	c.LoopbackClientConfig, c.ExternalAddress = &rest.Config{}, "localhost:443"
	server, err := c.Complete(nil).New("test", genericapiserver.NewEmptyDelegate())
	if err != nil {
		t.Fatal(err)
	}
	if err := Install(server, backing); err != nil {
		t.Fatal(err)
	}
	return server.PrepareRun().Handler
}

const root = "/apis/metrics.smi-spec.io/v1alpha1"

// get asks for a path below the group's version, with a minute's window unless the path says otherwise.
func get(t testing.TB, h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequest(http.MethodGet, root+path, nil)
	if query := request.URL.Query(); !query.Has("window") {
		query.Set("window", "1m")
		request.URL.RawQuery = query.Encode()
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	return answer
}

func decode[T any](t testing.TB, answer *httptest.ResponseRecorder) (into T) {
	t.Helper()
	if err := json.Unmarshal(answer.Body.Bytes(), &into); err != nil {
		t.Fatalf("%v in %s", err, answer.Body)
	}
	return into
}

// down has no numbers.
type down struct{}

func (down) Read(context.Context, source.Question) (*source.Reading, error) {
	return nil, errors.New("the cat sat on the counter")
}
