package scrape

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/serin-dev/serin/metrics/window"
)

// histogram turns cumulative buckets by seconds into separate buckets by durations.
func (p *parsing) histogram(h *dto.Histogram) (window.Latency, error) {
	if h.SampleCountFloat != nil || h.GetSampleCount() > maxCounter {
		return window.Latency{}, errors.New("the number of requests is not a whole number from 0 to 2^53")
	}
	var bounds []time.Duration
	counts := make([]uint64, 0, len(h.GetBucket())+1)
	below := uint64(0)
	for _, b := range h.GetBucket() {
		if b.CumulativeCountFloat != nil || b.GetCumulativeCount() < below || b.GetCumulativeCount() > h.GetSampleCount() {
			return window.Latency{}, fmt.Errorf("bucket %v is not between the bucket before it and the number of requests", b.GetUpperBound())
		}
		if math.IsInf(b.GetUpperBound(), 1) {
			break // the rest of the requests, the same as the number of them
		}
		bound, err := duration(b.GetUpperBound())
		if err != nil {
			return window.Latency{}, err
		}
		if n := len(bounds); n > 0 && bound <= bounds[n-1] {
			return window.Latency{}, fmt.Errorf("bucket %s does not follow bucket %s", bound, bounds[n-1])
		}
		bounds = append(bounds, bound)
		counts = append(counts, b.GetCumulativeCount()-below)
		below = b.GetCumulativeCount()
	}
	if slices.Equal(p.bounds, bounds) {
		bounds = p.bounds
	}
	p.bounds = bounds
	return window.Latency{Bounds: bounds, Counts: append(counts, h.GetSampleCount()-below)}, nil
}

// duration reads a bound in seconds, to the nanosecond.
func duration(seconds float64) (time.Duration, error) {
	nanoseconds := math.Round(seconds * 1e9)
	if math.IsNaN(nanoseconds) || nanoseconds <= 0 || nanoseconds >= math.MaxInt64 {
		return 0, fmt.Errorf("%v s is not the bound of a bucket", seconds)
	}
	return time.Duration(nanoseconds), nil
}
