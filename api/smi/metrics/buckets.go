package metrics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Bucket is one cumulative count of a latency histogram.
type Bucket struct {
	// UpperBound is the longest latency that counts.
	UpperBound time.Duration
	// Count is how many requests took UpperBound or less.
	Count float64
}

// LatencyLEName returns the name of the count of requests that took bound or less: response_latency_le_250ms,
// response_latency_le_2.5ms, response_latency_le_1000ms. The bound is always in milliseconds, so that a bound has one name.
func LatencyLEName(bound time.Duration) string {
	whole, rest := bound/time.Millisecond, bound%time.Millisecond
	if rest == 0 {
		return fmt.Sprintf("%s%dms", LatencyLEPrefix, whole)
	}
	return LatencyLEPrefix + strings.TrimRight(fmt.Sprintf("%d.%06d", whole, rest), "0") + "ms"
}

// ParseLatencyLE returns the bound in a name that LatencyLEName wrote, and false for every other name.
func ParseLatencyLE(name string) (time.Duration, bool) {
	text, isBucket := strings.CutPrefix(name, LatencyLEPrefix)
	text, inMilliseconds := strings.CutSuffix(text, "ms")
	digits, fraction, _ := strings.Cut(text, ".")
	if !isBucket || !inMilliseconds || len(fraction) > 6 {
		return 0, false
	}
	whole, wholeErr := strconv.ParseUint(digits, 10, 63)
	rest, restErr := strconv.ParseUint(fraction+"000000"[len(fraction):], 10, 63)
	if wholeErr != nil || restErr != nil || whole > math.MaxInt64/uint64(time.Millisecond) {
		return 0, false
	}
	bound := time.Duration(whole)*time.Millisecond + time.Duration(rest)
	if LatencyLEName(bound) != name {
		return 0, false
	}
	return bound, true
}

// LatencyBuckets returns the histogram's cumulative counts by rising bound, and none when the server gave none. Entries
// that are not understood, or that share a bound, are left out.
func (m *TrafficMetrics) LatencyBuckets() []Bucket {
	var buckets []Bucket
	for _, metric := range m.Metrics {
		bound, isBucket := ParseLatencyLE(metric.Name)
		count, understood := m.Count(metric.Name)
		if isBucket && understood {
			buckets = append(buckets, Bucket{UpperBound: bound, Count: count})
		}
	}
	slices.SortFunc(buckets, func(a, b Bucket) int { return cmp.Compare(a.UpperBound, b.UpperBound) })
	return buckets
}
