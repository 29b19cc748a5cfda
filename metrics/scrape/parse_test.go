package scrape

import (
	"bytes"
	_ "embed"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/serin-dev/serin/metrics/window"
)

//go:embed testdata/proxy.txt
var proxyText string

func TestParseReadsTheContract(t *testing.T) {
	got, err := Parse(strings.NewReader(proxyText), expfmt.FmtText)
	if err != nil {
		t.Fatal(err)
	}
	series := window.Series{
		Namespace: "shop", Split: "birds", Apex: "birds", Backend: "birds-v2", Workload: "birds-v2", Pod: "birds-v2-x",
		CallerNamespace: "web", CallerWorkload: "front", CallerPod: "front-1",
	}
	want := &window.Snapshot{
		Started: time.Unix(1787392800, 250000000),
		Series: map[window.Series]window.Counts{series: {Success: 118, Failure: 2, Latency: window.Latency{
			Bounds: []time.Duration{5 * time.Millisecond, 250 * time.Millisecond}, Counts: []uint64{3, 115, 2},
		}}},
		Weights: map[window.Backend]int64{
			{Namespace: "shop", Split: "birds", Apex: "birds", Backend: "birds-v1"}: 95,
			{Namespace: "shop", Split: "birds", Apex: "birds", Backend: "birds-v2"}: 5,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseOfAProxyThatServedNothing(t *testing.T) {
	for _, format := range []expfmt.Format{expfmt.FmtText, expfmt.FmtProtoDelim, expfmt.FmtUnknown} {
		got, err := Parse(strings.NewReader(""), format)
		if err != nil || len(got.Series) != 0 || len(got.Weights) != 0 || !got.Started.IsZero() {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

// asProtobuf says the same as the text.
func asProtobuf(t testing.TB, text string) []byte {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	encoder := expfmt.NewEncoder(&said, expfmt.FmtProtoDelim)
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			t.Fatal(err)
		}
	}
	return said.Bytes()
}

func TestBothFormsSayTheSame(t *testing.T) {
	text, err := Parse(strings.NewReader(proxyText), expfmt.FmtText)
	if err != nil {
		t.Fatal(err)
	}
	protobuf, err := Parse(bytes.NewReader(asProtobuf(t, proxyText)), expfmt.FmtProtoDelim)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, protobuf); diff != "" {
		t.Error(diff)
	}
}

func TestProtobufThatEndsTooEarlyIsRefused(t *testing.T) {
	whole := asProtobuf(t, proxyText)
	for _, n := range []int{1, len(whole) / 2, len(whole) - 1} {
		if got, err := Parse(bytes.NewReader(whole[:n]), expfmt.FmtProtoDelim); err == nil {
			t.Errorf("%d of %d bytes gave %v", n, len(whole), got)
		}
	}
	if got, err := Parse(strings.NewReader("\xff\xff\xff\xff\xff\xff\x01"), expfmt.FmtProtoDelim); err == nil {
		t.Errorf("a length beyond all bounds gave %v", got)
	}
}

func TestParseRefusesWhatCannotBeTrue(t *testing.T) {
	counter := func(value string) string {
		return "# TYPE serin_proxy_requests_total counter\n" +
			`serin_proxy_requests_total{backend="b",outcome="success"} ` + value + "\n"
	}
	histogram := func(lines ...string) string {
		text := "# TYPE serin_proxy_request_duration_seconds histogram\n"
		for _, line := range lines {
			text += "serin_proxy_request_duration_seconds_" + line + "\n"
		}
		return text
	}
	weight := func(value string) string {
		return "# TYPE serin_proxy_backend_weight gauge\n" + `serin_proxy_backend_weight{backend="b"} ` + value + "\n"
	}
	for name, tc := range map[string]struct{ text, want string }{
		"a counter that is no number":   {counter("NaN"), "NaN is not a whole number"},
		"a negative counter":            {counter("-1"), "-1 is not a whole number"},
		"an infinite counter":           {counter("+Inf"), "+Inf is not a whole number"},
		"a fraction of a request":       {counter("1.5"), "1.5 is not a whole number"},
		"more than a float can count":   {counter("1e17"), "1e+17 is not a whole number"},
		"a series stated twice":         {counter("1") + `serin_proxy_requests_total{backend="b",outcome="success"} 2` + "\n", "stated twice"},
		"an unknown outcome":            {strings.Replace(counter("1"), "success", "maybe", 1), `outcome "maybe" is not`},
		"a counter of another type":     {strings.Replace(counter("1"), "counter", "gauge", 1), "is a GAUGE, want a COUNTER"},
		"a counter without a type":      {strings.SplitAfter(counter("1"), "\n")[1], "is a UNTYPED, want a COUNTER"},
		"a negative weight":             {weight("-5"), "-5 is not a whole number"},
		"a weight stated twice":         {weight("5") + `serin_proxy_backend_weight{backend="b"} 6` + "\n", "stated twice"},
		"half a weight":                 {weight("50.5"), "50.5 is not a whole number"},
		"a start that is no time":       {"# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds NaN\n", "NaN is not a time"},
		"a bucket smaller than before":  {histogram(`bucket{le="1"} 5`, `bucket{le="2"} 4`, `bucket{le="+Inf"} 5`, "count 5"), "bucket 2 is not between"},
		"a bucket larger than all":      {histogram(`bucket{le="1"} 6`, `bucket{le="+Inf"} 5`, "count 5"), "bucket 1 is not between"},
		"a bucket that is no number":    {histogram(`bucket{le="1"} NaN`, `bucket{le="+Inf"} 5`, "count 5"), "is not a whole number"},
		"a negative bucket":             {histogram(`bucket{le="1"} -1`, `bucket{le="+Inf"} 5`, "count 5"), "negative"},
		"a fraction of durations":       {histogram(`bucket{le="1"} 1`, "count 1.5"), "is not a whole number"},
		"bounds out of order":           {histogram(`bucket{le="2"} 1`, `bucket{le="1"} 1`, `bucket{le="+Inf"} 1`, "count 1"), "bucket 1s does not follow bucket 2s"},
		"a bound below zero":            {histogram(`bucket{le="-1"} 1`, `bucket{le="+Inf"} 1`, "count 1"), "-1 s is not the bound"},
		"a histogram stated twice":      {histogram("count 1", `bucket{le="1"} 1`) + "x 1\n" + `serin_proxy_request_duration_seconds_count{extra="1"} 2` + "\n", "stated twice"},
		"a web page":                    {"<html><body>not found</body></html>\n", "text format parsing error"},
		"an answer that ends too early": {counter("1") + `serin_proxy_requests_total{backend="c"`, "text format parsing error"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(strings.NewReader(tc.text), expfmt.FmtText)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, %v, want an error with %q", got, err, tc.want)
			}
		})
	}
}

func TestParseOfAHistogramWithoutItsLastBucket(t *testing.T) {
	text := "# TYPE serin_proxy_request_duration_seconds histogram\n" +
		`serin_proxy_request_duration_seconds_bucket{le="0.001"} 4` + "\n" + "serin_proxy_request_duration_seconds_count 9\n"
	got, err := Parse(strings.NewReader(text), expfmt.FmtText)
	if err != nil {
		t.Fatal(err)
	}
	want := window.Latency{Bounds: []time.Duration{time.Millisecond}, Counts: []uint64{4, 5}}
	if diff := cmp.Diff(want, got.Series[window.Series{}].Latency); diff != "" {
		t.Error(diff)
	}
}

// FuzzParse checks that whatever a proxy says is refused or can be counted with.
func FuzzParse(f *testing.F) {
	f.Add(proxyText)
	f.Add("")
	f.Add("# TYPE serin_proxy_requests_total counter\nserin_proxy_requests_total{outcome=\"failure\"} 1e3\n")
	f.Add("# TYPE serin_proxy_request_duration_seconds histogram\nserin_proxy_request_duration_seconds_bucket{le=\"+Inf\"} 3\n" +
		"serin_proxy_request_duration_seconds_count 3\n")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := Parse(strings.NewReader(text), expfmt.FmtText); err == nil {
			countWith(t, s)
		}
	})
}

// FuzzParseProtobuf is the same for the other form.
func FuzzParseProtobuf(f *testing.F) {
	f.Add(asProtobuf(f, proxyText))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, said []byte) {
		if s, err := Parse(bytes.NewReader(said), expfmt.FmtProtoDelim); err == nil {
			countWith(t, s)
		}
	})
}

func countWith(t *testing.T, s *window.Snapshot) {
	for series, counts := range s.Series {
		l := counts.Latency
		if len(l.Counts) > 0 && len(l.Counts) != len(l.Bounds)+1 {
			t.Errorf("%v has %d bounds and %d buckets", series, len(l.Bounds), len(l.Counts))
		}
		if l.Total() > maxCounter || counts.Success > maxCounter || counts.Failure > maxCounter {
			t.Errorf("%v has %v", series, counts)
		}
	}
	store, err := window.New(time.Second, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for second := range int64(3) {
		round := window.Round{At: time.Unix(second, 0), Sightings: []window.Sighting{{Proxy: "a", Ready: true, Snapshot: s}}}
		if err := store.Add(round); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Read(window.Span{Length: time.Second}, time.Unix(2, 0)); err != nil {
		t.Error(err)
	}
}
