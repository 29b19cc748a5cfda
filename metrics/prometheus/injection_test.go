package prometheus_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/metrics/prometheus"
	"github.com/serin-dev/serin/metrics/source"
	real "github.com/serin-dev/serin/test/prometheus"
)

// hostile are names that would find others, if a query took them for more than names.
var hostile = []string{
	"app.v1", "app-v1.*", ".*", ".+", "app-v1|web", "(app-v1)", "app-v1$", "[a-z0-9-]+", "app-v1\\", "app-v1\"", "app-v1'", "app-v1`",
	`app-v1"} or vector(9) or x{y="`, `"}[1m]) or vector(9) #`, "app-v1,x!=1", "{namespace}", "(?P<name>.+)", "app-v1\n", "APP-V1", "%2e%2a", "app-v1_t_svc_80",
}

// loaded serves a fixture in a world with other objects.
func loaded(t *testing.T, name string, w *world) http.Handler {
	t.Helper()
	f := readFixture(t, "testdata/"+name+".yaml")
	server := real.ForTest(t, real.Options{})
	end := time.Now().Add(-time.Minute).Truncate(time.Minute)
	if err := server.Load(t.Context(), f.load(t, end)...); err != nil {
		t.Fatal(err)
	}
	s := newSource(t, prometheus.Options{Address: server.URL, Profile: name, Splits: w})
	return w.serve(t, s, end.Add(prometheus.DefaultDelay+time.Second))
}

// TestNamesThatDoNotExist: whoever asks for a name that is no object's is told so, whatever it would match.
func TestNamesThatDoNotExist(t *testing.T) {
	for _, name := range []string{"istio", "kuma"} {
		h := loaded(t, name, readFixture(t, "testdata/"+name+".yaml").world())
		for _, text := range hostile {
			for _, path := range []string{"/namespaces/t/deployments/%s", "/namespaces/t/services/%s", "/namespaces/t/services/%s/edges",
				"/namespaces/t/trafficsplits/%s", "/namespaces/%s/deployments/app-v1", "/namespaces/%s/services/app-v1"} {
				path = strings.Replace(path, "%s", url.PathEscape(text), 1)
				answer := ask(h, path+"?window=1m")
				if answer.Code != http.StatusNotFound || strings.Contains(answer.Body.String(), "success_count") {
					t.Errorf("%s %s: %d %s", name, path, answer.Code, answer.Body)
				}
			}
		}
	}
}

// TestNamesAreOnlyNames: even if such objects and namespaces existed, they would not be shown what others counted.
func TestNamesAreOnlyNames(t *testing.T) {
	for _, name := range []string{"istio", "kuma", "linkerd", "app-mesh"} {
		w := &world{objects: map[source.Kind][]string{}}
		for _, text := range hostile {
			w.objects[source.Services] = append(w.objects[source.Services], "t/"+text, strings.ReplaceAll(text, "app-v1", "t")+"/app-v1")
			w.objects[source.Namespaces] = append(w.objects[source.Namespaces], strings.ReplaceAll(text, "app-v1", "t"))
		}
		h := loaded(t, name, w)
		for _, object := range w.objects[source.Services] {
			namespace, service, _ := strings.Cut(object, "/")
			path := "/namespaces/" + url.PathEscape(namespace) + "/services/" + url.PathEscape(service)
			answer := ask(h, path+"?window=1m")
			if diff := cmp.Diff([]string{service + " from client success=0 failure=0"}, items(t, answer)); diff != "" {
				t.Errorf("%s %s: %s", name, path, diff)
			}
		}
		for _, line := range items(t, ask(h, "/services?window=1m")) {
			if !strings.HasSuffix(line, " from client success=0 failure=0") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}
