package window

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const ms = time.Millisecond

func TestQuantiles(t *testing.T) {
	bounds := []time.Duration{10 * ms, 20 * ms, 100 * ms}
	for name, tc := range map[string]struct {
		latency Latency
		q       float64
		want    time.Duration
		known   bool
	}{
		"half of the first bucket, which begins at zero": {Latency{bounds, []uint64{10, 0, 0, 0}}, 0.5, 5 * ms, true},
		"inside the second bucket":                       {Latency{bounds, []uint64{5, 5, 0, 0}}, 0.9, 18 * ms, true},
		"exactly at a bound":                             {Latency{bounds, []uint64{5, 5, 0, 0}}, 0.5, 10 * ms, true},
		"across empty buckets":                           {Latency{bounds, []uint64{5, 0, 5, 0}}, 0.6, 36 * ms, true},
		"in the infinite bucket":                         {Latency{bounds, []uint64{1, 0, 0, 9}}, 0.99, 100 * ms, true},
		"of no requests":                                 {Latency{bounds, []uint64{0, 0, 0, 0}}, 0.99, 0, false},
		"of an unknown histogram":                        {Latency{}, 0.99, 0, false},
		"without bounds":                                 {Latency{nil, []uint64{7}}, 0.99, 0, false},
		"of everything":                                  {Latency{bounds, []uint64{1, 1, 1, 0}}, 1, 100 * ms, true},
	} {
		got, known := tc.latency.Quantile(tc.q)
		if got != tc.want || known != tc.known {
			t.Errorf("%s: got %s, %t, want %s, %t", name, got, known, tc.want, tc.known)
		}
	}
}

func TestSumsOfHistograms(t *testing.T) {
	fine := Latency{[]time.Duration{10 * ms, 20 * ms, 100 * ms}, []uint64{1, 2, 3, 4}}
	coarse := Latency{[]time.Duration{20 * ms, 50 * ms}, []uint64{10, 20, 30}}
	for name, tc := range map[string]struct {
		parts []Counts
		want  Latency
	}{
		"the same bounds": {[]Counts{{Success: 10, Latency: fine}, {Success: 10, Latency: fine}},
			Latency{fine.Bounds, []uint64{2, 4, 6, 8}}},
		"only shared bounds are known": {[]Counts{{Success: 10, Latency: fine}, {Success: 60, Latency: coarse}},
			Latency{[]time.Duration{20 * ms}, []uint64{13, 57}}},
		"no shared bounds": {[]Counts{{Success: 10, Latency: fine}, {Success: 1, Latency: Latency{[]time.Duration{ms}, []uint64{1, 0}}}},
			Latency{nil, []uint64{11}}},
		"one unknown leaves the sum unknown":   {[]Counts{{Success: 10, Latency: fine}, {Success: 1}, {Success: 10, Latency: fine}}, Latency{}},
		"nothing counted says nothing":         {[]Counts{{}, {Success: 10, Latency: fine}, {}}, fine},
		"zeros of other bounds do not coarsen": {[]Counts{{Success: 10, Latency: fine}, {Latency: Latency{coarse.Bounds, []uint64{0, 0, 0}}}}, fine},
	} {
		var sum Counts
		for _, part := range tc.parts {
			sum.Add(part)
		}
		if diff := cmp.Diff(tc.want, sum.Latency); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if diff := cmp.Diff([]uint64{1, 2, 3, 4}, fine.Counts); diff != "" {
		t.Errorf("a part was changed: %s", diff)
	}
}

func TestBucketsAreDifferencesToo(t *testing.T) {
	bounds := []time.Duration{10 * ms, 20 * ms}
	s := newStore(t)
	for second, buckets := range [][]uint64{{5, 5, 5}, {6, 5, 5}, {6, 7, 5}, {6, 8, 5}, {7, 8, 6}} {
		sum := buckets[0] + buckets[1] + buckets[2]
		add(t, s, second, answers("a", &Snapshot{Series: map[Series]Counts{v1: {Success: sum, Latency: Latency{bounds, buckets}}}}))
	}
	got := total(readEnding(t, s, 4*time.Second, 4), v1)
	if diff := cmp.Diff(Counts{Success: 6, Latency: Latency{bounds, []uint64{2, 3, 1}}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAHistogramThatFollowsItsCounterLateCountsOnce(t *testing.T) {
	bounds := []time.Duration{10 * ms}
	s := newStore(t)
	add(t, s, 0, answers("a", &Snapshot{}))
	add(t, s, 1, answers("a", &Snapshot{Series: map[Series]Counts{v1: {Success: 1}}}))
	add(t, s, 2, answers("a", &Snapshot{Series: map[Series]Counts{v1: {Success: 2, Latency: Latency{bounds, []uint64{2, 0}}}}}))
	got := total(readEnding(t, s, 2*time.Second, 2), v1)
	if diff := cmp.Diff(Counts{Success: 2, Latency: Latency{bounds, []uint64{2, 0}}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestGroupSumsRowsByKey(t *testing.T) {
	w := &Window{Rows: []Row{{v1, Counts{Success: 1}}, {v2, Counts{Success: 2, Failure: 1}}, {Series{Namespace: "other"}, Counts{Success: 9}}}}
	got := Group(w, func(s *Series) (string, bool) { return s.Split, s.Namespace == "shop" })
	if diff := cmp.Diff(map[string]*Counts{"birds": {Success: 3, Failure: 1}}, got); diff != "" {
		t.Error(diff)
	}
}
