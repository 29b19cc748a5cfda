package gitops

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/serin-dev/serin/test/gitops/argocd"
)

// scripts is where the scripts lie.
const scripts = "../../config/gitops/argocd"

// script reads one of them.
func script(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(scripts, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// run runs a script on an object as Argo CD does, and reads what it returns into a value.
func run(t *testing.T, text string, object map[string]any, now time.Time, into any) {
	t.Helper()
	if err := argocd.Run(text, object, now, into); err != nil {
		t.Fatal(err)
	}
}
