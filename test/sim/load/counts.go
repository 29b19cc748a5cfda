package load

import "time"

// Counts are the answers of one release.
type Counts struct {
	// OK were right.
	OK uint64
	// Slow were right too, but the release took its time on purpose. They are part of OK.
	Slow uint64
	// FailedByRelease are failures that the release made on purpose.
	FailedByRelease uint64
	// FailedBetween are all other failures: what lies between the caller and the release made them.
	FailedBetween uint64
	// Latency is that of all answers, from when the request was due.
	Latency Histogram
}

// Sent returns how many requests were answered or failed.
func (c Counts) Sent() uint64 { return c.OK + c.FailedByRelease + c.FailedBetween }

// SuccessRate returns the share of right answers, from 0 to 1; 1 when there is none at all.
func (c Counts) SuccessRate() float64 {
	if c.Sent() == 0 {
		return 1
	}
	return float64(c.OK) / float64(c.Sent())
}

// Plus returns the sum of both.
func (c Counts) Plus(o Counts) Counts {
	c.OK, c.Slow = c.OK+o.OK, c.Slow+o.Slow
	c.FailedByRelease, c.FailedBetween = c.FailedByRelease+o.FailedByRelease, c.FailedBetween+o.FailedBetween
	for i := range c.Latency {
		c.Latency[i] += o.Latency[i]
	}
	return c
}

// Minus returns what came since an earlier look.
func (c Counts) Minus(earlier Counts) Counts {
	c.OK, c.Slow = c.OK-earlier.OK, c.Slow-earlier.Slow
	c.FailedByRelease, c.FailedBetween = c.FailedByRelease-earlier.FailedByRelease, c.FailedBetween-earlier.FailedBetween
	for i := range c.Latency {
		c.Latency[i] -= earlier.Latency[i]
	}
	return c
}

// ByRelease are counts by the release that answered; those of requests that no release answered are under "".
type ByRelease map[string]Counts

// Sum returns the counts of all releases together.
func (b ByRelease) Sum() Counts {
	sum := Counts{}
	for _, counts := range b {
		sum = sum.Plus(counts)
	}
	return sum
}

// Chapter are the requests that were due between two marks.
type Chapter struct {
	// Name is the mark's.
	Name string
	// Began is when the chapter began.
	Began time.Time
	// Releases are the counts.
	Releases ByRelease
}

// Example is one failure between the caller and the release.
type Example struct {
	// Due is when the request was due.
	Due time.Time
	// Chapter is the name of the chapter.
	Chapter string
	// Text says what went wrong.
	Text string
}

// Snapshot is everything counted until now.
type Snapshot struct {
	// Chapters are in order of time.
	Chapters []Chapter
	// Examples are the first failures between caller and release.
	Examples []Example
	// InFlight are requests without an answer yet.
	InFlight int
}

// Total returns the counts of all chapters together.
func (s Snapshot) Total() ByRelease {
	total := ByRelease{}
	for _, chapter := range s.Chapters {
		for release, counts := range chapter.Releases {
			total[release] = total[release].Plus(counts)
		}
	}
	return total
}
