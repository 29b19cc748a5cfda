package cluster_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cluster"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/utils/ptr"
)

const root = "/apis/metrics.smi-spec.io/v1alpha1"

// said is one answer of a server.
type said struct {
	code       int
	kind, body string
}

func ok(body string) said   { return said{http.StatusOK, "application/json", body} }
func text(body string) said { return said{http.StatusNotFound, "text/plain", body} }
func status(code int, message, details string) said {
	return said{code, "application/json", fmt.Sprintf(
		`{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":%q,"details":%s,"code":%d}`, message, details, code)}
}

// pageNotFound is what an API server says to a path that it does not have.
var pageNotFound = text("404 page not found\n")

// resources is the list of what a server serves.
func resources(names ...string) said {
	var all []string
	for _, name := range names {
		all = append(all, fmt.Sprintf(`{"name":%q,"kind":"TrafficMetrics","verbs":["get","list"]}`, name))
	}
	return ok(`{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"metrics.smi-spec.io/v1alpha1","resources":[` + strings.Join(all, ",") + `]}`)
}

// stand answers paths, with their queries, of the API; every other one it does not have. It remembers what it was asked.
type stand struct {
	answers map[string]said
	hold    func(path string)

	mu    sync.Mutex
	asked []string
}

func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.RequestURI(), root)
	s.mu.Lock()
	s.asked = append(s.asked, path)
	s.mu.Unlock()
	if s.hold != nil {
		s.hold(path)
	}
	answer, has := s.answers[path]
	if !has {
		answer = pageNotFound
	}
	w.Header().Set("Content-Type", answer.kind)
	w.WriteHeader(answer.code)
	fmt.Fprint(w, answer.body)
}

