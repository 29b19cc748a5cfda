package assets

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/serin-dev/serin/test/cluster/internal/gobuild"
	"github.com/serin-dev/serin/test/cluster/internal/progress"
)

// world is a machine on which the sources of programs are folders and functions of the test.
type world struct {
	*Locator
	variables map[string]string
	said      *bytes.Buffer
	mu        sync.Mutex
	// published are the programs that a download has.
	published         []string
	downloaded, built []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Setenv("PATH", t.TempDir()) // No kubectl of this machine.
	w := &world{variables: map[string]string{}, said: &bytes.Buffer{}}
	root := t.TempDir()
	w.Locator = &Locator{
		Getenv:   func(name string) string { return w.variables[name] },
		Root:     root,
		Cache:    filepath.Join(root, cacheKey()),
		Download: w.download,
		Build:    w.build,
		Log:      progress.Plain(w.said),
	}
	return w
}

func (w *world) download(_ context.Context, programs []string, folder string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.downloaded = append(w.downloaded, programs...)
	for _, program := range programs {
		if slices.Contains(w.published, program) {
			if err := os.WriteFile(filepath.Join(folder, program), []byte("downloaded"), 0o755); err != nil {
				return err
			}
		}
	}
	return errors.New("host.invalid\ncannot be reached")
}

func (w *world) build(_ context.Context, program, path string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.built = append(w.built, program)
	return os.WriteFile(path, []byte("built"), 0o755)
}

func TestFirstBuildThenCache(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		folder, err := w.Ensure(t.Context(), All)
		if err != nil {
			t.Fatal(err)
		}
		if folder != w.Cache || len(absent(folder, All)) > 0 {
			t.Errorf("got %s, which lacks %v", folder, absent(folder, All))
		}
	}
	if !slices.Equal(w.built, All) {
		t.Errorf("built %v, want each once, the largest first", w.built)
	}
	if said := w.said.String(); strings.Count(said, "\n") != 2 || !strings.Contains(said, "host.invalid; cannot be reached") {
		t.Errorf("said\n%swant one line why there is no download and one what is built", said)
	}
}

func TestWhatWasDownloadedIsNotBuilt(t *testing.T) {
	w := newWorld(t)
	w.published = []string{Etcd, APIServer, Kubectl}
	if _, err := w.Ensure(t.Context(), All); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(w.built, []string{ControllerManager}) {
		t.Errorf("built %v, want only what the download lacks", w.built)
	}
}

func TestNoDownloadOnRequest(t *testing.T) {
	w := newWorld(t)
	w.variables["SERIN_ASSETS_NO_DOWNLOAD"] = "1"
	if _, err := w.Ensure(t.Context(), All); err != nil {
		t.Fatal(err)
	}
	if len(w.downloaded) > 0 || len(w.built) != len(All) {
		t.Errorf("downloaded %v, built %v", w.downloaded, w.built)
	}
}

func TestGivenFolderWithAllIsUsedAsItIs(t *testing.T) {
	w := newWorld(t)
	given := w.give(t, All...)
	folder, err := w.Ensure(t.Context(), All)
	if err != nil || folder != given {
		t.Errorf("got %s, %v, want %s", folder, err, given)
	}
	if len(w.built)+len(w.downloaded) > 0 || w.said.Len() > 0 {
		t.Errorf("built %v, downloaded %v, said %s", w.built, w.downloaded, w.said)
	}
}

func TestGivenFolderIsCompletedFromTheCache(t *testing.T) {
	w := newWorld(t)
	given := w.give(t, Etcd, APIServer)
	for range 2 {
		folder, err := w.Ensure(t.Context(), All)
		if err != nil {
			t.Fatal(err)
		}
		for program, want := range map[string]string{
			Etcd:              filepath.Join(given, Etcd),
			APIServer:         filepath.Join(given, APIServer),
			ControllerManager: filepath.Join(w.Cache, ControllerManager),
			Kubectl:           filepath.Join(w.Cache, Kubectl),
		} {
			if got, err := os.Readlink(filepath.Join(folder, program)); got != want {
				t.Errorf("%s is %s, %v, want %s", program, got, err, want)
			}
		}
	}
	if want := []string{ControllerManager, Kubectl}; !slices.Equal(w.built, want) {
		t.Errorf("built %v, want %v", w.built, want)
	}
	if !strings.Contains(w.said.String(), "it may not work") {
		t.Errorf("an API server of an unknown version is used without a word:\n%s", w.said)
	}
}

