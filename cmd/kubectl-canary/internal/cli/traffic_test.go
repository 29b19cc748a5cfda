package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cli"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// measuredThen is a little after the end of each window in these tests.
var measuredThen = time.Date(2026, 11, 20, 15, 4, 9, 0, time.UTC)

// trafficServer answers as servers of TrafficMetrics do, and remembers what it was asked. Paths are those behind the version.
type trafficServer struct {
	mu      sync.Mutex
	answers map[string]string
	asked   []string
}

func (s *trafficServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.RequestURI(), "/apis/metrics.smi-spec.io/v1alpha1")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, path)
	answer, has := s.answers[path]
	switch {
	case !has:
		http.NotFound(w, r)
	case strings.HasPrefix(answer, "503 "):
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, strings.TrimPrefix(answer, "503 "))
	default:
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, answer)
	}
}

func (s *trafficServer) say(path, answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[path] = answer
}

// page is a stream that is read while it is written.
type page struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// begin runs a command line in namespace shop against a server, until the context ends.
func begin(ctx context.Context, t *testing.T, s *trafficServer, args ...string) (out, errOut *page, code <-chan int) {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "nowhere"))
	out, errOut = &page{}, &page{}
	done := make(chan int, 1)
	w := cli.World{IOStreams: genericiooptions.IOStreams{In: &bytes.Buffer{}, Out: out, ErrOut: errOut}, Now: func() time.Time { return measuredThen }}
	if args[0] == "__complete" { // what is to be completed stands last
		args = append([]string{args[0], "--server", server.URL, "-n", "shop"}, args[1:]...)
	} else {
		args = append(args, "--server", server.URL, "-n", "shop")
	}
	go func() { done <- cli.Run(ctx, w, args) }()
	return out, errOut, done
}

// finish runs a command line to its end.
func finish(t *testing.T, s *trafficServer, args ...string) (code int, out, errOut string) {
	t.Helper()
	o, e, done := begin(t.Context(), t, s, args...)
	code = <-done
	return code, o.String(), e.String()
}

// items is the list of what servers say.
func items(all ...string) string {
	return `{"kind":"TrafficMetricsList","apiVersion":"metrics.smi-spec.io/v1alpha1","metadata":{},"colour":"of another server","items":[` + strings.Join(all, ",") + `]}`
}

// at is one item; more are further fields.
func at(kind, name, more string, success, failure int) string {
	return fmt.Sprintf(`{"kind":"TrafficMetrics","apiVersion":"metrics.smi-spec.io/v1alpha1","metadata":{"name":%[2]q,"namespace":"shop"},%[3]s`+
		`"resource":{"kind":%[1]q,"namespace":"shop","name":%[2]q},"timestamp":"2026-11-20T15:04:00Z","window":"30s","metrics":[`+
		`{"name":"p99_response_latency","unit":"seconds","value":"48m"},{"name":"success_count","value":"%[4]d"},{"name":"failure_count","value":"%[5]d"}]}`,
		kind, name, more, success, failure)
}

func backend(name string) string {
	return fmt.Sprintf(`"backend":{"apex":"foobar","name":%q,"weight":50},`, name)
}

func other(direction, side, namespace, name string) string {
	return fmt.Sprintf(`"edge":{"direction":%q,"side":%q,"resource":{"kind":"Deployment","namespace":%q,"name":%q}},`, direction, side, namespace, name)
}

func lines(text ...string) string { return strings.Join(text, "\n") + "\n" }

