package scrape

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
)

// BenchmarkParse reads what a proxy says that serves 1,000 series with 14 buckets each.
func BenchmarkParse(b *testing.B) {
	var requests, durations strings.Builder
	for i := range 1000 {
		labels := fmt.Sprintf(`namespace="shop",split="app-%d",apex="app-%d",backend="app-%d-v1",workload="app-%d-v1",pod="app-%d-v1-0",caller_namespace="web",caller_workload="front",caller_pod="front-0"`, i, i, i, i, i)
		fmt.Fprintf(&requests, "serin_proxy_requests_total{%s,outcome=\"success\"} %d\n", labels, 1000+i)
		fmt.Fprintf(&requests, "serin_proxy_requests_total{%s,outcome=\"failure\"} %d\n", labels, i)
		for bucket := range 14 {
			fmt.Fprintf(&durations, "serin_proxy_request_duration_seconds_bucket{%s,le=\"%d\"} %d\n", labels, bucket+1, bucket*10)
		}
		fmt.Fprintf(&durations, "serin_proxy_request_duration_seconds_count{%s} %d\n", labels, 1000+2*i)
	}
	text := []byte("# TYPE serin_proxy_requests_total counter\n" + requests.String() +
		"# TYPE serin_proxy_request_duration_seconds histogram\n" + durations.String())
	for name, said := range map[string][]byte{"text": text, "protobuf": asProtobuf(b, string(text))} {
		format := map[string]expfmt.Format{"text": expfmt.FmtText, "protobuf": expfmt.FmtProtoDelim}[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(bytes.NewReader(said), format); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