func TestGivenFolderTakesKubectlFromPath(t *testing.T) {
	w := newWorld(t)
	w.give(t, Etcd, APIServer, ControllerManager)
	path := filepath.Join(os.Getenv("PATH"), Kubectl)
	write(t, path)
	folder, err := w.Ensure(t.Context(), All)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.Readlink(filepath.Join(folder, Kubectl)); got != path {
		t.Errorf("kubectl is %s, %v, want %s", got, err, path)
	}
}

func TestGivenFolderWithoutServersIsNotUsed(t *testing.T) {
	w := newWorld(t)
	w.give(t, Kubectl, Etcd)
	folder, err := w.Ensure(t.Context(), All)
	if err != nil || folder != w.Cache {
		t.Errorf("got %s, %v, want %s", folder, err, w.Cache)
	}
	if !strings.Contains(w.said.String(), "is not used: it lacks [kube-apiserver]") {
		t.Errorf("said\n%s", w.said)
	}
}

func TestTwoAtOnceBuildOnce(t *testing.T) {
	w := newWorld(t)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := w.Ensure(t.Context(), All); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if !slices.Equal(w.built, All) {
		t.Errorf("built %v, want each once", w.built)
	}
}

func TestAnInterruptedDownloadIsNoReasonToBuild(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.Download = func(context.Context, []string, string) error {
		cancel()
		return ctx.Err()
	}
	if _, err := w.Ensure(ctx, All); !errors.Is(err, context.Canceled) || len(w.built) > 0 {
		t.Errorf("got %v, built %v", err, w.built)
	}
}

func TestKubectlForAnotherClusterIsTheUsersOwn(t *testing.T) {
	w := newWorld(t)
	if path, err := w.EnsureKubectl(t.Context()); path != filepath.Join(w.Cache, Kubectl) || !slices.Equal(w.built, []string{Kubectl}) {
		t.Errorf("got %s, %v, built %v; want only kubectl to be built", path, err, w.built)
	}
	own := filepath.Join(os.Getenv("PATH"), Kubectl)
	write(t, own)
	if path, err := w.EnsureKubectl(t.Context()); path != own {
		t.Errorf("got %s, %v, want %s", path, err, own)
	}
	given := filepath.Join(w.give(t, Kubectl), Kubectl)
	if path, err := w.EnsureKubectl(t.Context()); path != given {
		t.Errorf("got %s, %v, want %s", path, err, given)
	}
}

func TestCacheKeyNamesVersionsAndPlatform(t *testing.T) {
	key := cacheKey()
	for _, want := range []string{"kubernetes-" + gobuild.KubernetesVersion, "etcd-" + gobuild.EtcdVersion, "-"} {
		if !strings.Contains(key, want) {
			t.Errorf("%q lacks %q", key, want)
		}
	}
}

func TestCacheRoot(t *testing.T) {
	root, err := cacheRoot(func(string) string { return "/elsewhere" })
	if err != nil || root != "/elsewhere" {
		t.Errorf("with SERIN_CACHE: %s, %v", root, err)
	}
	t.Setenv("HOME", "/home/ada")
	t.Setenv("XDG_CACHE_HOME", "")
	root, err = cacheRoot(func(string) string { return "" })
	if err != nil || !strings.HasPrefix(root, "/home/ada/") || filepath.Base(root) != "serin" {
		t.Errorf("without: %s, %v", root, err)
	}
}

// give makes a folder with those programs and names it in KUBEBUILDER_ASSETS.
func (w *world) give(t *testing.T, programs ...string) string {
	t.Helper()
	folder := t.TempDir()
	for _, program := range programs {
		write(t, filepath.Join(folder, program))
	}
	w.variables["KUBEBUILDER_ASSETS"] = folder
	return folder
}

// write makes an executable file that is no program.
func write(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("given"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestProgramsAreBuiltOnceByTheirVersions(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		for _, name := range Programs {
			path, err := w.EnsureProgram(t.Context(), name)
			if err != nil || !executable(path) || !strings.Contains(path, name+"-"+gobuild.Version(name)+"-") || !w.Built(name) {
				t.Errorf("%s: got %s, %v", name, path, err)
			}
		}
	}
	if !slices.Equal(w.built, Programs) {
		t.Errorf("built %v, want each once", w.built)
	}
	if _, err := w.EnsureProgram(t.Context(), "mosaic"); err == nil || !strings.Contains(err.Error(), "none of the programs prometheus, ") {
		t.Errorf("got %v", err)
	}
}
