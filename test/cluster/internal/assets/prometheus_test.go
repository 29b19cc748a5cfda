//go:build unix

package assets

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/serin-dev/serin/test/cluster/internal/gobuild"
)

func TestPrometheusIsBuiltOnceByItsVersion(t *testing.T) {
	w := newWorld(t)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			path, err := w.EnsurePrometheus(t.Context())
			if err != nil || !executable(path) || !strings.Contains(path, "prometheus-"+gobuild.Version(Prometheus)) {
				t.Errorf("got %s, %v", path, err)
			}
		})
	}
	both.Wait()
	if !slices.Equal(w.built, []string{Prometheus}) || len(w.downloaded) > 0 {
		t.Errorf("built %v, downloaded %v; want one build", w.built, w.downloaded)
	}
	if !strings.Contains(w.said.String(), "building prometheus") {
		t.Errorf("the long wait is not announced:\n%s", w.said)
	}
}

func TestPrometheusOfThisMachine(t *testing.T) {
	for name, tc := range map[string]struct {
		says string
		used bool
	}{
		"new enough":          {`echo "prometheus, version 3.5.0 (branch: HEAD)"`, true},
		"newer":               {`echo "prometheus, version 4.0.0 (branch: HEAD)"`, true},
		"too old":             {`echo "prometheus, version 2.42.0+ds (branch: debian/sid)"`, false},
		"a little too old":    {`echo "prometheus, version 3.4.2 (branch: HEAD)"`, false},
		"something else":      {`echo hello`, false},
		"a program that ends": {`exit 1`, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			own := filepath.Join(os.Getenv("PATH"), Prometheus)
			if err := os.WriteFile(own, []byte("#!/bin/sh\n"+tc.says+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			path, err := w.EnsurePrometheus(t.Context())
			if err != nil || (path == own) != tc.used {
				t.Errorf("got %s, %v; used: want %t", path, err, tc.used)
			}
		})
	}
}

func TestPrometheusOfTheEnvironment(t *testing.T) {
	w := newWorld(t)
	w.variables["PROMETHEUS"] = filepath.Join(t.TempDir(), "mine")
	if path, err := w.EnsurePrometheus(t.Context()); err == nil || !strings.Contains(err.Error(), "is no program") {
		t.Errorf("one that is not there gave %s, %v", path, err)
	}
	write(t, w.variables["PROMETHEUS"])
	if path, err := w.EnsurePrometheus(t.Context()); err != nil || path != w.variables["PROMETHEUS"] {
		t.Errorf("got %s, %v", path, err)
	}
}
