package metrics

import (
	"errors"
	"fmt"
	"math"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

// units are the latency units that are read. The published example says seconds, every published server says ms.
var units = map[string]time.Duration{
	"":  time.Millisecond,
	"s": time.Second, "second": time.Second, "seconds": time.Second,
	"ms": time.Millisecond, "millisecond": time.Millisecond, "milliseconds": time.Millisecond,
	"us": time.Microsecond, "µs": time.Microsecond, "microsecond": time.Microsecond, "microseconds": time.Microsecond,
}

// ParseUnit returns how long one of a unit lasts. A latency without a unit is in milliseconds: the specification does not
// say, and every published server counts in them.
func ParseUnit(unit string) (time.Duration, bool) {
	length, known := units[unit]
	return length, known
}

// count returns a metric's value as a number of requests: without a unit, finite and not negative.
func count(metric Metric) (float64, bool) {
	n, isNumber := number(metric.Value)
	if !isNumber || metric.Unit != "" {
		return 0, false
	}
	return n, true
}

// latency returns a metric's value as a duration, rounded to the nearest nanosecond.
func latency(metric Metric) (time.Duration, bool) {
	length, known := ParseUnit(metric.Unit)
	n, isNumber := number(metric.Value)
	nanoseconds := math.Round(n * float64(length))
	if !known || !isNumber || nanoseconds >= math.MaxInt64 {
		return 0, false
	}
	return time.Duration(nanoseconds), true
}

// number returns a value as a finite number that is not negative; nothing else is a count or a latency.
func number(value resource.Quantity) (float64, bool) {
	n := value.AsApproximateFloat64()
	if math.IsNaN(n) || math.IsInf(n, 0) || n < 0 {
		return 0, false
	}
	return n, true
}

// maxCount is more requests than a window can hold; a larger number is garbage.
const maxCount = 1e15

// NewCount returns the metric of a count. A count is a finite number that is not negative; it need not be whole, because
// increases over a window are interpolated. It is kept to a thousandth.
func NewCount(name string, count float64) (Metric, error) {
	if math.IsNaN(count) || count < 0 || count > maxCount {
		return Metric{}, fmt.Errorf("%s is %v, which is not a count", name, count)
	}
	thousandths := int64(math.Round(count * 1000))
	return Metric{Name: name, Value: *resource.NewMilliQuantity(thousandths, resource.DecimalSI)}, nil
}

var errNegativeLatency = errors.New("a latency is not negative")

// NewLatency returns the metric of a latency, in milliseconds and exact to the nanosecond.
func NewLatency(name string, value time.Duration) (Metric, error) {
	if value < 0 {
		return Metric{}, fmt.Errorf("%s is %s: %w", name, value, errNegativeLatency)
	}
	milliseconds := resource.NewScaledQuantity(value.Nanoseconds(), resource.Micro)
	return Metric{Name: name, Unit: UnitMilliseconds, Value: *milliseconds}, nil
}
