package window

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWeightsAreThoseEveryReadyProxyAppliesNow(t *testing.T) {
	one, two := Backend{"shop", "birds", "birds", "birds-v1"}, Backend{"shop", "birds", "birds", "birds-v2"}
	applies := func(weights map[Backend]int64) *Snapshot {
		return &Snapshot{Started: at(-3600), Weights: weights}
	}
	both := map[Backend]int64{one: 95, two: 5}
	for name, tc := range map[string]struct {
		sightings []Sighting
		want      map[Backend]int64
	}{
		"one proxy":             {[]Sighting{answers("a", applies(both))}, both},
		"two that agree":        {[]Sighting{answers("a", applies(both)), answers("b", applies(both))}, both},
		"two that disagree":     {[]Sighting{answers("a", applies(both)), answers("b", applies(map[Backend]int64{one: 95, two: 10}))}, map[Backend]int64{one: 95}},
		"one does not know it":  {[]Sighting{answers("a", applies(both)), answers("b", applies(map[Backend]int64{one: 95}))}, map[Backend]int64{one: 95}},
		"one reports nothing":   {[]Sighting{answers("a", applies(both)), answers("b", applies(nil))}, map[Backend]int64{}},
		"one does not answer":   {[]Sighting{answers("a", applies(both)), silent("b")}, nil},
		"one is not ready":      {[]Sighting{answers("a", applies(both)), unready("b", applies(nil)), unready("c", nil)}, both},
		"none is ready":         {[]Sighting{unready("a", applies(both))}, nil},
		"weight zero is landed": {[]Sighting{answers("a", applies(map[Backend]int64{one: 100, two: 0}))}, map[Backend]int64{one: 100, two: 0}},
	} {
		if diff := cmp.Diff(tc.want, agreedWeights(Round{Sightings: tc.sightings})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestWeightsAreNewerThanTheWindow(t *testing.T) {
	one := Backend{"shop", "birds", "birds", "birds-v1"}
	s := newStore(t)
	for second := 0; second <= 13; second++ {
		snapshot := said(0)
		snapshot.Weights = map[Backend]int64{one: int64(second)}
		add(t, s, second, answers("a", snapshot))
	}
	r, err := s.Read(Span{Length: 10 * time.Second}, at(13))
	if err != nil || !r.End.Equal(at(10)) || r.Weights[one] != 13 {
		t.Errorf("got %v, %v, want weight 13 with the window that ended at 10", r, err)
	}
}
