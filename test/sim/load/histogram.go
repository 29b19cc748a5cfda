package load

import (
	"math"
	"time"
)

// Bounds of a Histogram's buckets: the first is at most firstBound, each further one is wider by the factor growth, and the
// last one has no bound. That reaches beyond a minute.
const (
	firstBound  = 100 * time.Microsecond
	growth      = 1.1
	bucketCount = 144
)

// Histogram counts durations. The zero value is empty; values may be copied and compared.
type Histogram [bucketCount]uint64

func (h *Histogram) add(d time.Duration) {
	if d <= firstBound {
		h[0]++
		return
	}
	i := int(math.Ceil(math.Log(float64(d)/float64(firstBound)) / math.Log(growth)))
	h[min(i, bucketCount-1)]++
}

// Count returns how many durations were counted.
func (h *Histogram) Count() uint64 {
	sum := uint64(0)
	for _, n := range h {
		sum += n
	}
	return sum
}

// Quantile returns a duration that the share q, from 0 to 1, of the durations does not exceed. It is exact up to the width of
// a bucket, 10 %, and 0 when nothing was counted.
func (h *Histogram) Quantile(q float64) time.Duration {
	total := h.Count()
	if total == 0 {
		return 0
	}
	rank, sum := uint64(math.Ceil(q*float64(total))), uint64(0)
	for i, n := range h {
		if sum += n; sum >= max(rank, 1) {
			return bound(i)
		}
	}
	return bound(bucketCount - 1)
}

func bound(i int) time.Duration {
	return time.Duration(float64(firstBound) * math.Pow(growth, float64(i)))
}
