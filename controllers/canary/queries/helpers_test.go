package queries

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/gen"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// patient is a timeout that no Prometheus of a test needs, however busy the machine.
const patient = time.Minute

// canary is one with these checks, whose Prometheus is at an address; an empty one names none.
func canary(address string, checks ...v1alpha1.CustomCheck) *v1alpha1.Canary {
	return gen.Canary("shop", "foobar", func(c *v1alpha1.Canary) {
		c.Spec.Analysis.Checks = checks
		if address != "" {
			c.Spec.Analysis.Prometheus = &v1alpha1.PrometheusSpec{Address: address}
		}
	})
}

func share(name, numerator, denominator string) v1alpha1.CustomCheck {
	return v1alpha1.CustomCheck{Name: name, Share: &v1alpha1.ShareCheck{Numerator: numerator, Denominator: denominator, Max: "1"}}
}

// good makes the numerator of a share count what is good.
func good(check v1alpha1.CustomCheck) v1alpha1.CustomCheck {
	check.Share.Max, check.Share.Min = "", "99"
	return check
}

func gauge(name, query, low, high string) v1alpha1.CustomCheck {
	return v1alpha1.CustomCheck{Name: name, Gauge: &v1alpha1.GaugeCheck{Query: query, Min: low, Max: high}}
}

// between is a sample of v2 against v1.
func between(start, end time.Time) analysis.Sample {
	return analysis.Sample{
		Start: start, End: end, Candidate: analysis.Counts{Version: "v2"}, Stable: analysis.Counts{Version: "v1"},
	}
}

func part(bad, total float64) *judge.Part { return &judge.Part{Bad: bad, Total: total} }

// counting is a transport that counts requests.
type counting struct{ requests atomic.Int64 }

func (c *counting) RoundTrip(request *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return http.DefaultTransport.RoundTrip(request)
}

// secrets stand in for the API server: Secrets of the namespace shop by name.
type secrets struct {
	client.Reader
	mu   sync.Mutex
	held map[string]map[string]string
	read int
}

func (s *secrets) Get(_ context.Context, name client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read++
	data, ok := s.held[name.Name]
	if !ok || name.Namespace != "shop" {
		return apierrors.NewNotFound(corev1.Resource("secrets"), name.Name)
	}
	secret := into.(*corev1.Secret)
	secret.Data = map[string][]byte{}
	for key, value := range data {
		secret.Data[key] = []byte(value)
	}
	return nil
}

// clock is a clock that a test turns.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) turn(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

func within(t *testing.T, bound time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	t.Cleanup(cancel)
	return ctx
}
