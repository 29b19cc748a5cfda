package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/metrics/catalog"
)

// TestAggregated runs the server behind a real kube-apiserver, with no more rights than it says it needs, and asks as users
// do. The identifiers are those of the conformance cases.
func TestAggregated(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	c := startCluster(t)
	c.apply("../config/crd/smi/split.smi-spec.io_trafficsplits.yaml")
	c.apply("testdata/cluster.yaml")
	one := newStandIn(t, time.Second, aggregatedFlows(), map[string]int{"app-b": 90, "app-c": 10, "app-idle": 0})
	two := newStandIn(t, time.Second, aggregatedFlows(), map[string]int{"app-b": 90, "app-c": 10, "app-idle": 0})
	c.serve(Options{
		RestConfig: c.asServiceAccount("serin-system", "serin-metrics"),
		Dial:       dialTo(map[string]*standIn{"10.0.0.1:9090": one, "10.0.0.2:9090": two}),
	})

	t.Run("TM-01 the group is there", c.discovery)
	t.Run("TM-02 TM-03 a deployment", c.deployment)
	t.Run("TM-05 edges", c.edges)
	t.Run("TM-07 a split with an idle backend", c.split)
	t.Run("windows follow one another and lose nothing", c.consecutive)
	t.Run("refusals are Statuses", c.refusals)
	t.Run("tables and kubectl", c.kubectl)
	t.Run("OpenAPI", c.openAPI)
	t.Run("RBAC", c.permissions)
	t.Run("a CRD that comes to serve old versions alone", c.oldVersions)
	one.set(func(s *standIn) { s.down = true })
	two.set(func(s *standIn) { s.down = true })
	t.Run("no source is 503", func(t *testing.T) {
		c.want(t, group+"/namespaces/t/trafficsplits", 503, func(body []byte) error {
			var status metav1.Status
			return errors.Join(json.Unmarshal(body, &status), sentence(status, "no proxy has answered since"))
		})
	})
}

// aggregatedFlows are what each proxy serves in a second: a calls b through the split app, with 9 of 10 requests fast and one
// of 10 failing, and b calls c.
func aggregatedFlows() []flow {
	return []flow{
		{split: "app", backend: "app-b", workload: "b", callerNamespace: "t", caller: "a", success: 90, failure: 10, fast: 90},
		{split: "cat", backend: "cat", workload: "c", callerNamespace: "t", caller: "b", success: 5, fast: 5},
	}
}

func (c *testCluster) discovery(t *testing.T) {
	c.want(t, group, 200, func(body []byte) error {
		var list metav1.APIResourceList
		if err := json.Unmarshal(body, &list); err != nil {
			return err
		}
		found := map[string]bool{}
		for _, r := range list.APIResources {
			found[r.Name] = r.Namespaced
			if !strings.Contains(r.Name, "/") && !slices.Equal(r.Verbs, metav1.Verbs{"get", "list"}) {
				return fmt.Errorf("%s has %v", r.Name, r.Verbs)
			}
		}
		want := map[string]bool{"trafficsplits": true}
		for _, resource := range []string{"namespaces", "nodes", "pods", "services", "deployments", "replicasets",
			"replicationcontrollers", "statefulsets", "daemonsets", "jobs"} {
			want[resource] = resource != "namespaces" && resource != "nodes"
			want[resource+"/edges"] = want[resource]
		}
		if !maps.Equal(found, want) {
			return errors.New(cmp.Diff(want, found))
		}
		return nil
	})
}

