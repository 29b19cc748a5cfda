package api

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/metrics/source"
	"github.com/serin-dev/serin/metrics/window"
)

// reading is one window on its way out.
type reading struct {
	*source.Reading

	buckets *bucketNames
}

// bucketNames remembers the names of the last histogram's counts: nearly always those of the next one.
type bucketNames struct {
	bounds []time.Duration
	names  []string
}

func (b *bucketNames) of(bounds []time.Duration) []string {
	if !slices.Equal(b.bounds, bounds) {
		b.bounds, b.names = bounds, make([]string, len(bounds))
		for i, bound := range bounds {
			b.names[i] = smi.LatencyLEName(bound)
		}
	}
	return b.names
}

// item is the TrafficMetrics of one resource, with everything but the measured numbers' other end.
func (r reading) item(of smi.ObjectReference, counts *window.Counts) smi.TrafficMetrics {
	end := metav1.NewTime(r.End)
	return smi.TrafficMetrics{
		TypeMeta:   metav1.TypeMeta{APIVersion: smi.GroupVersion.String(), Kind: "TrafficMetrics"},
		ObjectMeta: metav1.ObjectMeta{Name: of.Name, Namespace: of.Namespace, CreationTimestamp: end},
		Resource:   of,
		Timestamp:  end,
		Window:     metav1.Duration{Duration: r.End.Sub(r.Start)},
		Metrics:    r.numbers(counts),
	}
}

// numbers lists the metrics in the order in which they are published. counts may be nil, which is no requests.
func (r reading) numbers(counts *window.Counts) []smi.Metric {
	if counts == nil {
		counts = &window.Counts{}
	}
	metrics := make([]smi.Metric, 0, 5+len(counts.Latency.Bounds))
	if counts.Requests() > 0 {
		for _, quantile := range []struct {
			name string
			q    float64
		}{{smi.LatencyP99, 0.99}, {smi.LatencyP90, 0.90}, {smi.LatencyP50, 0.50}} {
			if latency, known := counts.Latency.Quantile(quantile.q); known {
				metrics = append(metrics, milliseconds(quantile.name, latency))
			}
		}
	}
	metrics = append(metrics, count(smi.SuccessCount, counts.Success), count(smi.FailureCount, counts.Failure))
	if counts.Requests() > 0 && len(counts.Latency.Counts) > 0 {
		names := r.buckets.of(counts.Latency.Bounds)
		for i, sum := range counts.Latency.Cumulative() {
			metrics = append(metrics, count(names[i], sum))
		}
	}
	return metrics
}

func count(name string, n uint64) smi.Metric {
	return smi.Metric{Name: name, Value: *resource.NewQuantity(int64(n), resource.DecimalSI)}
}

// milliseconds states an estimate, to the microsecond.
func milliseconds(name string, latency time.Duration) smi.Metric {
	micros := latency.Round(time.Microsecond).Microseconds()
	return smi.Metric{Name: name, Unit: smi.UnitMilliseconds, Value: *resource.NewMilliQuantity(micros, resource.DecimalSI)}
}
