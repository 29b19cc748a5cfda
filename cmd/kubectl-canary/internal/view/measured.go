package view

import (
	"fmt"
	"strconv"
	"time"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"
)

// percent is a share of requests. It is rounded, but never to all or to none of them.
func percent(share *float64) string {
	if share == nil {
		return "-"
	}
	text := strconv.FormatFloat(100**share, 'f', 1, 64)
	switch {
	case text == "100.0" && *share < 1:
		return ">99.9%"
	case text == "0.0" && *share > 0:
		return "<0.1%"
	}
	return text + "%"
}

// perSecond is a rate. It is rounded, but never to none.
func perSecond(rate *float64) string {
	if rate == nil {
		return "-"
	}
	text := strconv.FormatFloat(*rate, 'f', 1, 64)
	if text == "0.0" && *rate > 0 {
		return "<0.1"
	}
	return text
}

// latency has two or three digits: 85µs, 9.5ms, 231ms, 1.23s. It is rounded, but never to none.
func latency(of *traffic.Seconds) string {
	if of == nil {
		return "-"
	}
	d := time.Duration(*of)
	switch {
	case d >= 9995*time.Millisecond:
		return whole(d.Round(time.Second))
	case d >= 999500*time.Microsecond:
		return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + "s"
	case d >= 9950*time.Microsecond:
		return fmt.Sprintf("%dms", d.Round(time.Millisecond).Milliseconds())
	case d >= 100*time.Microsecond:
		return strconv.FormatFloat(d.Seconds()*1000, 'f', 1, 64) + "ms"
	case d == 0:
		return "0ms"
	case d < 500*time.Nanosecond:
		return "<1µs"
	}
	return fmt.Sprintf("%dµs", d.Round(time.Microsecond).Microseconds())
}

// amount is a count of requests, which may be interpolated.
func amount(n *float64) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatFloat(*n, 'f', -1, 64)
}

func window(n traffic.Numbers) string {
	if n.Window <= 0 {
		return "-"
	}
	return span(time.Duration(n.Window))
}

// clock is a time of today, with the date if it is of another day: a server that stands still is not taken for one that runs.
func (o Options) clock(t time.Time) string {
	switch {
	case t.IsZero():
		return "-"
	case t.UTC().Format(time.DateOnly) != o.Now.UTC().Format(time.DateOnly):
		return t.UTC().Format(time.DateTime)
	}
	return t.UTC().Format(time.TimeOnly)
}

// windowsOf says which windows numbers are of: "a window of 10s that ended at 15:04:00 UTC".
func (o Options) windowsOf(all []traffic.Numbers) string {
	var shortest, longest, first, last traffic.Numbers
	for _, n := range all {
		if n.Window <= 0 || n.Ended.IsZero() {
			continue
		}
		if shortest.Window == 0 {
			shortest, longest, first, last = n, n, n, n
		}
		if n.Window < shortest.Window {
			shortest = n
		}
		if n.Window > longest.Window {
			longest = n
		}
		if n.Ended.Before(first.Ended) {
			first = n
		}
		if n.Ended.After(last.Ended) {
			last = n
		}
	}
	length, ended := window(shortest), "at "+o.clock(last.Ended)
	if shortest.Window != longest.Window {
		length += " to " + window(longest)
	}
	if !first.Ended.Equal(last.Ended) {
		ended = "from " + o.clock(first.Ended) + " to " + o.clock(last.Ended)
	}
	switch {
	case shortest.Window == 0:
		return ""
	case length == window(shortest) && first.Ended.Equal(last.Ended):
		return fmt.Sprintf("a window of %s that ended %s UTC", length, ended)
	}
	return fmt.Sprintf("windows of %s that ended %s UTC", length, ended)
}