func (c *testCluster) deployment(t *testing.T) {
	c.want(t, group+"/namespaces/t/deployments/b?window=2s", 200, func(body []byte) error {
		var got smi.TrafficMetrics
		if err := json.Unmarshal(body, &got); err != nil {
			return err
		}
		success, _ := got.Count(smi.SuccessCount)
		failure, _ := got.Count(smi.FailureCount)
		p50, _ := got.Latency(smi.LatencyP50)
		p90, _ := got.Latency(smi.LatencyP90)
		p99, _ := got.Latency(smi.LatencyP99)
		describes := got.Kind == "TrafficMetrics" && got.Resource == smi.ObjectReference{Kind: "Deployment", Namespace: "t", Name: "b"} &&
			got.Edge == smi.Edge{Direction: "from", Side: "server"} && got.Window.Duration == 2*time.Second && got.Timestamp.Unix()%2 == 0
		// Two proxies for two seconds. 90 of 100 lie evenly in 0-10 ms, the others in 10-200 ms.
		if !describes || success != 360 || failure != 40 || p90 != 10*time.Millisecond || p50 < 5*time.Millisecond || p99 < 150*time.Millisecond || p99 > 200*time.Millisecond {
			return fmt.Errorf("got %s", body)
		}
		return nil
	})
}

// sums is an answer as name, backend or other end, successes and failures.
func sums(body []byte) ([]string, error) {
	var list smi.TrafficMetricsList
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, err
	}
	var found []string
	for _, item := range list.Items {
		line := item.Name
		if item.Backend != nil {
			weight := "-"
			if item.Backend.Weight != nil {
				weight = fmt.Sprint(*item.Backend.Weight)
			}
			line += fmt.Sprintf(" %s %s %s", item.Backend.Apex, item.Backend.Name, weight)
		}
		success, _ := item.Count(smi.SuccessCount)
		failure, _ := item.Count(smi.FailureCount)
		line += fmt.Sprintf(" %s %s %s %v %v", item.Edge.Direction, item.Edge.Side, item.Edge.Resource.Name, success, failure)
		if _, measured := item.Latency(smi.LatencyP99); !measured {
			line += " no latency"
		}
		found = append(found, line)
	}
	return found, nil
}

func (c *testCluster) wantSums(t *testing.T, path string, want ...string) {
	t.Helper()
	c.want(t, group+path, 200, func(body []byte) error {
		got, err := sums(body)
		if diff := cmp.Diff(want, got); diff != "" && err == nil {
			err = errors.New(diff)
		}
		return err
	})
}

func (c *testCluster) edges(t *testing.T) {
	c.wantSums(t, "/namespaces/t/deployments/b/edges?window=1s", "b from server a 180 20", "b to client c 10 0")
	c.wantSums(t, "/namespaces/t/pods/b-0/edges?window=1s", "b-0 from server a-0 180 20", "b-0 to client c-0 10 0")
	c.wantSums(t, "/namespaces/t/edges?window=1s", "t from server t 190 20", "t to client t 190 20")
}

func (c *testCluster) split(t *testing.T) {
	want := []string{"app app app-b 90 from client  180 20", "app app app-c 10 from client  0 0 no latency", "app app app-idle 0 from client  0 0 no latency"}
	c.wantSums(t, "/namespaces/t/trafficsplits/app?window=1s", want...)
	c.wantSums(t, "/namespaces/t/trafficsplits?window=1s", want...)
	c.wantSums(t, "/trafficsplits?window=1s&labelSelector=team%3Dbirds", want...)
	c.wantSums(t, "/trafficsplits?window=1s&labelSelector=team%3Dcats")
}

