package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	smi "github.com/serin-dev/serin/api/smi/metrics"
)

const group = "/apis/metrics.smi-spec.io/v1alpha1"

// quick is a scrape interval for tests, in which ten ticks are a second.
const quick = 100 * time.Millisecond

// running is a server under test, and how a user asks it directly.
type running struct {
	*Server

	client *http.Client
	token  string
}

func run(t *testing.T, options Options) *running {
	t.Helper()
	options.BindAddress, options.ScrapeInterval = "127.0.0.1", quick
	s, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	client, err := rest.HTTPClientFor(&rest.Config{TLSClientConfig: rest.TLSClientConfig{CAData: s.CABundle(), ServerName: "serin-metrics.serin-system.svc"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return &running{Server: s, client: client, token: "jane"}
}

func (r *running) get(path string) (int, []byte, error) {
	request, err := http.NewRequest(http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d%s", r.Port(), path), nil)
	if err != nil {
		return 0, nil, err
	}
	if r.token != "" {
		request.Header.Set("Authorization", "Bearer "+r.token)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// want asks until the answer has the code and passes the check.
func (r *running) want(t *testing.T, path string, code int, check func([]byte) error) {
	t.Helper()
	eventually(t, path, func() error {
		got, body, err := r.get(path)
		switch {
		case err != nil:
			return err
		case got != code:
			return fmt.Errorf("got %d %.300s, want %d", got, body, code)
		case check == nil:
			return nil
		}
		return check(body)
	})
}

// shopFlows are 10 requests from a to b and 4 from b to c, one of which fails, between two ticks.
func shopFlows() []flow {
	return []flow{
		{split: "app", backend: "app-v2", workload: "b", callerNamespace: "t", caller: "a", success: 10, fast: 9},
		{split: "cat", backend: "cat-v1", workload: "c", callerNamespace: "t", caller: "b", success: 3, failure: 1, fast: 4},
	}
}

func TestServerCountsWhatProxiesServe(t *testing.T) {
	one := newStandIn(t, quick, shopFlows(), map[string]int{"app-v1": 90, "app-v2": 10})
	two := newStandIn(t, quick, shopFlows(), map[string]int{"app-v1": 90, "app-v2": 10})
	proxies := map[string]*standIn{"10.0.0.1:9090": one, "10.0.0.2:9090": two}
	s := run(t, Options{RestConfig: newFakeCluster(t, "10.0.0.1", "10.0.0.2"), Dial: dialTo(proxies)})

	s.want(t, group+"/namespaces/t/deployments/b?window=1s", http.StatusOK, func(body []byte) error {
		var got smi.TrafficMetrics
		if err := json.Unmarshal(body, &got); err != nil {
			return err
		}
		// 10 ticks of 2 proxies in a second. The counts are exact: 200 requests, 180 of them fast.
		success, _ := got.Count(smi.SuccessCount)
		fast, _ := got.Count(smi.LatencyLEName(10 * time.Millisecond))
		p90, _ := got.Latency(smi.LatencyP90)
		if success != 200 || fast != 180 || p90 != 10*time.Millisecond {
			return fmt.Errorf("got %v, %v fast, p90 %s", success, fast, p90)
		}
		return nil
	})
	s.want(t, group+"/namespaces/t/trafficsplits/app?window=1s", http.StatusOK, func(body []byte) error { return weights(body, "90 10") })

	two.set(func(s *standIn) { s.weights = map[string]int{"app-v1": 50, "app-v2": 50} })
	s.want(t, group+"/namespaces/t/trafficsplits/app?window=1s", http.StatusOK, func(body []byte) error { return weights(body, "- -") })
	one.set(func(s *standIn) { s.weights = map[string]int{"app-v1": 50, "app-v2": 50} })
	s.want(t, group+"/namespaces/t/trafficsplits/app?window=1s", http.StatusOK, func(body []byte) error { return weights(body, "50 50") })

	for _, proxy := range proxies {
		proxy.set(func(s *standIn) { s.down = true })
	}
	s.want(t, group+"/namespaces/t/trafficsplits", http.StatusServiceUnavailable, func(body []byte) error {
		var status metav1.Status
		return errors.Join(json.Unmarshal(body, &status), sentence(status, "no proxy has answered since"))
	})
}

// weights compares the weights of the items of a list; "-" is none.
func weights(body []byte, want string) error {
	var list smi.TrafficMetricsList
	if err := json.Unmarshal(body, &list); err != nil {
		return err
	}
	got := ""
	for _, item := range list.Items {
		if got != "" {
			got += " "
		}
		if item.Backend.Weight == nil {
			got += "-"
		} else {
			got += fmt.Sprint(*item.Backend.Weight)
		}
	}
	if got != want {
		return fmt.Errorf("weights %s, want %s", got, want)
	}
	return nil
}

func sentence(got metav1.Status, begin string) error {
	if got.Kind != "Status" || len(got.Message) < len(begin) || got.Message[:len(begin)] != begin {
		return fmt.Errorf("got %s %q, want %q", got.Kind, got.Message, begin)
	}
	return nil
}

func TestCallersAreAuthenticatedAndAuthorized(t *testing.T) {
	s := run(t, Options{RestConfig: newFakeCluster(t)})
	s.want(t, group, http.StatusOK, nil)
	for token, code := range map[string]int{"joe": http.StatusForbidden, "": http.StatusForbidden} {
		s.token = token
		s.want(t, group, code, nil)
		s.want(t, "/readyz", http.StatusOK, nil)
		s.want(t, "/livez", http.StatusOK, nil)
		s.want(t, "/healthz", http.StatusOK, nil)
	}
}

func TestWithoutTheCRDOfTrafficSplitsTheRestWorks(t *testing.T) {
	cluster := fakeClusterOf("10.0.0.1")
	delete(cluster.lists, splitsPath)
	delete(cluster.lists, splitsGroup)
	proxy := newStandIn(t, quick, shopFlows(), nil)
	s := run(t, Options{RestConfig: cluster.start(t), Dial: dialTo(map[string]*standIn{"10.0.0.1:9090": proxy})})
	s.want(t, group+"/namespaces/t/deployments/b?window=1s", http.StatusOK, nil)
	s.want(t, "/readyz", http.StatusOK, nil)
	s.want(t, group+"/namespaces/t/trafficsplits/app", http.StatusServiceUnavailable, func(body []byte) error {
		var status metav1.Status
		return errors.Join(json.Unmarshal(body, &status), sentence(status, "trafficsplits.split.smi-spec.io could not be listed: "))
	})
}

func TestTwoServersInOneProcess(t *testing.T) {
	cluster := newFakeCluster(t)
	one, two := run(t, Options{RestConfig: cluster}), run(t, Options{RestConfig: cluster})
	for _, s := range []*running{one, two} {
		s.want(t, group, http.StatusOK, nil)
		s.want(t, "/openapi/v2", http.StatusOK, nil)
		s.want(t, "/metrics", http.StatusOK, nil)
	}
	if one.Port() == two.Port() || one.Port() == 0 {
		t.Errorf("ports %d and %d", one.Port(), two.Port())
	}
}

func TestNewRefusesBadOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"no cluster":         {},
		"a crooked interval": {RestConfig: &rest.Config{}, ScrapeInterval: 300 * time.Millisecond},
		"no certificate":     {RestConfig: &rest.Config{}, CertDir: t.TempDir(), BindAddress: "127.0.0.1"},
		"no such address":    {RestConfig: &rest.Config{}, BindAddress: "192.0.2.1"},
	} {
		if s, err := New(o); err == nil {
			t.Errorf("%s was accepted", name)
			_ = s.Close()
		}
	}
}

func TestRunSaysThatItCannotLearnWhomToTrust(t *testing.T) {
	s, err := New(Options{RestConfig: &rest.Config{Host: "http://127.0.0.1:1"}, BindAddress: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil {
		t.Error("Run served without a cluster")
	}
}

func TestTicksAreMultiplesOfTheInterval(t *testing.T) {
	for now, want := range map[string]string{
		"2026-08-22T10:00:00Z":           "2026-08-22T10:00:01Z",
		"2026-08-22T10:00:00.999999Z":    "2026-08-22T10:00:01Z",
		"2026-08-22T10:00:01.000000001Z": "2026-08-22T10:00:02Z",
	} {
		at, err := time.Parse(time.RFC3339Nano, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := nextTick(at, time.Second).UTC().Format(time.RFC3339Nano); got != want {
			t.Errorf("after %s comes %s, want %s", now, got, want)
		}
	}
}
