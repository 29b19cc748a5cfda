package telemetry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// shelf is a cache of Canaries.
type shelf struct {
	client.Reader
	canaries map[string]v1alpha1.CanaryStatus
	broken   error
}

func (s *shelf) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	for name, status := range s.canaries {
		canary := v1alpha1.Canary{Status: status}
		canary.Namespace, canary.Name, _ = strings.Cut(name, "/")
		list.(*v1alpha1.CanaryList).Items = append(list.(*v1alpha1.CanaryList).Items, canary)
	}
	return s.broken
}

var errBroken = errors.New("the cache is not started")

// at is an instant so many seconds into the test.
func at(seconds float64) *v1alpha1.Time {
	start := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	return v1alpha1.At(start.Add(time.Duration(seconds * float64(time.Second))))
}

// expect compares what the registry shows with lines. A counter or histogram that has not moved shows nothing; one that has
// shows a line such as "serin_rollback_seconds 1 in 4s".
func expect(t *testing.T, registry prometheus.Gatherer, want string) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if line := line(family.GetName(), m); line != "" {
				shown = append(shown, line)
			}
		}
	}
	var wanted []string
	for line := range strings.Lines(want) {
		if line = strings.TrimSpace(line); line != "" {
			wanted = append(wanted, line)
		}
	}
	if diff := cmp.Diff(wanted, shown); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

func line(name string, m *dto.Metric) string {
	var labels []string
	for _, pair := range m.GetLabel() {
		labels = append(labels, fmt.Sprintf("%s=%q", pair.GetName(), pair.GetValue()))
	}
	if labels != nil {
		name += "{" + strings.Join(labels, ",") + "}"
	}
	switch {
	case m.GetGauge() != nil:
		return fmt.Sprintf("%s %v", name, m.GetGauge().GetValue())
	case m.GetCounter().GetValue() > 0:
		return fmt.Sprintf("%s %v", name, m.GetCounter().GetValue())
	case m.GetHistogram().GetSampleCount() > 0:
		return fmt.Sprintf("%s %d in %vs", name, m.GetHistogram().GetSampleCount(), m.GetHistogram().GetSampleSum())
	}
	return ""
}