// oldVersions takes the newer versions of TrafficSplits away from the cluster, as where a mesh brought its own CRD.
func (c *testCluster) oldVersions(t *testing.T) {
	notServed := `{"op":"replace","path":"/spec/versions/%d/served","value":false}`
	_, err := c.run("patch crd trafficsplits.split.smi-spec.io --type=json -p [" + fmt.Sprintf(notServed+","+notServed, 2, 3) + "]")
	if err != nil {
		t.Fatal(err)
	}
	c.apply("testdata/split-v1alpha2.yaml")
	c.want(t, group+"/namespaces/t/trafficsplits/later?window=1s", 200, func(body []byte) error {
		var got smi.TrafficMetricsList
		if err := json.Unmarshal(body, &got); err != nil {
			return err
		}
		var backends []string
		for _, item := range got.Items {
			backends = append(backends, item.Backend.Name)
		}
		if diff := cmp.Diff([]string{"app-b", "app-c"}, backends); diff != "" {
			return errors.New(diff)
		}
		return nil
	})
	if code, _, err := c.get("/apis/split.smi-spec.io/v1alpha4/trafficsplits"); code != 404 {
		t.Fatalf("v1alpha4 is still served: %d, %v", code, err)
	}
	client, err := rest.HTTPClientFor(c.plane.Config)
	if err != nil {
		t.Fatal(err)
	}
	later, err := catalog.New(c.plane.Config, client, types.NamespacedName{Namespace: "serin-system", Name: "serin-proxy"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); later.Run(ctx) }()
	defer func() { stop(); <-ended }()
	if err := later.Splits.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	if got, _ := later.Splits.Get("t", "later"); got == nil || !slices.Equal(got.Spec.Backends, []split.Backend{{Service: "app-b", Weight: 70}, {Service: "app-c", Weight: 30}}) {
		t.Errorf("who comes later reads %+v", got)
	}
}

// consecutive reads windows of one second as they come, and then the window of four seconds that they make up.
func (c *testCluster) consecutive(t *testing.T) {
	seen := map[int64]float64{}
	eventually(t, "four windows in a row", func() error {
		code, body, err := c.get(group + "/namespaces/t/deployments/b?window=1s")
		var got smi.TrafficMetrics
		if err != nil || code != 200 {
			return fmt.Errorf("%d, %w", code, err)
		}
		if err := json.Unmarshal(body, &got); err != nil {
			return err
		}
		n, _ := got.Count(smi.SuccessCount)
		if before, again := seen[got.Timestamp.Unix()]; again && before != n {
			t.Fatalf("the window that ends at %s had %v requests, now it has %v", got.Timestamp, before, n)
		}
		seen[got.Timestamp.Unix()] = n
		if len(seen) < 4 {
			return fmt.Errorf("%d windows", len(seen))
		}
		return nil
	})
	for end, n := range seen {
		if n != 180 {
			t.Errorf("the window that ends at %d has %v requests, want 180", end, n)
		}
	}
	c.wantSums(t, "/namespaces/t/deployments/b/edges?window=4s", "b from server a 720 80", "b to client c 40 0")
}

func (c *testCluster) refusals(t *testing.T) {
	for path, want := range map[string]struct {
		code   int
		reason metav1.StatusReason
		begin  string
	}{
		"/trafficsplits?window=soon":        {400, metav1.StatusReasonBadRequest, `window "soon" is not a length of time`},
		"/trafficsplits?window=1h":          {400, metav1.StatusReasonBadRequest, "window 1h0m0s must not exceed 5m0s"},
		"/namespaces/t/trafficsplits/x":     {404, metav1.StatusReasonNotFound, `trafficsplits.metrics.smi-spec.io "x" not found`},
		"/namespaces/t/deployments/x/edges": {404, metav1.StatusReasonNotFound, `deployments.metrics.smi-spec.io "x" not found`},
		"/namespaces/x/edges":               {404, metav1.StatusReasonNotFound, `namespaces.metrics.smi-spec.io "x" not found`},
	} {
		c.want(t, group+path, want.code, func(body []byte) error {
			var status metav1.Status
			if err := json.Unmarshal(body, &status); err != nil || status.Reason != want.reason {
				return fmt.Errorf("%s, %w", status.Reason, err)
			}
			return sentence(status, want.begin)
		})
	}
}

