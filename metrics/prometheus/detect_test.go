package prometheus_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/metrics/prometheus"
	real "github.com/serin-dev/serin/test/prometheus"
)

// apart is the time between the ends of what is loaded of different data planes: no question sees two of them.
const apart = 15 * time.Minute

// theSeries are those of a fixture, with what the proxy has beside them: every Envoy counts by code, by class and in all.
func theSeries(t *testing.T, name string, end time.Time) []real.Series {
	t.Helper()
	all := readFixture(t, "testdata/"+name+".yaml").load(t, end)
	envoy := []string{"envoy_cluster_upstream_rq", "envoy_cluster_upstream_rq_xx", "envoy_cluster_upstream_rq_total"}
	for _, s := range slices.Clone(all) {
		if !slices.Contains(envoy, s.Name) {
			continue
		}
		for _, other := range envoy {
			beside := s
			beside.Name = other
			all = append(all, beside)
		}
	}
	return all
}

// TestDetectEach holds every selector of a profile to the series of all: exactly one profile is found in each data plane's, of
// whatever layer. What is found among the series of several is what is found in each of them.
func TestDetectEach(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	profiles, err := prometheus.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	server := real.ForTest(t, real.Options{})
	s := newSource(t, prometheus.Options{Address: server.URL, Splits: &world{}})
	for i, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		end := time.Now().Add(-apart * time.Duration(i+1)).Truncate(time.Second)
		if err := server.Load(t.Context(), theSeries(t, name, end)...); err != nil {
			t.Fatal(err)
		}
		want := []string{name}
		switch name { // two are chosen by their names only
		case "linkerd-routes":
			want = []string{"linkerd"} // the fixture has the series of both
		case "kong":
			want = nil
		}
		if profiles[name] == nil {
			t.Errorf("there is no profile %s", name)
			continue
		}
		got, err := s.Present(t.Context(), end.Add(time.Second))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}

// TestDetectSeveral: what is in use where series of several data planes are there.
func TestDetectSeveral(t *testing.T) {
	server := real.ForTest(t, real.Options{})
	const choose = ": choose one of these profiles by its name"
	for i, test := range []struct {
		there      []string
		want, says string
	}{
		{there: []string{"istio", "linkerd"}, says: "Prometheus " + server.URL + " has series of istio and linkerd" + choose},
		{there: []string{"kuma", "kuma-unified"}, says: "Prometheus " + server.URL + " has series of kuma and kuma-unified" + choose},
		{there: []string{"consul", "contour", "kuma", "osm"}, says: "Prometheus " + server.URL + " has series of consul and kuma and osm" + choose},
		{there: []string{"contour", "traefik"}, says: "Prometheus " + server.URL + " has series of contour and traefik" + choose},
		{there: []string{"application", "contour", "traefik", "app-mesh"}, want: "app-mesh"},
		{there: []string{"linkerd", "envoy-gateway"}, want: "linkerd"},
		{there: []string{"application", "traefik"}, want: "traefik"},
		{there: []string{"application"}, want: "application"},
	} {
		name := strings.Join(test.there, " ")
		end := time.Now().Add(-apart * time.Duration(i+1)).Truncate(time.Second)
		for _, fixture := range test.there {
			if err := server.Load(t.Context(), theSeries(t, fixture, end)...); err != nil {
				t.Fatal(err)
			}
		}
		s := newSource(t, prometheus.Options{Address: server.URL, Splits: &world{}})
		got, err := s.Chosen(t.Context(), end.Add(time.Second))
		says := ""
		if err != nil {
			says = err.Error()
		}
		if got != test.want || says != test.says {
			t.Errorf("%s: %q %q, want %q %q", name, got, says, test.want, test.says)
		}
	}
}

// TestDetectNothing: the sentence names what could have been found, and what is wrong with a profile that was added.
func TestDetectNothing(t *testing.T) {
	server := real.ForTest(t, real.Options{})
	s := newSource(t, prometheus.Options{Address: server.URL, Splits: &world{}})
	s.SetProfiles(map[string]string{"mine.yaml": "name: mine"})
	_, err := s.Chosen(t.Context(), time.Now())
	if err == nil || !strings.HasPrefix(err.Error(), "Prometheus "+server.URL+" has no series of any profile: there are app-mesh, ") ||
		!strings.HasSuffix(err.Error(), `; mine.yaml: profile "mine": its layer is "", not mesh, gateway or application`) {
		t.Error(err)
	}
}
