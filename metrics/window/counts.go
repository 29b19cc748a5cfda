package window

import (
	"slices"
	"time"
)

// Requests is the number of requests, successes and failures together.
func (c *Counts) Requests() uint64 { return c.Success + c.Failure }

// Add adds other to c. Where the two histograms have different bounds only the bounds they share remain, because only at
// those is the sum known; counts whose histogram is unknown leave the histogram of the sum unknown.
func (c *Counts) Add(other Counts) {
	switch {
	case other.empty():
		return
	case c.empty():
		c.Latency = Latency{Bounds: other.Latency.Bounds, Counts: slices.Clone(other.Latency.Counts)}
	case len(c.Latency.Counts) == 0 || len(other.Latency.Counts) == 0:
		c.Latency = Latency{}
	case sameBounds(c.Latency.Bounds, other.Latency.Bounds):
		for i, n := range other.Latency.Counts {
			c.Latency.Counts[i] += n
		}
	default:
		c.Latency = common(c.Latency, other.Latency)
	}
	c.Success += other.Success
	c.Failure += other.Failure
}

func (c *Counts) empty() bool {
	return c.Success == 0 && c.Failure == 0 && !slices.ContainsFunc(c.Latency.Counts, func(n uint64) bool { return n > 0 })
}

// Cumulative returns, for each bound, the number of requests that took that long or less.
func (l Latency) Cumulative() []uint64 {
	sums := make([]uint64, len(l.Bounds))
	sum := uint64(0)
	for i := range l.Bounds {
		sum += l.Counts[i]
		sums[i] = sum
	}
	return sums
}

// Total is the number of requests in all buckets.
func (l Latency) Total() uint64 {
	sum := uint64(0)
	for _, n := range l.Counts {
		sum += n
	}
	return sum
}

// common adds two histograms over the bounds they share.
func common(a, b Latency) Latency {
	var sum Latency
	below, cumulativeA, cumulativeB := uint64(0), a.Cumulative(), b.Cumulative()
	for i, bound := range a.Bounds {
		k, shared := slices.BinarySearch(b.Bounds, bound)
		if !shared {
			continue
		}
		here := cumulativeA[i] + cumulativeB[k]
		sum.Bounds = append(sum.Bounds, bound)
		sum.Counts = append(sum.Counts, here-below)
		below = here
	}
	sum.Counts = append(sum.Counts, a.Total()+b.Total()-below)
	return sum
}

// Quantile estimates the duration that the share q of the requests did not exceed, q between 0 and 1, by linear
// interpolation inside the bucket in which it lies; the first bucket begins at zero. In the infinite bucket nothing can be
// interpolated: the answer is the highest bound. It reports false if there are no requests or no bounds.
func (l Latency) Quantile(q float64) (time.Duration, bool) {
	total := l.Total()
	if total == 0 || len(l.Bounds) == 0 {
		return 0, false
	}
	rank, below := q*float64(total), uint64(0)
	lower := time.Duration(0)
	for i, upper := range l.Bounds {
		inside := l.Counts[i]
		if inside > 0 && float64(below+inside) >= rank {
			share := (rank - float64(below)) / float64(inside)
			return lower + time.Duration(share*float64(upper-lower)), true
		}
		below, lower = below+inside, upper
	}
	return lower, true
}
