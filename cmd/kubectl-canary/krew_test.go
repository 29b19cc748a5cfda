package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// manifest is what krew reads, as its documentation of v1alpha2 has it.
type manifest struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   map[string]string `json:"metadata"`
	Spec       struct {
		Version          string     `json:"version"`
		Homepage         string     `json:"homepage"`
		ShortDescription string     `json:"shortDescription"`
		Description      string     `json:"description"`
		Caveats          string     `json:"caveats"`
		Platforms        []platform `json:"platforms"`
	} `json:"spec"`
}

type platform struct {
	URI      string `json:"uri"`
	Sha256   string `json:"sha256"`
	Selector struct {
		MatchLabels map[string]string `json:"matchLabels"`
	} `json:"selector"`
	Files []file `json:"files"`
	Bin   string `json:"bin"`
}

type file struct {
	From string `json:"from"`
	To   string `json:"to"`
}

const krew = "../../config/krew"

func parse(t *testing.T, text []byte) manifest {
	t.Helper()
	var m manifest
	if err := yaml.UnmarshalStrict(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestKrewManifest(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(krew, "canary.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	m := parse(t, text)
	if m.APIVersion != "krew.googlecontainertools.github.com/v1alpha2" || m.Kind != "Plugin" || m.Metadata["name"] != "canary" {
		t.Errorf("the head is %s, %s, %v", m.APIVersion, m.Kind, m.Metadata)
	}
	if n := len(m.Spec.ShortDescription); n == 0 || n > 50 {
		t.Errorf("the short description has %d characters, krew's guide asks for at most 50", n)
	}
	var have []string
	for _, p := range m.Spec.Platforms {
		os, arch := p.Selector.MatchLabels["os"], p.Selector.MatchLabels["arch"]
		have = append(have, os+"/"+arch)
		bin, kind := "kubectl-canary", "tar.gz"
		if os == "windows" {
			bin, kind = "kubectl-canary.exe", "zip"
		}
		want := platform{
			URI: fmt.Sprintf("https://github.com/serin-dev/serin/releases/download/%[1]s/kubectl-canary_%[1]s_%[2]s_%[3]s.%[4]s",
				m.Spec.Version, os, arch, kind),
			Sha256: strings.Repeat("0", 64), Selector: p.Selector, Bin: bin,
			Files: []file{{From: bin, To: "."}, {From: "LICENSE", To: "."}},
		}
		if diff := cmp.Diff(want, p); diff != "" {
			t.Errorf("%s/%s (-want +got):\n%s", os, arch, diff)
		}
	}
	want := []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}
}

func TestKrewManifestOfARelease(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(krew, "canary.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dist := t.TempDir()
	sums := map[string]string{}
	for _, name := range regexp.MustCompile(`kubectl-canary_v0\.0\.0_\S+`).FindAllString(string(text), -1) {
		name = strings.ReplaceAll(name, "v0.0.0", "v1.2.3")
		if err := os.WriteFile(filepath.Join(dist, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
		sums[name] = fmt.Sprintf("%x", sha256.Sum256([]byte(name)))
	}
	filled, err := exec.Command(filepath.Join(krew, "fill"), "v1.2.3", dist).Output()
	if err != nil {
		t.Fatal(err)
	}
	m := parse(t, filled)
	if m.Spec.Version != "v1.2.3" || len(m.Spec.Platforms) != len(sums) {
		t.Errorf("the manifest is of %s for %d platforms", m.Spec.Version, len(m.Spec.Platforms))
	}
	for _, p := range m.Spec.Platforms {
		if want := sums[filepath.Base(p.URI)]; p.Sha256 != want || !strings.Contains(p.URI, "/download/v1.2.3/") {
			t.Errorf("%s has the checksum %s, not %s", p.URI, p.Sha256, want)
		}
	}
	if err := os.Remove(filepath.Join(dist, filepath.Base(m.Spec.Platforms[0].URI))); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command(filepath.Join(krew, "fill"), "v1.2.3", dist).Run(); err == nil {
		t.Error("a release without one of its archives gets a manifest")
	}
}

func TestUnderTheNameOfCompletionTheProgramCompletes(t *testing.T) {
	for name, test := range map[string]struct{ args, want []string }{
		"as the plugin":             {[]string{"/bin/kubectl-canary", "get", "foobar"}, []string{"get", "foobar"}},
		"as kubectl asks for words": {[]string{"/bin/kubectl_complete-canary", "get", ""}, []string{"__complete", "get", ""}},
	} {
		if diff := cmp.Diff(test.want, arguments(test.args)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
