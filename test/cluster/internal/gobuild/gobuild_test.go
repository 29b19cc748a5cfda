package gobuild

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/serin-dev/serin/test/cluster/internal/progress"
)

const mainText = `package main

var version = "none"

func main() { print(version) }
`

func TestBuildIsNotDisturbedByTheEnvironment(t *testing.T) {
	for name, variables := range map[string]map[string]string{
		"nothing special":       {},
		"flags that change mod": {"GOFLAGS": "-mod=mod -buildvcs=true -tags=odd"},
		"flags that vendor":     {"GOFLAGS": "-mod=vendor"},
		"a work file":           {"GOWORK": "/does/not/exist/go.work"},
		"another platform":      {"GOOS": "plan9", "GOARCH": "arm"},
		"GOPATH mode":           {"GO111MODULE": "off"},
	} {
		t.Run(name, func(t *testing.T) {
			builder, path := newBuilder(t, mainText), filepath.Join(t.TempDir(), "program")
			for variable, value := range variables {
				t.Setenv(variable, value)
			}
			if err := builder.build(t.Context(), "program", recipeOfTest, path); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(path).CombinedOutput()
			if err != nil || string(out) != "v9.8.7" {
				t.Errorf("the program says %q, %v", out, err)
			}
		})
	}
}

func TestBuildThatFailsTellsWhyAndLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	builder := newBuilder(t, "package main\n\nfunc main() { missing() }\n")
	err := builder.build(t.Context(), "program", recipeOfTest, filepath.Join(folder, "program"))
	if err == nil || !strings.Contains(err.Error(), "undefined: missing") {
		t.Errorf("got %v, want the compiler's message", err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestBuildEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	folder := t.TempDir()
	if err := newBuilder(t, mainText).build(ctx, "program", recipeOfTest, filepath.Join(folder, "program")); err == nil {
		t.Error("a build with a context that is done succeeded")
	}
}

func TestBuildKnowsItsPrograms(t *testing.T) {
	err := newBuilder(t, mainText).Build(t.Context(), "kubeadm", filepath.Join(t.TempDir(), "kubeadm"))
	if err == nil || !strings.Contains(err.Error(), "kubeadm") {
		t.Errorf("got %v", err)
	}
}

func TestEveryRecipeIsPinnedByItsModule(t *testing.T) {
	modules := findModules(t)
	for program, recipe := range recipes {
		text, err := os.ReadFile(filepath.Join(modules, recipe.module, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		pinned := cmp.Or(recipe.pinned, recipe.version)
		if pinned == "" || recipe.minutes == 0 {
			t.Errorf("the recipe of %s lacks a version or a time", program)
		}
		for _, want := range []string{recipe.pkg + "\n", " " + pinned + " "} {
			if !strings.Contains(string(text), want) {
				t.Errorf("the module of %s does not name %q", program, want)
			}
		}
	}
	if stamps := kubernetesStamps; stamps[stampPackage+"gitMajor"]+"."+stamps[stampPackage+"gitMinor"] !=
		KubernetesVersion[1:strings.LastIndex(KubernetesVersion, ".")] {
		t.Errorf("the stamps %v are not those of %s", stamps, KubernetesVersion)
	}
}

func TestStagingModulesAreOfTheSameRelease(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(findModules(t), "kubernetes", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(KubernetesVersion, "v1.", "v0.", 1)
	replaced := 0
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "=>") {
			replaced++
			if !strings.HasSuffix(strings.TrimSpace(line), want) {
				t.Errorf("%s does not say %s", strings.TrimSpace(line), want)
			}
		}
	}
	if replaced < 30 {
		t.Errorf("only %d modules are replaced", replaced)
	}
}

func TestFindModulesSearchesUpwards(t *testing.T) {
	root := t.TempDir()
	module := filepath.Join(root, "test", "cluster", "build", "kubernetes")
	deep := filepath.Join(root, "test", "cluster", "internal", "deep")
	for _, folder := range []string{module, deep} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := FindModules(root); err == nil {
		t.Error("modules were found where there are none")
	}
	text := []byte("module github.com/serin-dev/serin/test/cluster/build/kubernetes\n")
	if err := os.WriteFile(filepath.Join(module, "go.mod"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{root, filepath.Join(root, "test"), deep} {
		if got, err := FindModules(from); got != filepath.Dir(module) {
			t.Errorf("from %s: %s, %v", from, got, err)
		}
	}
}

func TestOutputCountsAndKeepsMessages(t *testing.T) {
	out := &output{}
	if got := out.state(); got != "nothing to compile so far" {
		t.Errorf("at first: %q", got)
	}
	fmt.Fprint(out, "go: downloading k8s.io/api v0.37.2\ngo: downloa")
	fmt.Fprint(out, "ding k8s.io/kms v0.37.2\n")
	if got := out.state(); got != "2 modules fetched" {
		t.Errorf("while it fetches: %q", got)
	}
	fmt.Fprint(out, "k8s.io/api/core/v1\nerrors\n# k8s.io/api\nfile.go:1:2: undefined: x\nthe end")
	if got := out.state(); got != "2 packages compiled" {
		t.Errorf("while it compiles: %q", got)
	}
	if got, want := out.text(), "# k8s.io/api\nfile.go:1:2: undefined: x\nthe end"; got != want {
		t.Errorf("the messages are %q, want %q", got, want)
	}
	fmt.Fprint(out, strings.Repeat("\na message", 10*remembered))
	if got := strings.Count(out.text(), "\n"); got > remembered {
		t.Errorf("%d lines are kept", got)
	}
}

func TestEnvironmentKeepsTheRest(t *testing.T) {
	got := environment([]string{"HOME=/h", "GOFLAGS=-x", "GOPROXY=off"}, "0")
	for _, want := range []string{"HOME=/h", "GOPROXY=off", "CGO_ENABLED=0", "GOOS=" + runtime.GOOS} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %v", want, got)
		}
	}
	if slices.Contains(got, "GOFLAGS=-x") {
		t.Error("GOFLAGS got through")
	}
}

func TestProgressHasOneLinePerProgram(t *testing.T) {
	var said bytes.Buffer
	builder := newBuilder(t, mainText)
	builder.Log = progress.Plain(&said)
	if err := builder.build(t.Context(), "program", recipeOfTest, filepath.Join(t.TempDir(), "program")); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), "cluster: building program: done, ") {
		t.Errorf("said\n%s", said.String())
	}
}

// recipeOfTest builds the module that newBuilder makes.
var recipeOfTest = recipe{module: "tiny", pkg: "example.invalid/tiny", stamps: map[string]string{"main.version": "v9.8.7"}}

// newBuilder returns a builder with one small module.
func newBuilder(t *testing.T, text string) *Builder {
	t.Helper()
	modules := t.TempDir()
	folder := filepath.Join(modules, "tiny")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"go.mod": "module example.invalid/tiny\n\ngo 1.26.0\n", "main.go": text} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &Builder{Modules: modules, Log: progress.Plain(io.Discard)}
}

func findModules(t *testing.T) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	modules, err := FindModules(here)
	if err != nil {
		t.Fatal(err)
	}
	return modules
}
