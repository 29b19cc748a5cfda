package recording

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Taker takes each window of one rollout out of its status once, however often it looks. Its zero value has taken none.
type Taker struct {
	// Taken is the number of windows that were taken, Missed of those that came and went between two looks.
	Taken, Missed int

	newest time.Time
	judged int
}

// Take returns the windows that were not taken before, and how many were missed: a status remembers the last 10 only.
func (t *Taker) Take(e *v1alpha1.EvidenceStatus) (windows []v1alpha1.WindowRecord, missed int) {
	if e == nil {
		return nil, 0
	}
	for _, w := range e.Recent {
		if w.EndedAt == nil || !w.EndedAt.After(t.newest) {
			continue
		}
		t.newest = w.EndedAt.Time
		windows = append(windows, w)
	}
	missed = max(int(e.Judged)-t.judged-len(windows), 0)
	t.judged = max(t.judged, int(e.Judged))
	t.Taken, t.Missed = t.Taken+len(windows), t.Missed+missed
	return windows, missed
}

// Leave counts a window that was taken as one that was missed, because it cannot be used.
func (t *Taker) Leave() { t.Taken, t.Missed = t.Taken-1, t.Missed+1 }