func TestTop(t *testing.T) {
	bad := strings.Replace(at("Trafficsplit", "foobar", backend("foobar-v2"), 10, 0), `"48m"`, `"NaN"`, 1)
	for name, test := range map[string]struct {
		args          string
		path, answer  string
		wantOut, want string
	}{
		"backends are the default": {args: "top", path: "/namespaces/shop/trafficsplits",
			answer: items(at("Trafficsplit", "foobar", backend("foobar-v2"), 0, 0), at("Trafficsplit", "foobar", backend("foobar-v1"), 299, 1)),
			wantOut: lines(
				"NAME     BACKEND     WEIGHT   SUCCESS   P50   P90   P99    RPS    WINDOW   END",
				"foobar   foobar-v1   50       99.7%     -     -     48ms   10.0   30s      15:04:00",
				"foobar   foobar-v2   50       -         -     -     48ms   0.0    30s      15:04:00")},
		"one split of a server that answers one item": {args: "top ts foobar", path: "/namespaces/shop/trafficsplits/foobar",
			answer: at("TrafficSplit", "foobar", backend("foobar-v1"), 300, 0),
			wantOut: lines(
				"NAME     BACKEND     WEIGHT   SUCCESS   P50   P90   P99    RPS    WINDOW   END",
				"foobar   foobar-v1   50       100.0%    -     -     48ms   10.0   30s      15:04:00")},
		"all namespaces, a window and an order": {args: "top deploy -A --window 1m --sort-by rps", path: "/deployments?window=1m0s",
			answer: items(at("Deployment", "a", "", 30, 0), at("Deployment", "b", "", 60, 0)),
			wantOut: lines(
				"NAMESPACE   NAME   SUCCESS   P50   P90   P99    RPS   WINDOW   END",
				"shop        b      100.0%    -     -     48ms   2.0   30s      15:04:00",
				"shop        a      100.0%    -     -     48ms   1.0   30s      15:04:00")},
		"a selector": {args: "top pods -l tier=web", path: "/namespaces/shop/pods?labelSelector=tier%3Dweb", answer: items(),
			want: "The TrafficMetrics server has no pods in namespace \"shop\".\n"},
		"namespaces lie in no namespace": {args: "top ns", path: "/namespaces", answer: items(at("Namespace", "shop", "", 1, 0)),
			wantOut: lines("NAME   SUCCESS   P50   P90   P99    RPS    WINDOW   END", "shop   100.0%    -     -     48ms   <0.1   30s      15:04:00")},
		"one namespace": {args: "top ns/shop -o json", path: "/namespaces/shop", answer: at("Namespace", "shop", "", 1, 0),
			wantOut: lines(`{`, `    "kind": "TrafficMetrics",`, `    "apiVersion": "metrics.smi-spec.io/v1alpha1",`, `    "metadata": {`, `        "name": "shop",`,
				`        "namespace": "shop"`, `    },`, `    "resource": {`, `        "kind": "Namespace",`, `        "namespace": "shop",`, `        "name": "shop"`, `    },`,
				`    "edge": {`, `        "resource": {}`, `    },`, `    "timestamp": "2026-11-20T15:04:00Z",`, `    "window": "30s",`, `    "metrics": [`,
				`        {`, `            "name": "p99_response_latency",`, `            "unit": "seconds",`, `            "value": "48m"`, `        },`,
				`        {`, `            "name": "success_count",`, `            "value": "1"`, `        },`, `        {`, `            "name": "failure_count",`,
				`            "value": "0"`, `        }`, `    ]`, `}`)},
		"an empty list as data": {args: "top jobs -o yaml", path: "/namespaces/shop/jobs", answer: items(),
			wantOut: lines("apiVersion: metrics.smi-spec.io/v1alpha1", "items: []", "kind: TrafficMetricsList", "metadata: {}", "resource:", "  kind: job", "  namespace: shop")},
		"edges": {args: "top deployment.apps b --edges", path: "/namespaces/shop/deployments/b/edges",
			answer: items(at("Deployment", "b", other("to", "client", "shop", "c"), 3, 0), at("Deployment", "b", other("from", "server", "pay", "a"), 30, 0)),
			wantOut: lines(
				"FROM    TO   COUNTED-BY   SUCCESS   P50   P90   P99    RPS   WINDOW   END",
				"pay/a   b    server       100.0%    -     -     48ms   1.0   30s      15:04:00",
				"b       c    client       100.0%    -     -     48ms   0.1   30s      15:04:00")},
		"no edges": {args: "top deploy b --edges", path: "/namespaces/shop/deployments/b/edges", answer: items(),
			want: "Nobody called deployment \"b\" in namespace \"shop\", and it called nobody, as far as the TrafficMetrics server knows.\n"},
		"what is not understood is said once": {args: "top -o wide", path: "/namespaces/shop/trafficsplits", answer: items(bad, "7", bad),
			wantOut: lines(
				"NAMESPACE   NAME     BACKEND     WEIGHT   SUCCESS   P50   P90   P99   RPS   REQUESTS   FAILURES   HISTOGRAM   WINDOW   END",
				"shop        foobar   foobar-v2   50       100.0%    -     -     -     0.3   10         0          -           30s      2026-11-20T15:04:00Z",
				"shop        foobar   foobar-v2   50       100.0%    -     -     -     0.3   10         0          -           30s      2026-11-20T15:04:00Z"),
			want: "note: items[1] is no TrafficMetrics and is left out\n" +
				"note: trafficsplit shop/foobar: metrics[0].value is \"NaN\", which is not a number\n"},
		"nothing is measured": {args: "top deploy x", path: "/namespaces/shop/deployments/x", answer: `{"timestamp":"2026-11-20T15:04:00Z","window":"0s","metrics":[]}`,
			wantOut: lines("NAME   SUCCESS   P50   P90   P99   RPS   WINDOW   END", "x      -         -     -     -     -     -        15:04:00")},
	} {
		t.Run(name, func(t *testing.T) {
			s := &trafficServer{answers: map[string]string{test.path: test.answer}}
			code, out, errOut := finish(t, s, strings.Fields(test.args)...)
			if diff := cmp.Diff(test.wantOut, out); diff != "" {
				t.Errorf("out (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.want, errOut); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{test.path}, s.asked); diff != "" || code != 0 {
				t.Errorf("code %d, asked for (-want +got):\n%s", code, diff)
			}
		})
	}
}

func TestWhatTopAndTopologyRefuse(t *testing.T) {
	for args, want := range map[string]string{
		"top tea":                           `"tea" is no kind that TrafficMetrics are about: use trafficsplits, deployments, pods, namespaces, services, statefulsets, daemonsets, replicasets, replicationcontrollers, jobs, nodes`,
		"top deploy a b":                    "top takes a kind and one name, for example: kubectl canary top deployments foobar",
		"top deploy/":                       "the name of the deployment is empty",
		"top deploy a -A":                   "a deployment cannot be named together with -A: say its namespace with -n",
		"top deploy a -l x=y":               "a deployment cannot be named together with -l",
		"top deploy -l x===y":               "-l x===y is no selector: unable to parse requirement: found '=', expected: identifier",
		"top --edges":                       "--edges needs the name of one object, for example: kubectl canary top deployment foobar --edges",
		"top --sort-by age":                 "--sort-by=age is nothing to sort by: use name, rps, success, p99, failures",
		"top --window -1s":                  "--window=-1s is no length of a window: it must be more than 0s",
		"top --window soon":                 `invalid argument "soon" for "--window" flag: must be a duration like "30s" or "5m"`,
		"top --interval 5s":                 "--interval is of use with -w only",
		"top -w --interval 10ms":            "--interval=10ms is too short: it must be at least 1s",
		"top -w -o json":                    "-w shows a table and does not go with -o json",
		"top -o tea":                        "-o tea is no format: use json, yaml, wide",
		"top":                               "this cluster has no TrafficMetrics server: the API metrics.smi-spec.io/v1alpha1 is missing",
		"topology":                          "this cluster has no TrafficMetrics server: the API metrics.smi-spec.io/v1alpha1 is missing",
		"topology -o svg":                   "-o svg is no format of topology: use text, dot, mermaid, json",
		"topology deploy a":                 "kubectl canary topology takes one kind and no name, not 2 arguments",
		"topology deploy/a":                 "topology takes a kind and no name: see kubectl canary top deployment a --edges",
		"topology tea":                      `"tea" is no kind that TrafficMetrics are about: use trafficsplits, deployments, pods, namespaces, services, statefulsets, daemonsets, replicasets, replicationcontrollers, jobs, nodes`,
		"topology --window -3s deployments": "--window=-3s is no length of a window: it must be more than 0s",
	} {
		code, out, errOut := finish(t, &trafficServer{}, strings.Fields(args)...)
		if diff := cmp.Diff("error: "+want+"\n", errOut); diff != "" || code != 1 || out != "" {
			t.Errorf("%s: code %d, out %q, errors (-want +got):\n%s", args, code, out, diff)
		}
	}
}

// eventually waits for what another goroutine does.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never happened: " + what)
		}
	}
}

