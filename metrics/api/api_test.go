package api

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/metrics/proxies"
	"github.com/serin-dev/serin/metrics/source"
	"github.com/serin-dev/serin/metrics/window"
)

//go:embed testdata/split.golden.json
var splitGolden []byte

func served(t *testing.T) http.Handler {
	backing := shop()
	backing.Source = measured(t)
	return serve(t, backing)
}

func TestOneSplitIsAListOfItsBackendsInThePublishedShape(t *testing.T) {
	answer := get(t, served(t), "/namespaces/t/trafficsplits/app")
	var got, want any
	if err := json.Unmarshal(splitGolden, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || answer.Code != http.StatusOK {
		t.Errorf("status %d: %s", answer.Code, diff)
	}
	if order := answer.Body.String(); strings.Index(order, "p99") > strings.Index(order, "p90") {
		t.Errorf("the order of the metrics is %s", order)
	}
}

// lines sums up a list: name, backend, other end, successes, failures.
func lines(list smi.TrafficMetricsList) []string {
	var all []string
	for _, item := range list.Items {
		line := item.Namespace + "/" + item.Name
		if item.Backend != nil {
			line += " " + item.Backend.Name
		}
		line += fmt.Sprintf(" %s %s", item.Edge.Direction, item.Edge.Side)
		if other := item.Edge.Resource; other.Name != "" {
			line += fmt.Sprintf(" %s:%s/%s", other.Kind, other.Namespace, other.Name)
		}
		success, _ := item.Count(smi.SuccessCount)
		failure, _ := item.Count(smi.FailureCount)
		all = append(all, fmt.Sprintf("%s %v %v", line, success, failure))
	}
	return all
}

func TestLists(t *testing.T) {
	h := served(t)
	for path, want := range map[string]struct {
		resource smi.ObjectReference
		items    []string
	}{
		"/trafficsplits": {smi.ObjectReference{Kind: "TrafficSplit"},
			[]string{"t/app app-v1 from client 0 0", "t/app app-v2 from client 118 2", "u/idle idle-v1 from client 0 0"}},
		"/namespaces/u/trafficsplits": {smi.ObjectReference{Kind: "TrafficSplit", Namespace: "u"}, []string{"u/idle idle-v1 from client 0 0"}},
		"/namespaces/x/trafficsplits": {smi.ObjectReference{Kind: "TrafficSplit", Namespace: "x"}, nil},
		"/namespaces/t/deployments": {smi.ObjectReference{Kind: "Deployment", Namespace: "t"},
			[]string{"t/a from server 0 0", "t/b from server 78 1", "t/c from server 30 0"}},
		"/deployments": {smi.ObjectReference{Kind: "Deployment"},
			[]string{"t/a from server 0 0", "t/b from server 78 1", "t/c from server 30 0", "u/a from server 0 0"}},
		"/namespaces/t/pods": {smi.ObjectReference{Kind: "Pod", Namespace: "t"}, []string{"t/b-0 from server 78 1", "t/b-1 from server 0 0"}},
		"/namespaces/t/services": {smi.ObjectReference{Kind: "Service", Namespace: "t"},
			[]string{"t/app from client 118 2", "t/app-v2 from client 118 2", "t/b from client 78 1"}},
		"/namespaces/t/statefulsets": {smi.ObjectReference{Kind: "StatefulSet", Namespace: "t"}, []string{"t/job from server 0 0"}},
		"/nodes":                     {smi.ObjectReference{Kind: "Node"}, []string{"/n1 from server 226 3", "/n2 from server 0 0"}},
		"/jobs":                      {smi.ObjectReference{Kind: "Job"}, nil},
		"/nodes/n1/edges": {smi.ObjectReference{Kind: "Node", Name: "n1"},
			[]string{"/n1 from server Node:/n1 100 1", "/n1 from server Node:/n2 5 0", "/n1 to client Node:/n1 100 1"}},
		"/namespaces/t/statefulsets/job/edges": {smi.ObjectReference{Kind: "StatefulSet", Namespace: "t", Name: "job"}, nil},
		"/namespaces":                          {smi.ObjectReference{Kind: "Namespace"}, []string{"/t from server 226 3", "/u from server 0 0"}},
		"/namespaces/t/deployments?fieldSelector=metadata.name%3Dc": {smi.ObjectReference{Kind: "Deployment", Namespace: "t"},
			[]string{"t/c from server 30 0"}},
		"/namespaces/t/trafficsplits/app": {smi.ObjectReference{Kind: "TrafficSplit", Namespace: "t", Name: "app"},
			[]string{"t/app app-v1 from client 0 0", "t/app app-v2 from client 118 2"}},
		"/namespaces/t/deployments/b/edges": {smi.ObjectReference{Kind: "Deployment", Namespace: "t", Name: "b"},
			[]string{"t/b from server Deployment:t/a 10 0", "t/b from server Deployment:t/c 40 0", "t/b from server Deployment:u/a 20 1",
				"t/b to client Deployment:t/c 30 0"}},
		"/namespaces/u/deployments/a/edges": {smi.ObjectReference{Kind: "Deployment", Namespace: "u", Name: "a"}, []string{"u/a to client Deployment:t/b 20 1"}},
		"/namespaces/t/pods/b-0/edges": {smi.ObjectReference{Kind: "Pod", Namespace: "t", Name: "b-0"},
			[]string{"t/b-0 from server Pod:t/a-0 10 0", "t/b-0 from server Pod:t/c-0 40 0", "t/b-0 from server Pod:t/job-0 5 0",
				"t/b-0 from server Pod:u/a-0 20 1", "t/b-0 to client Pod:t/c-0 30 0"}},
		"/namespaces/u/edges": {smi.ObjectReference{Kind: "Namespace", Name: "u"}, []string{"/u to client Namespace:/t 20 1"}},
		"/namespaces/t/edges": {smi.ObjectReference{Kind: "Namespace", Name: "t"},
			[]string{"/t from server Namespace:/t 85 0", "/t from server Namespace:/u 20 1", "/t to client Namespace:/t 85 0"}},
	} {
		t.Run(path, func(t *testing.T) {
			answer := get(t, h, path)
			got := decode[smi.TrafficMetricsList](t, answer)
			if diff := cmp.Diff(want.items, lines(got)); diff != "" || answer.Code != http.StatusOK {
				t.Errorf("status %d: %s", answer.Code, diff)
			}
			if got.Resource != want.resource || got.Kind != "TrafficMetricsList" {
				t.Errorf("asked for %s %+v", got.Kind, got.Resource)
			}
		})
	}
}

func TestPathsToOneObject(t *testing.T) {
	h := served(t)
	for path, want := range map[string]smi.TrafficMetrics{
		"/namespaces/t/deployments/b": {Resource: smi.ObjectReference{Kind: "Deployment", Namespace: "t", Name: "b"}},
		"/namespaces/t/pods/b-0":      {Resource: smi.ObjectReference{Kind: "Pod", Namespace: "t", Name: "b-0"}},
		"/namespaces/t/services/app":  {Resource: smi.ObjectReference{Kind: "Service", Namespace: "t", Name: "app"}},
		"/nodes/n2":                   {Resource: smi.ObjectReference{Kind: "Node", Name: "n2"}},
		"/namespaces/t":               {Resource: smi.ObjectReference{Kind: "Namespace", Name: "t"}},
	} {
		got := decode[smi.TrafficMetrics](t, get(t, h, path))
		if got.Kind != "TrafficMetrics" || got.Resource != want.Resource || got.Edge.Direction != "from" || got.Edge.Side == "" ||
			!got.Timestamp.Time.Equal(tenOClock) || got.Window.Duration.String() != "1m0s" {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

func TestSelectorsAreEchoed(t *testing.T) {
	h := served(t)
	for path, want := range map[string][]string{
		"/trafficsplits?labelSelector=tier%3Dweb":            {"t/app app-v1 from client 0 0", "t/app app-v2 from client 118 2"},
		"/namespaces/t/deployments?labelSelector=tier%3Dweb": {"t/b from server 78 1"},
		"/namespaces/t/pods?labelSelector=tier%3Dweb":        {"t/b-0 from server 78 1"},
	} {
		got := decode[smi.TrafficMetricsList](t, get(t, h, path))
		if diff := cmp.Diff(want, lines(got)); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
		echo := &metav1.LabelSelector{MatchLabels: map[string]string{"tier": "web"}}
		if diff := cmp.Diff(echo, got.Selector); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

func TestRefusals(t *testing.T) {
	backing := shop()
	backing.Source = measured(t)
	for name, tc := range map[string]struct {
		path    string
		change  func(*Backing)
		code    int32
		message string
	}{
		"a window that is none":       {path: "/trafficsplits?window=soon", code: 400, message: `window "soon" is not a length of time such as 10s`},
		"an empty window":             {path: "/trafficsplits?window=", code: 400, message: `window "" is not a length of time such as 10s`},
		"two windows":                 {path: "/trafficsplits?window=1m&window=2m", code: 400, message: "window is given 2 times"},
		"a window without unit":       {path: "/namespaces/t/deployments/b?window=10", code: 400, message: `window "10" is not a length of time such as 10s`},
		"a window between scrapes":    {path: "/trafficsplits?window=1500ms", code: 400, message: "window 1.5s must be a multiple of the scrape interval 1s"},
		"a negative window":           {path: "/namespaces/t/edges?window=-1s", code: 400, message: "window -1s must be positive"},
		"a window longer than memory": {path: "/trafficsplits?window=1h", code: 400, message: "window 1h0m0s must not exceed 5m0s, for which counts are kept"},
		"a since that is no time":     {path: "/trafficsplits?since=yesterday", code: 400, message: `since "yesterday" is not a time such as 2019-04-08T22:25:55Z`},
		"a since in the future": {path: "/trafficsplits?since=2027-01-01T00:00:00Z", code: 400,
			message: "since 2027-01-01T00:00:00Z lies in the future: it is 2026-08-22T10:00:00Z here"},
		"a since in the far future": {path: "/trafficsplits?since=2999-01-01T00:00:00Z", code: 400,
			message: "since 2999-01-01T00:00:00Z lies in the future: it is 2026-08-22T10:00:00Z here"},
		"a since before there were clocks": {path: "/trafficsplits?since=1600-01-01T00:00:00Z", code: 400, message: `since "1600-01-01T00:00:00Z" lies before 1970`},
		"the zero time":                    {path: "/trafficsplits?since=0001-01-01T00:00:00Z", code: 400, message: `since "0001-01-01T00:00:00Z" lies before 1970`},
		"a since that is forgotten": {path: "/trafficsplits?since=2026-08-22T09:00:00Z", code: 410,
			message: "no window can begin at 09:00:00 UTC: scrapes are known since 09:59:00 UTC only"},
		"a split that does not exist":   {path: "/namespaces/t/trafficsplits/x", code: 404, message: `trafficsplits.metrics.smi-spec.io "x" not found`},
		"a split of another namespace":  {path: "/namespaces/u/trafficsplits/app", code: 404, message: `trafficsplits.metrics.smi-spec.io "app" not found`},
		"a pod that does not exist":     {path: "/namespaces/t/pods/x", code: 404, message: `pods.metrics.smi-spec.io "x" not found`},
		"a namespace that is not there": {path: "/namespaces/x", code: 404, message: `namespaces.metrics.smi-spec.io "x" not found`},
		"edges of nothing":              {path: "/namespaces/t/deployments/x/edges", code: 404, message: `deployments.metrics.smi-spec.io "x" not found`},
		"edges of no namespace":         {path: "/namespaces/x/edges", code: 404, message: `namespaces.metrics.smi-spec.io "x" not found`},
		"a source without numbers": {path: "/trafficsplits", code: 503, message: "no proxy has been scraped yet",
			change: func(s *Backing) { s.Source = emptyStore(t) }},
		"no such object comes before no numbers": {path: "/namespaces/t/pods/x", code: 404, message: `pods.metrics.smi-spec.io "x" not found`,
			change: func(s *Backing) { s.Source = emptyStore(t) }},
		"a source that fails": {path: "/namespaces/t/deployments/b/edges", code: 500, message: "Internal error occurred: the cat sat on the counter",
			change: func(s *Backing) { s.Source = down{} }},
		"splits that are not listed": {path: "/namespaces/t/trafficsplits/app", code: 503, message: "trafficsplits have not been listed yet",
			change: func(s *Backing) {
				s.Splits = &shelf[*split.TrafficSplit]{err: errors.New("trafficsplits have not been listed yet")}
			}},
		"a field nobody can select by": {path: "/deployments?fieldSelector=status%3Dx", code: 400,
			message: `"status" is not a known field selector: only "metadata.name", "metadata.namespace"`},
	} {
		t.Run(name, func(t *testing.T) {
			changed := backing
			if tc.change != nil {
				tc.change(&changed)
			}
			answer := get(t, serve(t, changed), tc.path)
			got := decode[metav1.Status](t, answer)
			if got.Kind != "Status" || got.Code != tc.code || answer.Code != int(tc.code) || got.Message != tc.message {
				t.Errorf("got %d %s: %s, want %d: %s", answer.Code, got.Reason, got.Message, tc.code, tc.message)
			}
		})
	}
}

func emptyStore(t *testing.T) source.Source {
	t.Helper()
	store, err := window.New(DefaultWindow, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return proxies.Source{Store: store}
}

func TestOnlyReadingIsServed(t *testing.T) {
	got := decode[metav1.APIResourceList](t, get(t, served(t), ""))
	var found []string
	for _, r := range got.APIResources {
		found = append(found, fmt.Sprintf("%s %s %s %t %v", r.Name, r.SingularName, r.Kind, r.Namespaced, r.Verbs))
	}
	var want []string
	for _, resource := range []string{"daemonsets", "deployments", "jobs", "namespaces", "nodes", "pods", "replicasets",
		"replicationcontrollers", "services", "statefulsets"} {
		namespaced := resource != "namespaces" && resource != "nodes"
		want = append(want, fmt.Sprintf("%s %s TrafficMetrics %t [get list]", resource, strings.TrimSuffix(resource, "s"), namespaced),
			fmt.Sprintf("%s/edges  TrafficMetricsList %t [get]", resource, namespaced))
	}
	want = append(want, "trafficsplits trafficsplit TrafficMetrics true [get list]")
	if diff := cmp.Diff(want, found); diff != "" || got.GroupVersion != "metrics.smi-spec.io/v1alpha1" {
		t.Errorf("%s: %s", got.GroupVersion, diff)
	}
}

func TestKubectlCanTellResourcesApart(t *testing.T) {
	request := httptest.NewRequest(http.MethodGet, "/apis", nil)
	request.Header.Set("Accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
	answer := httptest.NewRecorder()
	served(t).ServeHTTP(answer, request)
	found := map[string]string{}
	for _, r := range decode[apidiscoveryv2.APIGroupDiscoveryList](t, answer).Items[0].Versions[0].Resources {
		found[r.Resource] = r.ResponseKind.Kind
	}
	want := map[string]string{"daemonsets": "DaemonSetMetrics", "deployments": "DeploymentMetrics", "jobs": "JobMetrics",
		"namespaces": "NamespaceMetrics", "nodes": "NodeMetrics", "pods": "PodMetrics", "replicasets": "ReplicaSetMetrics",
		"replicationcontrollers": "ReplicationControllerMetrics", "services": "ServiceMetrics", "statefulsets": "StatefulSetMetrics",
		"trafficsplits": "TrafficMetrics"}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
}

func TestClientsThatPreferProtobufGetJSON(t *testing.T) {
	answer := get(t, served(t), "/trafficsplits", "Accept", "application/vnd.kubernetes.protobuf,application/json")
	if got := answer.Header().Get("Content-Type"); got != "application/json" || answer.Code != http.StatusOK {
		t.Errorf("got %d %s", answer.Code, got)
	}
}

// TestWindowsThatFollowEachOther asks since the end of the last answer, of which the client knows no more than the timestamp.
func TestWindowsThatFollowEachOther(t *testing.T) {
	got := decode[smi.TrafficMetricsList](t, get(t, served(t), "/trafficsplits?since=2026-08-22T09:59:00Z"))
	if diff := cmp.Diff([]string{"t/app app-v1 from client 0 0", "t/app app-v2 from client 118 2", "u/idle idle-v1 from client 0 0"}, lines(got)); diff != "" {
		t.Fatal(diff)
	}
	if got.Items[0].Window.Duration != time.Minute || !got.Items[0].Timestamp.Time.Equal(tenOClock) {
		t.Errorf("got %s ending at %s, want 1m0s ending at ten", got.Items[0].Window.Duration, got.Items[0].Timestamp)
	}
}
