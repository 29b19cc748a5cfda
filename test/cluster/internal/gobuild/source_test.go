package gobuild

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/serin-dev/serin/test/cluster/internal/progress"
)

func TestEverySourceIsPinned(t *testing.T) {
	modules := findModules(t)
	for name, source := range sources {
		text, err := os.ReadFile(filepath.Join(modules, source.within, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		pinned := func(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), source.path+" v") }
		if !slices.ContainsFunc(strings.Split(string(text), "\n"), pinned) {
			t.Errorf("%s: %s is not pinned in %s", name, source.path, source.within)
		}
	}
	builder := &Builder{Modules: modules, Log: progress.Plain(io.Discard)}
	if _, err := builder.Source(t.Context(), "mosaic"); err == nil || !strings.Contains(err.Error(), "none of the modules gateway-api, ") {
		t.Errorf("got %v", err)
	}
}

func TestPauseIsSmall(t *testing.T) {
	builder := &Builder{Modules: findModules(t), Log: progress.Plain(io.Discard)}
	path := filepath.Join(t.TempDir(), Pause)
	if err := builder.BuildPause(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if got := size(path); got == 0 || got > 4<<20 {
		t.Errorf("it has %d bytes", got)
	}
}
