package story

import (
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// startWorld starts a world and checks at the end that it stops cleanly.
func startWorld(t *testing.T) *World {
	t.Helper()
	ctrllog.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	root, err := FindRoot()
	must(t, err)
	w, err := NewWorld(t.Context(), WorldOptions{Root: root, Progress: t.Output()})
	t.Cleanup(func() {
		if err := w.Stop(); err != nil {
			t.Error(err)
		}
	})
	must(t, err)
	return w
}

// newTeller is a teller for a test that tells a story of its own.
func newTeller(t *testing.T, w *World) *Teller {
	t.Helper()
	teller := &Teller{world: w, scene: newScene(w, nil), loaded: make(chan struct{}), endLoad: func() {}}
	teller.scene.follow(t.Context())
	t.Cleanup(teller.scene.stop)
	return teller
}

// noneLost ends the traffic and checks that every request was answered by a release.
func (t *Teller) noneLost(test *testing.T) {
	test.Helper()
	t.endLoad()
	<-t.loaded
	web := t.web.Snapshot()
	if total := web.Total().Sum(); total.FailedBetween > 0 || total.Sent() == 0 {
		test.Errorf("%d of %d requests failed without a release's doing: %v", total.FailedBetween, total.Sent(), web.Examples)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
