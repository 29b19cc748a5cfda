package traffic

import (
	"encoding/json"
	"time"

	"github.com/serin-dev/serin/api/smi/metrics"
)

// Numbers are what one item says; nil is what was not measured.
type Numbers struct {
	// Requests and Failures are counts of the window. Requests are known only if successes and failures both are.
	Requests *float64 `json:"requests,omitempty"`
	Failures *float64 `json:"failures,omitempty"`
	// PerSecond are the requests per second of the window.
	PerSecond *float64 `json:"requestsPerSecond,omitempty"`
	// Success is the share of requests that succeeded, 0 to 1; without requests there is none.
	Success *float64 `json:"successRate,omitempty"`
	P50     *Seconds `json:"p50Seconds,omitempty"`
	P90     *Seconds `json:"p90Seconds,omitempty"`
	P99     *Seconds `json:"p99Seconds,omitempty"`
	// Window is how long the window is, 0 when the server does not say.
	Window Seconds `json:"windowSeconds,omitzero"`
	// Ended is when the window ended, zero when the server does not say.
	Ended time.Time `json:"endedAt,omitzero"`
	// Bounds is the number of bounds of the latency histogram, 0 without one.
	Bounds int `json:"histogramBounds,omitzero"`
}

// Seconds is a length of time that JSON has in seconds.
type Seconds time.Duration

// MarshalJSON writes a number of seconds.
func (s Seconds) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(s).Seconds()) }

// NumbersOf reads the numbers of an item.
func NumbersOf(item *metrics.TrafficMetrics) Numbers {
	n := Numbers{Window: Seconds(item.Window.Duration), Ended: item.Timestamp.UTC(), Bounds: len(item.LatencyBuckets())}
	for name, into := range map[string]**Seconds{metrics.LatencyP50: &n.P50, metrics.LatencyP90: &n.P90, metrics.LatencyP99: &n.P99} {
		if latency, measured := item.Latency(name); measured {
			seconds := Seconds(latency)
			*into = &seconds
		}
	}
	failures, failuresKnown := item.Count(metrics.FailureCount)
	if failuresKnown {
		n.Failures = &failures
	}
	successes, successesKnown := item.Count(metrics.SuccessCount)
	if !successesKnown || !failuresKnown {
		return n
	}
	requests := successes + failures
	n.Requests = &requests
	if requests > 0 {
		share := successes / requests
		n.Success = &share
	}
	if n.Window > 0 {
		perSecond := requests / time.Duration(n.Window).Seconds()
		n.PerSecond = &perSecond
	}
	return n
}

// busy says that there were requests, or that nobody knows that there were none.
func (n Numbers) busy() bool { return n.Requests == nil || *n.Requests > 0 }
