package prometheus

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"github.com/serin-dev/serin/metrics/source"
	"github.com/serin-dev/serin/metrics/window"
)

// answers are what a Prometheus said about one window.
type answers struct {
	requests, failures, buckets model.Vector
}

// pairs reads which objects the labels of an answer name.
type pairs struct {
	of    reader
	other *reader
}

func (p pairs) read(labels model.Metric) (source.Pair, bool) {
	of, known := p.of.read(labels)
	if !known || p.other == nil {
		return source.Pair{Of: of}, known
	}
	other, known := p.other.read(labels)
	return source.Pair{Of: of, Other: other}, known
}

// buckets are those of a histogram, cumulative, by their bounds.
type buckets map[float64]float64

// counts puts the answers together. No failures of an object with requests are none.
func (a answers) counts(p pairs, unit Unit) (map[source.Pair]*window.Counts, error) {
	requests, err := totals(a.requests, p)
	if err != nil {
		return nil, err
	}
	failures, err := totals(a.failures, p)
	if err != nil {
		return nil, err
	}
	histograms := map[source.Pair]buckets{}
	for _, s := range a.buckets {
		pair, known := p.read(s.Metric)
		bound, err := strconv.ParseFloat(string(s.Metric[model.BucketLabel]), 64)
		if !known || err != nil {
			continue
		}
		if histograms[pair] == nil {
			histograms[pair] = buckets{}
		}
		histograms[pair][bound] += float64(s.Value)
	}
	counts := make(map[source.Pair]*window.Counts, len(requests))
	for pair, all := range requests {
		failed := min(failures[pair], all) // a scrape may have come in between the two questions
		counts[pair] = &window.Counts{Success: all - failed, Failure: failed, Latency: latency(histograms[pair], unit)}
	}
	return counts, nil
}

// totals adds up the numbers of each pair.
func totals(v model.Vector, p pairs) (map[source.Pair]uint64, error) {
	sums := map[source.Pair]float64{}
	for _, s := range v {
		if pair, known := p.read(s.Metric); known {
			sums[pair] += float64(s.Value)
		}
	}
	totals := make(map[source.Pair]uint64, len(sums))
	for pair, n := range sums {
		if math.IsNaN(n) || math.IsInf(n, 0) || n < 0 {
			return nil, window.Unavailable("Prometheus has no number of the requests to %s: it says %v", name(pair.Of), n)
		}
		totals[pair] = uint64(math.Round(n))
	}
	return totals, nil
}

func name(o source.Object) string {
	if o.Namespace == "" {
		return o.Name
	}
	return o.Namespace + "/" + o.Name
}

// latency makes a histogram of cumulative buckets. One that is none, or has no infinite bucket, says nothing.
func latency(all buckets, unit Unit) window.Latency {
	bounds := slices.Sorted(maps.Keys(all))
	n := len(bounds)
	if n < 2 || !math.IsInf(bounds[n-1], 1) {
		return window.Latency{}
	}
	l := window.Latency{Bounds: make([]time.Duration, 0, n-1), Counts: make([]uint64, 0, n)}
	below := uint64(0)
	for _, bound := range bounds {
		if math.IsNaN(all[bound]) || math.IsInf(all[bound], 0) || all[bound] < 0 {
			return window.Latency{}
		}
		// A scrape may have come in while the buckets were read: none has less than the one before it.
		count := max(uint64(math.Round(all[bound])), below)
		if !math.IsInf(bound, 1) {
			l.Bounds = append(l.Bounds, time.Duration(math.Round(bound*float64(unit.duration()))))
		}
		l.Counts = append(l.Counts, count-below)
		below = count
	}
	return l
}
