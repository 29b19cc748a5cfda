package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/metrics"
	source "github.com/serin-dev/serin/metrics/prometheus"
	"github.com/serin-dev/serin/test/prometheus"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Profiles by which the series are read.
const (
	addedProfile = "shop-mesh"
	ownProfile   = "linkerd"
)

// mesh is an exporter that speaks for a mesh, and a Prometheus that scrapes it.
type mesh struct {
	cluster  *cluster
	exporter *exporter
	options  prometheus.Options
	server   *prometheus.Server
}

// scraped is the world of a mesh whose series are read by a profile.
type scraped struct {
	*mesh

	profile string
}

func startMesh(t *testing.T, c *cluster) *mesh {
	t.Helper()
	m := &mesh{cluster: c, exporter: newExporter()}
	scrapes := httptest.NewServer(m.exporter)
	t.Cleanup(scrapes.Close)
	m.options = prometheus.Options{Progress: t.Output(), Dir: t.TempDir(), Targets: []prometheus.Target{{Address: scrapes.URL, Job: "linkerd-proxy"}}}
	must(t, m.start(t.Context()))
	t.Cleanup(func() { must(t, m.stop(context.WithoutCancel(t.Context()))) })
	return m
}

// inPrometheus starts the world with the profile that an operator adds.
func inPrometheus(t *testing.T, c *cluster, m *mesh) *stage {
	t.Helper()
	s := m.stage(t, addedProfile)
	q := s.question(group + "/deployments")
	eventually(t, "the profile is missed", func() error {
		_, err := q.ask(t.Context())
		return says(err, http.StatusServiceUnavailable, `there is no profile "shop-mesh": there are `)
	})
	text, err := os.ReadFile("testdata/profile.yaml")
	must(t, err)
	must(t, c.user.Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: "serin-metrics-profiles"},
		Data:       map[string]string{"shop-mesh.yaml": string(text)},
	}))
	return s
}

// inLinkerd starts the world with the built-in profile.
func inLinkerd(t *testing.T, _ *cluster, m *mesh) *stage {
	t.Helper()
	return m.stage(t, ownProfile)
}

func (m *mesh) stage(t *testing.T, profile string) *stage {
	t.Helper()
	p := &scraped{mesh: m, profile: profile}
	s := &stage{world: p, facts: p.facts(), cluster: m.cluster}
	s.replicas = m.cluster.serve(t, metrics.Options{Prometheus: source.Options{
		Address: m.server.URL, Profile: profile, ScrapeInterval: time.Second, Delay: 2 * time.Second,
	}})
	return s
}

func (p *scraped) facts() facts {
	f := facts{
		shortest: 2 * time.Second, callers: "server",
		refused: map[string]string{
			"window=soon":                  `window "soon" is not a length of time such as 10s`,
			"window=2h":                    "window 2h0m0s must not exceed 1h0m0s",
			"window=0s":                    "window 0s must be at least 2s, two scrapes of Prometheus",
			"window=1s":                    "window 1s must be at least 2s, two scrapes of Prometheus",
			"window=2500ms":                "window 2.5s must be whole seconds",
			"window=2s&window=4s":          "window is given 2 times",
			"since=yesterday":              `since "yesterday" is not a time such as 2019-04-08T22:25:55Z`,
			"since=2099-01-01T00:00:00Z":   "since 2099-01-01T00:00:00Z lies in the future: it is ",
			"since=2019-04-08T22:25:55.5Z": "since 2019-04-08T22:25:55.5Z must be a whole second",
		},
		forgotten: "since 2019-04-08T22:25:55Z is more than 1h0m0s ago", kept: true,
		unknown: "no window can begin there: Prometheus " + p.server.URL + " scraped nothing in the 2s before ",
		down:    "Prometheus " + p.server.URL + " cannot be reached: connection refused",
	}
	if p.profile == ownProfile {
		f.callers = "client" // the proxy of a pod that is called knows who calls by a ServiceAccount only
	}
	return f
}

// open makes a shop without pods: the exporter speaks for them.
func (m *mesh) open(ctx context.Context, namespace string) error {
	if err := m.cluster.namespace(ctx, namespace); err != nil {
		return err
	}
	for _, name := range []string{"a", "b", "c"} {
		if err := m.cluster.apply(ctx, "testdata/workload.yaml", namespace, "NAME", name, "NODE", "none", "REPLICAS", "0"); err != nil {
			return err
		}
	}
	return m.cluster.apply(ctx, "testdata/shop.yaml", namespace)
}

// shares are what the splits of testdata/shop.yaml say, in percent.
var shares = map[string]map[string]int{"app": {"b": 90, "c": 10}, "all-b": {"b": 100}, "all-c": {"c": 100}}

func (m *mesh) call(ctx context.Context, c call) ([]result, error) {
	if shares[c.apex] == nil {
		return nil, errors.New("there is no apex " + c.apex)
	}
	c.status = max(c.status, http.StatusOK)
	results := make([]result, c.count)
	for i := range results {
		backend := "c"
		if i%100 < shares[c.apex]["b"] {
			backend = "b"
		}
		if c.then != "" {
			if _, err := m.call(ctx, call{namespace: c.target(), caller: backend, apex: c.then, count: 1}); err != nil {
				return nil, err
			}
		}
		m.exporter.state(c, backend)
		results[i] = result{backend: backend, failed: c.status >= http.StatusInternalServerError, least: c.takes, most: c.takes}
	}
	return results, nil
}

// stop ends the Prometheus.
func (m *mesh) stop(context.Context) error { return m.server.Stop() }

// start starts it, at the address and with the data that it had.
func (m *mesh) start(ctx context.Context) error {
	server, err := prometheus.Start(ctx, m.options)
	if err == nil {
		m.server, m.options.Address = server, server.Addr()
	}
	return err
}

// says returns nil if an error is a refusal with the code and a sentence that begins so.
func says(err error, code int, begin string) error {
	refused, ok := err.(refusal) //nolint:errorlint // ask does not wrap it
	switch {
	case err == nil:
		return fmt.Errorf("got an answer, want %d %s", code, begin)
	case !ok || int(refused.Code) != code || !strings.HasPrefix(refused.Message, begin):
		return fmt.Errorf("got %w, want %d %s", err, code, begin)
	}
	return nil
}
