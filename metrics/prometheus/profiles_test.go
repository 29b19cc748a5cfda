package prometheus_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/metrics/prometheus"
	real "github.com/serin-dev/serin/test/prometheus"
)

// TestProfiles loads the series of each data plane into a real Prometheus, has the profile found by them, and asks the API.
// What is expected was counted by hand from the numbers in the file.
func TestProfiles(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	profiles, err := prometheus.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			f := readFixture(t, file)
			length, err := time.ParseDuration(f.Window)
			if err != nil {
				t.Fatal(err)
			}
			server := real.ForTest(t, real.Options{})
			end := time.Now().Add(-time.Minute).Truncate(length)
			if err := server.Load(t.Context(), f.load(t, end)...); err != nil {
				t.Fatal(err)
			}
			w := f.world()
			ways := []string{name}
			if p := profiles[name]; p != nil && p.Detect != "" {
				ways = append(ways, prometheus.Auto)
			}
			for _, chosen := range ways {
				s := newSource(t, prometheus.Options{Address: server.URL, Profile: chosen, Splits: w})
				h := w.serve(t, s, end.Add(prometheus.DefaultDelay+time.Second))
				f.check(t, h)
			}
		})
	}
}

func (f fixture) check(t *testing.T, h http.Handler) {
	t.Helper()
	for path, want := range f.Expect {
		answer := ask(h, path+"?window="+f.Window)
		if answer.Code != http.StatusOK {
			t.Errorf("%s: %d %s", path, answer.Code, answer.Body)
			continue
		}
		if diff := cmp.Diff(want, items(t, answer), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	for path, want := range f.Refuse {
		var got metav1.Status
		answer := ask(h, path+"?window="+f.Window)
		if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || got.Message != want {
			t.Errorf("%s: %d %q, want %q", path, answer.Code, got.Message, want)
		}
	}
}

// TestEveryProfileHasAFixture keeps a profile from being shipped that was never tried.
func TestEveryProfileHasAFixture(t *testing.T) {
	profiles, err := prometheus.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	for name := range profiles {
		if _, err := os.Stat("testdata/" + name + ".yaml"); err != nil {
			t.Errorf("profile %s has no fixture: %v", name, err)
		}
	}
}