func TestTopShowsItAgainUntilItIsInterrupted(t *testing.T) {
	const path = "/namespaces/shop/deployments"
	s := &trafficServer{answers: map[string]string{path: items(at("Deployment", "first", "", 30, 0), "7")}}
	ctx, interrupt := context.WithCancel(t.Context())
	out, errOut, code := begin(ctx, t, s, "top", "deploy", "-w", "--interval", "1s")
	eventually(t, "the first table", func() bool { return strings.Contains(out.String(), "first") })
	s.say(path, "503 restarting")
	eventually(t, "the sentence", func() bool { return strings.Contains(errOut.String(), "restarting") })
	s.say(path, items(at("Deployment", "second", "", 30, 0), "7"))
	eventually(t, "the second table", func() bool { return strings.Contains(out.String(), "second") })
	interrupt()
	if got := <-code; got != 130 {
		t.Errorf("the exit code is %d, want 130", got)
	}
	want := "note: items[1] is no TrafficMetrics and is left out\nTrafficMetrics are unavailable: restarting; trying again\n"
	if diff := cmp.Diff(want, errOut.String()); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

func TestTopOfWhatIsMissingDoesNotWait(t *testing.T) {
	code, out, errOut := finish(t, &trafficServer{}, "top", "-w")
	if code != 1 || out != "" || !strings.Contains(errOut, "this cluster has no TrafficMetrics server") {
		t.Errorf("code %d: %s%s", code, out, errOut)
	}
}

func shopTopology() *trafficServer {
	const deployments = "/namespaces/shop/deployments"
	return &trafficServer{answers: map[string]string{
		deployments:                 items(at("Deployment", "a", "", 0, 0), at("Deployment", "b", "", 60, 0), at("Deployment", "idle", "", 0, 0)),
		deployments + "/a/edges":    items(at("Deployment", "a", other("to", "client", "shop", "b"), 29, 4)),
		deployments + "/b/edges":    items(at("Deployment", "b", other("from", "server", "shop", "a"), 30, 0), at("Deployment", "b", other("from", "server", "pay", "a"), 30, 0)),
		deployments + "/idle/edges": items(),
	}}
}

func TestTopology(t *testing.T) {
	for format, want := range map[string]string{
		"text": lines("deployments in namespace shop, over a window of 30s that ended at 15:04:00 UTC",
			"", "pay/a", "└─ b  1.0 rps  100.0%  p99 48ms", "", "a", "└─ b  1.0 rps  100.0%  p99 48ms", "", "idle", "└─ idle"),
		"dot": lines(`digraph "deployments in namespace shop, over a window of 30s that ended at 2026-11-20 15:04:00 UTC" {`, "  rankdir=LR", "  node [shape=box]",
			`  n1 [label="pay/a"]`, `  n2 [label="a"]`, `  n3 [label="b"]`, `  n4 [label="idle", style=dashed]`,
			`  n1 -> n3 [label="1.0 rps\n100.0%\np99 48ms"]`, `  n2 -> n3 [label="1.0 rps\n100.0%\np99 48ms"]`, "}"),
		"mermaid": lines("flowchart LR", `  n1["pay/a"]`, `  n2["a"]`, `  n3["b"]`, `  n4["idle"]:::idle`,
			`  n1 -->|"1.0 rps<br/>100.0%<br/>p99 48ms"| n3`, `  n2 -->|"1.0 rps<br/>100.0%<br/>p99 48ms"| n3`, "  classDef idle stroke-dasharray: 4 4"),
	} {
		code, out, errOut := finish(t, shopTopology(), "topology", "-o", format)
		if diff := cmp.Diff(want, out); diff != "" || code != 0 || errOut != "" {
			t.Errorf("-o %s: code %d %s (-want +got):\n%s", format, code, errOut, diff)
		}
	}
}
