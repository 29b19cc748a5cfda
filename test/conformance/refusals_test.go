package conformance

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	smi "github.com/serin-dev/serin/api/smi/metrics"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// refusals is TM-S4.
func refusals(t *testing.T, s *stage) {
	for _, path := range []string{"/deployments/a", "/deployments/b", "/deployments/c"} {
		since := s.begin(t, s.path(path), time.Time{})
		item := s.question(s.path(path)).whole(t, since, sums{}).items[0]
		success, stated := item.Count(smi.SuccessCount)
		if _, timed := item.Latency(smi.LatencyP50); !stated || success != 0 || timed || len(item.Metrics) != 2 {
			t.Errorf("without requests %s has %+v", path, item.Metrics)
		}
	}
	for path, what := range map[string]string{
		"/deployments/x": `deployments.metrics.smi-spec.io "x"`, "/deployments/x/edges": `deployments.metrics.smi-spec.io "x"`,
		"/trafficsplits/x": `trafficsplits.metrics.smi-spec.io "x"`, "/jobs/x": `jobs.metrics.smi-spec.io "x"`,
	} {
		_, err := s.question(s.path(path)).ask(t.Context())
		must(t, says(err, http.StatusNotFound, what+" not found"))
	}
	for _, path := range []string{"/nodes/x", "/namespaces/x/edges"} {
		_, err := s.question(group + path).ask(t.Context())
		must(t, says(err, http.StatusNotFound, ""))
	}
	for query, begin := range s.refused {
		values, err := url.ParseQuery(query)
		must(t, err)
		for _, path := range []string{"/deployments/b", "/deployments", "/deployments/b/edges", "/trafficsplits/app"} {
			code, body, err := s.cluster.ask(t.Context(), s.path(path)+"?"+values.Encode())
			must(t, err)
			var status metav1.Status
			if err := json.Unmarshal(body, &status); err != nil || code != http.StatusBadRequest || status.Kind != "Status" ||
				status.Reason != metav1.StatusReasonBadRequest || !strings.HasPrefix(status.Message, begin) {
				t.Errorf("%s?%s: %d %s, want 400 %s", path, query, code, body, begin)
			}
		}
	}
	for _, path := range []string{"/deployments/b", "/trafficsplits/app", "/deployments/b/edges"} {
		for since, begin := range map[string]string{"2019-04-08T22:25:55Z": s.forgotten, stamp(time.Now().Add(-30 * time.Minute)): s.unknown} {
			_, err := s.question(s.path(path)).ask(t.Context(), "since", since)
			must(t, says(err, http.StatusGone, begin))
		}
	}
}