// connected is a client of a server that stands on loopback.
func connected(t *testing.T, s *stand) *cluster.Client {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Setenv("KUBECONFIG", t.TempDir()+"/nowhere")
	flags := genericclioptions.NewConfigFlags(true)
	flags.APIServer, flags.Namespace = ptr.To(server.URL), ptr.To("shop")
	c, err := cluster.Connect(flags)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func asking(t *testing.T, kind, name string) traffic.Question {
	t.Helper()
	k, err := traffic.ParseKind(kind)
	if err != nil {
		t.Fatal(err)
	}
	q := traffic.Question{Kind: k, Name: name}
	if k.Scope == traffic.Namespaced {
		q.Namespace = "shop"
	}
	return q
}

func with(q traffic.Question, change func(*traffic.Question)) traffic.Question {
	change(&q)
	return q
}

const one = `{"resource":{"kind":"Deployment","namespace":"shop","name":"b"},"timestamp":"2026-11-20T15:04:00Z","window":"10s","metrics":[]}`

func TestTrafficAsksTheRightPath(t *testing.T) {
	for path, q := range map[string]traffic.Question{
		"/namespaces/shop/trafficsplits":            asking(t, "ts", ""),
		"/trafficsplits?window=30s":                 with(asking(t, "ts", ""), func(q *traffic.Question) { q.Namespace, q.Window = "", 30*time.Second }),
		"/namespaces/shop/trafficsplits/app":        asking(t, "ts", "app"),
		"/namespaces/shop/deployments/b/edges":      with(asking(t, "deploy", "b"), func(q *traffic.Question) { q.Part = traffic.Edges }),
		"/namespaces":                               asking(t, "ns", ""),
		"/namespaces/shop":                          asking(t, "ns", "shop"),
		"/namespaces/shop/edges?window=1m0s":        with(asking(t, "ns", "shop"), func(q *traffic.Question) { q.Part, q.Window = traffic.Edges, time.Minute }),
		"/nodes":                                    asking(t, "no", ""),
		"/nodes/n1":                                 asking(t, "no", "n1"),
		"/namespaces/shop/pods/a%3Fwindow=1s":       asking(t, "po", "a?window=1s"),
		"/namespaces/shop/jobs?labelSelector=a%3Db": with(asking(t, "job", ""), func(q *traffic.Question) { q.Selector = "a=b" }),
	} {
		s := &stand{answers: map[string]said{path: ok(`{"items":[` + one + `]}`)}}
		answer, err := connected(t, s).Traffic(t.Context(), q)
		if err != nil || len(answer.Items) != 1 {
			t.Errorf("%s: %d items, %v", path, len(answer.Items), err)
		}
		if diff := cmp.Diff([]string{path}, s.asked); diff != "" {
			t.Errorf("it asked for (-want +got):\n%s", diff)
		}
	}
}

func TestWhyThereIsNoAnswer(t *testing.T) {
	const list, b = "/namespaces/shop/deployments", "/namespaces/shop/deployments/b"
	edges := with(asking(t, "deploy", "b"), func(q *traffic.Question) { q.Part = traffic.Edges })
	for name, test := range map[string]struct {
		question traffic.Question
		answers  map[string]said
		want     string
	}{
		"no such API": {asking(t, "deploy", ""), nil,
			"this cluster has no TrafficMetrics server: the API metrics.smi-spec.io/v1alpha1 is missing"},
		"no such API, for a name": {asking(t, "deploy", "b"), nil,
			"this cluster has no TrafficMetrics server: the API metrics.smi-spec.io/v1alpha1 is missing"},
		"a kind that is not served": {asking(t, "job", ""), map[string]said{"": resources("pods", "deployments", "deployments/edges")},
			"the TrafficMetrics server of this cluster does not serve jobs: it serves deployments, pods"},
		"edges that are not served": {with(asking(t, "ts", "app"), func(q *traffic.Question) { q.Part = traffic.Edges }),
			map[string]said{"": resources("trafficsplits", "pods", "pods/edges", "deployments", "deployments/edges")},
			"the TrafficMetrics server of this cluster does not serve edges of trafficsplits: it serves those of deployments, pods"},
		"no such object": {asking(t, "deploy", "b"),
			map[string]said{b: status(404, `deployments.metrics.smi-spec.io "b" not found`, `{"name":"b"}`)},
			`there is no deployment "b" in namespace "shop"`},
		"no such object, of which edges are asked": {edges,
			map[string]said{b + "/edges": status(404, `deployments.metrics.smi-spec.io "b" not found`, `{"name":"b"}`)},
			`there is no deployment "b" in namespace "shop"`},
		"no such object, in the words of another server": {asking(t, "deploy", "b"),
			map[string]said{"": resources("deployments"), b: {404, "application/json", `{"error":"b: not found"}`}},
			`there is no deployment "b" in namespace "shop"`},
		"no such namespace": {asking(t, "ns", "x"), map[string]said{"": resources("namespaces")}, `there is no namespace "x"`},
		"edges, of a server that does not list them": {edges, map[string]said{"": resources("deployments")},
			`the TrafficMetrics server does not find edges of deployment "b" in namespace "shop": 404 page not found`},
		"a server that does not say what it serves": {asking(t, "deploy", ""), map[string]said{"": {500, "text/plain", "no"}},
			`the TrafficMetrics server does not find deployments in namespace "shop": 404 page not found`},
		"a list that is not found although it is served": {asking(t, "deploy", ""),
			map[string]said{"": resources("deployments"), list: {404, "application/json", `"no such route"`}},
			`the TrafficMetrics server does not find deployments in namespace "shop": no such route`},
		"unavailable": {asking(t, "deploy", ""), map[string]said{list: status(503, "no proxy has been scraped yet", "null")},
			"TrafficMetrics are unavailable: no proxy has been scraped yet"},
		"unavailable, in text": {asking(t, "deploy", ""), map[string]said{list: {503, "text/plain", "service unavailable\n"}},
			"TrafficMetrics are unavailable: service unavailable"},
		"unavailable without a word": {asking(t, "deploy", ""), map[string]said{list: {503, "application/json", ""}},
			"TrafficMetrics are unavailable: it says nothing but 503 Service Unavailable"},
		"forbidden": {asking(t, "deploy", ""), map[string]said{list: status(403, `deployments.metrics.smi-spec.io is forbidden: User "eve" cannot list`, "null")},
			`the API server does not allow it: deployments.metrics.smi-spec.io is forbidden: User "eve" cannot list`},
		"unauthorized": {asking(t, "deploy", ""), map[string]said{list: status(401, "Unauthorized", "null")}, "the API server does not allow it: Unauthorized"},
		"a window that it does not have": {asking(t, "deploy", ""), map[string]said{list: status(400, "window 1h0m0s must not exceed 5m0s", "null")},
			"the TrafficMetrics server refuses the question: window 1h0m0s must not exceed 5m0s"},
		"an error as others write it": {asking(t, "deploy", ""), map[string]said{list: {500, "application/json", `{"error":"no samples"}`}},
			"the TrafficMetrics server failed with code 500: no samples"},
		"an error as others write it, too": {asking(t, "deploy", ""), map[string]said{list: {500, "application/json", `"no\nsamples"`}},
			"the TrafficMetrics server failed with code 500: no samples"},
		"an error that would steer the terminal": {asking(t, "deploy", ""), map[string]said{list: {500, "application/json", `{"error":"a\u001b[2Jb"}`}},
			"the TrafficMetrics server failed with code 500: a [2Jb"},
		"an error that is an object": {asking(t, "deploy", ""), map[string]said{list: {500, "application/json", `{"error":{"code":7}}`}},
			`the TrafficMetrics server failed with code 500: {"error":{"code":7}}`},
		"an error in many words": {asking(t, "deploy", ""), map[string]said{list: {502, "text/html", strings.Repeat("tea ", 1000)}},
			"the TrafficMetrics server failed with code 502: " + strings.TrimSpace(strings.Repeat("tea ", 75)) + " …"},
		"a string and no object": {asking(t, "deploy", ""), map[string]said{list: ok(`"no samples"`)},
			"the TrafficMetrics server's answer cannot be understood: it is no JSON object"},
		"a page": {asking(t, "deploy", ""), map[string]said{list: {200, "text/html", "<html>"}},
			"the TrafficMetrics server's answer cannot be understood: it is no JSON object"},
		"a name that is none":        {asking(t, "deploy", "../../pods"), nil, `"../../pods" is no name: it may not contain '/'`},
		"a name that leads upwards":  {asking(t, "deploy", ".."), nil, `".." is no name: it may not be '..'`},
		"a namespace that leads out": {with(asking(t, "deploy", ""), func(q *traffic.Question) { q.Namespace = "a/b" }), nil, `"a/b" is no name: it may not contain '/'`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := connected(t, &stand{answers: test.answers}).Traffic(t.Context(), test.question)
			if err == nil {
				t.Fatal("there is no error")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNobodyAnswers(t *testing.T) {
	hurry, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	s := &stand{hold: func(string) { <-hurry.Done() }}
	_, err := connected(t, s).Traffic(hurry, asking(t, "deploy", ""))
	if err == nil || !strings.HasPrefix(err.Error(), "the API server did not answer in time: ") {
		t.Error(err)
	}
}

func listOf(names ...string) said {
	var items []string
	for _, name := range names {
		items = append(items, fmt.Sprintf(`{"resource":{"kind":"Deployment","namespace":"shop","name":%q},"timestamp":"2026-11-20T15:04:00Z","window":"10s"}`, name))
	}
	return ok(`{"items":[` + strings.Join(items, ",") + `]}`)
}

func edgesTo(names ...string) said {
	var items []string
	for _, name := range names {
		items = append(items, fmt.Sprintf(`{"edge":{"direction":"to","side":"client","resource":{"namespace":"shop","name":%q}},"timestamp":"2026-11-20T15:04:00Z","window":"10s"}`, name))
	}
	return ok(`{"items":[` + strings.Join(items, ",") + `]}`)
}

func TestTopologyAsksForTheEdgesOfEachObjectAFewAtATime(t *testing.T) {
	const objects = 40
	s := &stand{answers: map[string]said{}}
	var names, want []string
	for i := range objects {
		name := fmt.Sprintf("app-%02d", i)
		names = append(names, name)
		s.answers["/namespaces/shop/deployments/"+name+"/edges?window=30s"] = edgesTo("app-00")
		want = append(want, "/namespaces/shop/deployments/"+name+"/edges?window=30s")
	}
	s.answers["/namespaces/shop/deployments?window=30s"] = listOf(names...)
	want = append(want, "/namespaces/shop/deployments?window=30s")
	var mu sync.Mutex
	var now, most int
	full := make(chan struct{})
	s.hold = func(path string) {
		if !strings.Contains(path, "/edges") {
			return
		}
		mu.Lock()
		now++
		most = max(most, now)
		if now == 8 && most == 8 {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		mu.Unlock()
		<-full // until eight are here at the same time
		mu.Lock()
		now--
		mu.Unlock()
	}
	q := asking(t, "deploy", "")
	q.Window = 30 * time.Second
	g, err := connected(t, s).Topology(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Nodes) != objects || len(g.Edges) != objects || len(g.Problems) != 0 {
		t.Errorf("%d nodes, %d edges, problems %q", len(g.Nodes), len(g.Edges), g.Problems)
	}
	slices.Sort(s.asked)
	slices.Sort(want)
	if diff := cmp.Diff(want, s.asked); diff != "" {
		t.Errorf("it asked for (-want +got):\n%s", diff)
	}
	if most != 8 {
		t.Errorf("%d requests were on their way at the same time, want 8", most)
	}
}

func TestTopologyOfSplitsIsOneRequest(t *testing.T) {
	s := &stand{answers: map[string]said{"/namespaces/shop/trafficsplits": ok(
		`{"items":[{"resource":{"namespace":"shop","name":"app"},"backend":{"apex":"app","name":"app-v1","weight":1}}]}`)}}
	g, err := connected(t, s).Topology(t.Context(), asking(t, "ts", ""))
	if err != nil || len(g.Edges) != 1 || len(s.asked) != 1 {
		t.Errorf("%d edges of %q: %v", len(g.Edges), s.asked, err)
	}
}

func TestTopologyWhenEdgesCannotBeRead(t *testing.T) {
	const of = "/namespaces/shop/deployments/"
	gone := func(name string) said { return status(404, "not found", fmt.Sprintf(`{"name":%q}`, name)) }
	noSamples := said{500, "application/json", `{"error":"no samples"}`}
	for name, test := range map[string]struct {
		answers  map[string]said
		edges    int
		problems []string
		want     string
	}{
		"one has gone meanwhile": {answers: map[string]said{of + "a/edges": edgesTo("b"), of + "b/edges": gone("b")}, edges: 1},
		"all have gone":          {answers: map[string]said{of + "a/edges": gone("a"), of + "b/edges": gone("b")}},
		"one fails": {answers: map[string]said{of + "a/edges": edgesTo("b"), of + "b/edges": noSamples}, edges: 1,
			problems: []string{"deployment shop/b: its edges cannot be read: the TrafficMetrics server failed with code 500: no samples"}},
		"all fail": {answers: map[string]said{of + "a/edges": noSamples, of + "b/edges": noSamples},
			want: "the TrafficMetrics server failed with code 500: no samples"},
		"one is no answer": {answers: map[string]said{of + "a/edges": edgesTo("b"), of + "b/edges": ok("[]")}, edges: 1,
			problems: []string{"deployment shop/b: its edges cannot be read: the TrafficMetrics server's answer cannot be understood: it is no JSON object"}},
		"they are forbidden": {answers: map[string]said{of + "a/edges": edgesTo("b"), of + "b/edges": status(403, "no", "null")},
			want: "the API server does not allow it: no"},
		"they are not served": {answers: map[string]said{"": resources("deployments", "pods", "pods/edges")},
			want: "the TrafficMetrics server of this cluster does not serve edges of deployments: it serves those of pods"},
		"the server goes away": {answers: map[string]said{of + "a/edges": edgesTo("b"), of + "b/edges": status(503, "starting", "null")},
			want: "TrafficMetrics are unavailable: starting"},
	} {
		t.Run(name, func(t *testing.T) {
			test.answers["/namespaces/shop/deployments"] = listOf("a", "b")
			g, err := connected(t, &stand{answers: test.answers}).Topology(t.Context(), asking(t, "deploy", ""))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.problems, g.Problems); diff != "" {
				t.Error(diff)
			}
			if len(g.Edges) != test.edges {
				t.Errorf("%d edges, want %d", len(g.Edges), test.edges)
			}
		})
	}
}