func (c *testCluster) kubectl(t *testing.T) {
	for command, want := range map[string]string{
		"get trafficsplits.metrics.smi-spec.io -n t":             "NAME   BACKEND    WEIGHT   SUCCESS RATE   P99",
		"get trafficsplits.metrics.smi-spec.io app -n t":         "app    app-idle   0",
		"get trafficsplits.metrics.smi-spec.io app -n t -o json": `"name": "success_count"`,
		"get deployments.metrics.smi-spec.io b -n t":             "b      90.00%",
		"get pods.metrics.smi-spec.io -n t":                      "b-0    90.00%",
		"get deployments.metrics.smi-spec.io -A":                 "t           b      90.00%",
		"get namespaces.metrics.smi-spec.io t":                   "t      90.48%",
		"get deployments.metrics.smi-spec.io -l app=b -n t":      "b      90.00%",
		"get --raw " + group + "/namespaces/t/edges?window=1s":   `"direction":"from"`,
		"explain trafficsplits.metrics.smi-spec.io.backend":      "The Service that clients call.",
		"api-resources --api-group=metrics.smi-spec.io":          "trafficsplits",
	} {
		eventually(t, command, func() error {
			out, err := c.run(command)
			if err != nil || !strings.Contains(out, want) {
				return fmt.Errorf("%w, %s", err, out)
			}
			return nil
		})
	}
}

func (c *testCluster) openAPI(t *testing.T) {
	for path, want := range map[string]string{
		"/openapi/v3": `"apis/metrics.smi-spec.io/v1alpha1"`,
		"/openapi/v3/apis/metrics.smi-spec.io/v1alpha1": `"io.smi-spec.metrics.v1alpha1.TrafficMetricsList"`,
		"/openapi/v2": `"io.smi-spec.metrics.v1alpha1.TrafficMetrics"`,
	} {
		c.want(t, path, 200, func(body []byte) error {
			if !strings.Contains(string(body), want) {
				return fmt.Errorf("%d bytes without %s", len(body), want)
			}
			return nil
		})
	}
}

// permissions asks as a user who may read one namespace's splits and edges.
func (c *testCluster) permissions(t *testing.T) {
	config := rest.CopyConfig(c.plane.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: "jane"}
	jane, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{
		"/namespaces/t/trafficsplits":     200,
		"/namespaces/t/trafficsplits/app": 200,
		"/namespaces/t/edges":             200,
		"/namespaces/t/deployments/b":     403,
		"/trafficsplits":                  403,
	} {
		eventually(t, path, func() error {
			code := 0
			_ = jane.RESTClient().Get().AbsPath(group + path).Do(t.Context()).StatusCode(&code)
			if code != want {
				return fmt.Errorf("got %d, want %d", code, want)
			}
			return nil
		})
	}
}

// register makes the APIService that leads to the server, and waits until it is available.
func (c *testCluster) register(s *Server) {
	port := int32(s.Port())
	service := &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: "v1alpha1.metrics.smi-spec.io"},
		Spec: apiregistrationv1.APIServiceSpec{
			Group: smi.GroupVersion.Group, Version: smi.GroupVersion.Version,
			GroupPriorityMinimum: 100, VersionPriority: 100,
			Service:  &apiregistrationv1.ServiceReference{Namespace: "serin-system", Name: "serin-metrics", Port: &port},
			CABundle: s.CABundle(),
		},
	}
	service.APIVersion, service.Kind = apiregistrationv1.SchemeGroupVersion.String(), "APIService"
	if _, err := c.aggregator.APIServices().Create(c.t.Context(), service, metav1.CreateOptions{}); err != nil {
		c.t.Fatal(err)
	}
	c.available(apiregistrationv1.ConditionTrue)
}

// available waits until the APIService is available, or not.
func (c *testCluster) available(want apiregistrationv1.ConditionStatus) *apiregistrationv1.APIService {
	c.t.Helper()
	var found *apiregistrationv1.APIService
	within(c.t, 2*time.Minute, "the APIService's condition Available is "+string(want), func() (err error) {
		found, err = c.aggregator.APIServices().Get(context.WithoutCancel(c.t.Context()), apiService, metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range found.Status.Conditions {
			if condition.Type == apiregistrationv1.Available && condition.Status == want {
				return nil
			}
		}
		return fmt.Errorf("%v", found.Status.Conditions)
	})
	return found
}
