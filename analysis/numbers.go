package analysis

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// How numbers are written in the sentences of reasons.go.

// shares lists weights by version, in the order of their numbers.
func shares(weights map[string]int64) string {
	var parts []string
	for _, version := range slices.SortedFunc(maps.Keys(weights), byNumber) {
		parts = append(parts, fmt.Sprintf("%s %d", version, weights[version]))
	}
	return strings.Join(parts, ", ")
}

// bound writes a latency limit, and the bucket bound that stands for it where they differ.
func bound(limit, bucket time.Duration) string {
	if bucket == 0 || bucket == limit {
		return milliseconds(limit)
	}
	return fmt.Sprintf("%s (measured at %s)", milliseconds(limit), milliseconds(bucket))
}

// succeeded writes the share that did not fail, with the digits of its bound and at least two. It is rounded down, so that no
// failure is rounded away and a broken bound reads as broken.
func succeeded(failed float64, bound string) string {
	digits := 2
	if _, fraction, ok := strings.Cut(bound, "."); ok {
		digits = min(max(digits, len(fraction)), 6)
	}
	scale := math.Pow10(digits)
	return fmt.Sprintf("%.*f%%", digits, math.Floor((1-failed)*100*scale+1e-6)/scale)
}

// slower writes the share of slow requests, rounded up like a failure.
func slower(share float64) string {
	return fmt.Sprintf("%.2f%% slower", max(math.Ceil(share*1e4-1e-6)/100, 0))
}

func against(rate, base float64) string {
	return fmt.Sprintf("%.3g%% against %.3g%%", rate*100, base*100)
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%gms", float64(d.Round(100*time.Microsecond))/float64(time.Millisecond))
}

func count(n int32, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// span writes a length of time without needless digits.
func span(d time.Duration) string {
	if d >= 10*time.Second {
		d = d.Round(time.Second)
	} else {
		d = d.Round(100 * time.Millisecond)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
