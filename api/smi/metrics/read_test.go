package metrics

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
)

func TestLatencyIsInTheUnitThatIsStated(t *testing.T) {
	tests := map[string]struct {
		unit, value string
		want        time.Duration
		wantAbsent  bool
	}{
		"the published example, ten thousandths of a second": {unit: "seconds", value: "10m", want: 10 * time.Millisecond},
		"s is seconds":                     {unit: "s", value: "2", want: 2 * time.Second},
		"ms is milliseconds":               {unit: "ms", value: "9500m", want: 9500 * time.Microsecond},
		"milliseconds written out":         {unit: "milliseconds", value: "48", want: 48 * time.Millisecond},
		"us is microseconds":               {unit: "us", value: "2500", want: 2500 * time.Microsecond},
		"no unit is milliseconds":          {unit: "", value: "48", want: 48 * time.Millisecond},
		"nothing took no time":             {unit: "ms", value: "0", want: 0},
		"a unit nobody knows is absent":    {unit: "minutes", value: "1", wantAbsent: true},
		"units are compared as written":    {unit: "MS", value: "1", wantAbsent: true},
		"a negative latency is absent":     {unit: "ms", value: "-1", wantAbsent: true},
		"longer than a duration is absent": {unit: "s", value: "10G", wantAbsent: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			read := TrafficMetrics{Metrics: []Metric{{Name: LatencyP99, Unit: tc.unit, Value: resource.MustParse(tc.value)}}}
			got, found := read.Latency(LatencyP99)
			if found == tc.wantAbsent || got != tc.want {
				t.Errorf("got %s %t, want %s %t", got, found, tc.want, !tc.wantAbsent)
			}
		})
	}
}

func TestCount(t *testing.T) {
	read := TrafficMetrics{Metrics: []Metric{
		{Name: SuccessCount, Value: resource.MustParse("118")},
		{Name: FailureCount, Value: resource.MustParse("2500m")},
		{Name: "twice", Value: resource.MustParse("1")},
		{Name: "twice", Value: resource.MustParse("1")},
		{Name: "negative", Value: resource.MustParse("-1")},
		{Name: LatencyP50, Unit: "ms", Value: resource.MustParse("4")},
	}}
	tests := map[string]struct {
		name       string
		want       float64
		wantAbsent bool
	}{
		"a whole number":                       {name: SuccessCount, want: 118},
		"an interpolated number":               {name: FailureCount, want: 2.5},
		"a name that is not there is absent":   {name: "requests", wantAbsent: true},
		"a name that is there twice is absent": {name: "twice", wantAbsent: true},
		"a negative number is absent":          {name: "negative", wantAbsent: true},
		"a latency is no count":                {name: LatencyP50, wantAbsent: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, found := read.Count(tc.name)
			if found == tc.wantAbsent || got != tc.want {
				t.Errorf("got %v %t, want %v %t", got, found, tc.want, !tc.wantAbsent)
			}
		})
	}
}

func TestLatencyLENameAndBack(t *testing.T) {
	tests := map[string]struct {
		bound time.Duration
		want  string
	}{
		"whole milliseconds":       {bound: 250 * time.Millisecond, want: "response_latency_le_250ms"},
		"a fraction":               {bound: 2500 * time.Microsecond, want: "response_latency_le_2.5ms"},
		"a second":                 {bound: time.Second, want: "response_latency_le_1000ms"},
		"a nanosecond":             {bound: 1, want: "response_latency_le_0.000001ms"},
		"nothing":                  {bound: 0, want: "response_latency_le_0ms"},
		"the longest that has one": {bound: 9223372036854 * time.Millisecond, want: "response_latency_le_9223372036854ms"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := LatencyLEName(tc.bound); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			if bound, understood := ParseLatencyLE(tc.want); !understood || bound != tc.bound {
				t.Errorf("got %s %t, want %s", bound, understood, tc.bound)
			}
		})
	}
}

