package recording_test

import (
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/recording"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// remembered is a window of a status that ended a number of seconds after noon.
func remembered(seconds int) v1alpha1.WindowRecord {
	return v1alpha1.WindowRecord{
		EndedAt: v1alpha1.At(noon.Add(time.Duration(seconds) * time.Second)), Window: v1alpha1.Dur(10 * time.Second), Weight: 5, Next: 25,
		Candidate: v1alpha1.WindowCounts{Requests: "52", Failures: "1", Slow: "0"},
		Stable:    v1alpha1.WindowCounts{Requests: "988.5", Failures: "0", P50: "0.08", P90: "0.2", P99: "0.4"},
		Checks:    []v1alpha1.RecordedCheck{{Name: "checkout", Candidate: &v1alpha1.RecordedShare{Bad: "1", Total: "12"}}},
	}
}

func TestLineOfAStatus(t *testing.T) {
	w, err := recording.Of(remembered(10))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"endedAt":"2026-11-20T12:00:10.000000Z","seconds":10,"weight":5,"next":25,` +
		`"candidate":{"requests":52,"failures":1,"slow":0},` +
		`"stable":{"requests":988.5,"failures":0,"p50":0.08,"p90":0.2,"p99":0.4},` +
		`"checks":{"checkout":{"candidate":{"bad":1,"total":12}}}}` + "\n"
	got := written(t, []analysis.RecordedWindow{w})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	again, err := recording.Read(strings.NewReader(got))
	if err != nil || !again[0].EndedAt.Equal(w.EndedAt) || again[0].Seconds != w.Seconds {
		t.Errorf("%s is not read back: %+v, %v", got, again, err)
	}
}

func TestAStatusThatAPersonEdited(t *testing.T) {
	edited := remembered(10)
	edited.Candidate.Failures = "some"
	if _, err := recording.Of(edited); err == nil || err.Error() != `"some" is no number` {
		t.Errorf("got %v", err)
	}
	edited.Candidate.Failures = "53"
	if _, err := recording.Of(edited); err == nil || err.Error() != "candidate.failures: 53 is more than candidate.requests, which is 52" {
		t.Errorf("got %v", err)
	}
}

func TestTakerTakesEachWindowOnce(t *testing.T) {
	var taker recording.Taker
	look := func(judged int32, seconds ...int) *v1alpha1.EvidenceStatus {
		e := &v1alpha1.EvidenceStatus{Judged: judged}
		for _, s := range seconds {
			e.Recent = append(e.Recent, remembered(s))
		}
		return e
	}
	for i, step := range []struct {
		look   *v1alpha1.EvidenceStatus
		ends   []int
		missed int
	}{
		{nil, nil, 0},
		{look(4, 30, 40), []int{30, 40}, 2}, // two came before the first look
		{look(4, 30, 40), nil, 0},
		{look(5, 40, 50), []int{50}, 0},
		{look(8, 70, 80), []int{70, 80}, 1}, // one came and went
		{look(8), nil, 0},
	} {
		windows, missed := taker.Take(step.look)
		var ends []int
		for _, w := range windows {
			ends = append(ends, int(w.EndedAt.Sub(noon).Seconds()))
		}
		if diff := cmp.Diff(step.ends, ends); diff != "" || missed != step.missed {
			t.Errorf("look %d: missed %d, want %d; ends (-want +got):\n%s", i, missed, step.missed, diff)
		}
	}
	if taker.Taken != 5 || taker.Missed != 3 {
		t.Errorf("took %d and missed %d in all, want 5 and 3", taker.Taken, taker.Missed)
	}
}
