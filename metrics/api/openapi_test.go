package api

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	smi "github.com/serin-dev/serin/api/smi/metrics"
)

func TestEveryFieldIsDescribed(t *testing.T) {
	described := map[string][]string{}
	for _, m := range models {
		for _, f := range m.fields {
			described[m.name] = append(described[m.name], f.name)
			if f.description == "" {
				t.Errorf("%s.%s has no description", m.name, f.name)
			}
		}
	}
	for _, object := range []any{smi.TrafficMetrics{}, smi.TrafficMetricsList{}, smi.ObjectReference{}, smi.Edge{}, smi.Backend{}, smi.Metric{}} {
		typed := reflect.TypeOf(object)
		var fields []string
		for i := range typed.NumField() {
			name, _, _ := strings.Cut(typed.Field(i).Tag.Get("json"), ",")
			switch {
			case name == "-":
			case name == "":
				fields = append(fields, "kind", "apiVersion")
			default:
				fields = append(fields, name)
			}
		}
		if diff := cmp.Diff(fields, described[typed.Name()]); diff != "" {
			t.Errorf("%s: %s", typed.Name(), diff)
		}
	}
}

func TestOpenAPIIsServed(t *testing.T) {
	h := served(t)
	for path, want := range map[string]string{
		"/openapi/v2":       `"io.smi-spec.metrics.v1alpha1.TrafficMetrics":`,
		"/openapi/v2?kinds": `"x-kubernetes-group-version-kind":[{"group":"metrics.smi-spec.io","kind":"TrafficMetrics","version":"v1alpha1"}]`,
		"/openapi/v3":       `"apis/metrics.smi-spec.io/v1alpha1"`,
		"/openapi/v3/apis/metrics.smi-spec.io/v1alpha1": "/apis/metrics.smi-spec.io/v1alpha1/namespaces/{namespace}/deployments/{name}/edges",
	} {
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%s answered %d: %.300s", path, answer.Code, answer.Body)
		}
	}
}