func TestNamesThatAreNoBucket(t *testing.T) {
	tests := map[string]string{
		"another metric":             SuccessCount,
		"no bound":                   "response_latency_le_",
		"a bound without a unit":     "response_latency_le_250",
		"a bound in seconds":         "response_latency_le_1s",
		"infinity":                   "response_latency_le_+Infms",
		"a negative bound":           "response_latency_le_-1ms",
		"a sign":                     "response_latency_le_+1ms",
		"an exponent":                "response_latency_le_1e3ms",
		"a bound with a second name": "response_latency_le_250.0ms",
		"a zero in front":            "response_latency_le_0250ms",
		"finer than a nanosecond":    "response_latency_le_0.0000001ms",
		"longer than a duration":     "response_latency_le_9223372036855ms",
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if bound, understood := ParseLatencyLE(tc); understood {
				t.Errorf("%s is read as %s", tc, bound)
			}
		})
	}
}

func TestLatencyBucketsRiseAndLeaveOutWhatIsNotUnderstood(t *testing.T) {
	read := TrafficMetrics{Metrics: []Metric{
		{Name: LatencyLEName(time.Second), Value: resource.MustParse("9")},
		{Name: SuccessCount, Value: resource.MustParse("9")},
		{Name: LatencyLEName(50 * time.Millisecond), Value: resource.MustParse("3500m")},
		{Name: "response_latency_le_soon", Value: resource.MustParse("1")},
		{Name: LatencyLEName(100 * time.Millisecond), Value: resource.MustParse("-1")},
		{Name: LatencyLEName(200 * time.Millisecond), Value: resource.MustParse("4")},
		{Name: LatencyLEName(200 * time.Millisecond), Value: resource.MustParse("5")},
	}}
	want := []Bucket{{UpperBound: 50 * time.Millisecond, Count: 3.5}, {UpperBound: time.Second, Count: 9}}
	if diff := cmp.Diff(want, read.LatencyBuckets()); diff != "" {
		t.Error(diff)
	}
	if got := new(TrafficMetrics).LatencyBuckets(); got != nil {
		t.Errorf("got %v, want none", got)
	}
}

func TestConstructorsRefuseWhatIsNoNumber(t *testing.T) {
	for name, count := range map[string]float64{"NaN": math.NaN(), "infinity": math.Inf(1), "negative": -1} {
		if metric, err := NewCount(SuccessCount, count); err == nil {
			t.Errorf("%s became %v", name, metric)
		}
	}
	if metric, err := NewLatency(LatencyP99, -1); err == nil {
		t.Errorf("a negative latency became %v", metric)
	}
}

func TestConstructorsWriteWhatTheReadersRead(t *testing.T) {
	tests := map[string]struct {
		latency                time.Duration
		count                  float64
		wantLatency, wantCount string
	}{
		"whole":       {latency: 48 * time.Millisecond, count: 118, wantLatency: "48", wantCount: "118"},
		"a fraction":  {latency: 9500 * time.Microsecond, count: 2.5, wantLatency: "9500m", wantCount: "2500m"},
		"nothing":     {latency: 0, count: 0, wantLatency: "0", wantCount: "0"},
		"exact to ns": {latency: 1234567, count: 0.001, wantLatency: "1234567u", wantCount: "1m"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			latency, latencyErr := NewLatency(LatencyP99, tc.latency)
			count, countErr := NewCount(SuccessCount, tc.count)
			if latencyErr != nil || countErr != nil {
				t.Fatal(latencyErr, countErr)
			}
			if latency.Value.String() != tc.wantLatency || latency.Unit != "ms" || count.Value.String() != tc.wantCount {
				t.Errorf("got %s %s and %s", latency.Value.String(), latency.Unit, count.Value.String())
			}
			read := TrafficMetrics{Metrics: []Metric{latency, count}}
			if got, _ := read.Latency(LatencyP99); got != tc.latency {
				t.Errorf("read back %s", got)
			}
			if got, _ := read.Count(SuccessCount); got != tc.count {
				t.Errorf("read back %v", got)
			}
		})
	}
}
