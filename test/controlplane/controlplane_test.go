package controlplane

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

func TestStartGivesAControlPlaneThatAnswersAndStopLeavesNothing(t *testing.T) {
	own := startForTest(t, Options{Own: true, Audit: true})
	if !own.Owned || own.Dir == "" || !strings.HasPrefix(own.Version, "v1.") {
		t.Errorf("got owned %t, dir %q, version %q; want a control plane of its own", own.Owned, own.Dir, own.Version)
	}
	if own.Config.QPS >= 0 {
		t.Errorf("the client is limited to %v requests a second", own.Config.QPS)
	}
	if _, err := os.Stat(filepath.Join(own.AssetsDir, "kubectl")); err != nil {
		t.Errorf("no kubectl among the assets: %v", err)
	}
	if got := get(t, own.Config, "/api/v1/namespaces"); !strings.Contains(got, `"kube-system"`) {
		t.Errorf("the namespaces are %s", got)
	}
	if record, err := os.ReadFile(own.AuditLog); err != nil || !bytes.Contains(record, []byte(`"requestURI":"/api/v1/namespaces"`)) {
		t.Errorf("the record of requests does not have that one (%v):\n%s", err, record)
	}

	t.Run("KUBECONFIG leads to it", func(t *testing.T) {
		t.Setenv("KUBECONFIG", own.Kubeconfig)
		other := startForTest(t, Options{})
		if other.Owned || other.Config.Host != own.Config.Host {
			t.Errorf("got owned %t at %s, want the one at %s", other.Owned, other.Config.Host, own.Config.Host)
		}
		if err := other.Stop(); err != nil {
			t.Error(err)
		}
		if got := get(t, own.Config, "/readyz"); got != "ok" {
			t.Errorf("after the end of a user of KUBECONFIG the cluster says %q", got)
		}
	})

	if err := own.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(own.Dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
	if _, err := http.Get(own.Config.Host); err == nil {
		t.Errorf("%s still answers", own.Config.Host)
	}
}

func TestStartTellsWhyItFailed(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("KUBECONFIG", missing)
	_, err := Start(t.Context(), Options{Progress: io.Discard})
	if err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("got %v, want an error that names %s", err, missing)
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Options{Own: true, Progress: io.Discard}); err == nil {
		t.Error("a start with a context that is done succeeded")
	}
}

func TestHashOfTheSourceFollowsProgramFilesOnly(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hash := func() string {
		t.Helper()
		sum, err := hashSource(folder)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	write("main.go", "package main")
	before := hash()
	write("main_test.go", "package main")
	write("README.md", "text")
	if hash() != before {
		t.Error("a file that is no part of the program changed the hash")
	}
	write("main.go", "package main // changed")
	if hash() == before {
		t.Error("a changed program has the same hash")
	}
}

func TestPruneDeletesOldProgramsOnly(t *testing.T) {
	cache := t.TempDir()
	for name, age := range map[string]time.Duration{"cluster-old": 8 * 24 * time.Hour, "cluster-new": time.Hour, "other-old": 8 * 24 * time.Hour} {
		path := filepath.Join(cache, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	prune(cache)
	for name, want := range map[string]bool{"cluster-old": false, "cluster-new": true, "other-old": true} {
		if _, err := os.Stat(filepath.Join(cache, name)); (err == nil) != want {
			t.Errorf("%s is there: %t, want %t", name, err == nil, want)
		}
	}
}

func TestAnswerTakesTheFirstLineHoweverItArrives(t *testing.T) {
	reports := make(chan report, 1)
	out := &answer{reports: reports}
	for _, piece := range []string{`{"kubeconfig":"/k",`, `"owned":true}`, "\nmore\n", "{}\n"} {
		if n, err := out.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatalf("Write(%q) = %d, %v", piece, n, err)
		}
	}
	if got := <-reports; got.err != nil || got.Kubeconfig != "/k" || !got.Owned {
		t.Errorf("got %+v", got)
	}
	bad := &answer{reports: reports}
	_, _ = bad.Write([]byte("no JSON\n"))
	if got := <-reports; got.err == nil {
		t.Errorf("a line that is no JSON gave %+v", got)
	}
}

func TestTailKeepsTheEndAndPassesAllOn(t *testing.T) {
	var passed bytes.Buffer
	kept := &tail{to: &passed}
	long := strings.Repeat("x", 3*remembered)
	_, _ = kept.Write([]byte(long))
	_, _ = kept.Write([]byte("the end\n"))
	if passed.Len() != len(long)+8 {
		t.Errorf("%d bytes were passed on, want %d", passed.Len(), len(long)+8)
	}
	if got := kept.text(); len(got) >= remembered || !strings.HasSuffix(got, "the end") {
		t.Errorf("kept %d bytes ending in %q", len(got), got[len(got)-10:])
	}
}

// startForTest starts a control plane that ends with the test.
func startForTest(t *testing.T, opts Options) *ControlPlane {
	t.Helper()
	opts.Progress = t.Output()
	c, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop() })
	return c
}

// get asks the API server for a path.
func get(t *testing.T, config *rest.Config, path string) string {
	t.Helper()
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Get(config.Host + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
