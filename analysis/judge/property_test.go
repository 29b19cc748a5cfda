package judge

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// anyConfig draws up to five checks, of any limits and kinds.
func anyConfig(t *rapid.T) Config {
	c := Config{
		Alpha:        rapid.SampledFrom([]float64{0.01, 0.001, 0.2, 0}).Draw(t, "alpha"),
		Beta:         rapid.SampledFrom([]float64{0.05, 0.5, 0}).Draw(t, "beta"),
		Phi:          rapid.SampledFrom([]float64{1, 2.5, 10, 0}).Draw(t, "phi"),
		Dwell:        rapid.IntRange(0, 4).Draw(t, "dwell"),
		WholeRollout: rapid.Bool().Draw(t, "whole rollout"),
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "checks") {
		c.Checks = append(c.Checks, Check{
			Name:     fmt.Sprint("check ", i),
			Kind:     rapid.SampledFrom([]Kind{Failures, Ratio, Slow, Share, Gauge}).Draw(t, "kind"),
			Limit:    rapid.SampledFrom([]float64{0, 1e-6, 0.001, 0.01, 0.05, 0.3, 0.5, 0.99, 1, 7}).Draw(t, "limit"),
			MaxRatio: rapid.SampledFrom([]float64{0, 1, 1.5, 3, 1e300}).Draw(t, "ratio"),
			DryRun:   rapid.Bool().Draw(t, "dry run"),
		})
	}
	return c
}

// anyPart draws numbers that can be, fractions and very many among them.
func anyPart(t *rapid.T) Part {
	total := rapid.OneOf(
		rapid.Just(0.0), rapid.Float64Range(0, 1), rapid.Float64Range(0, 1000), rapid.Float64Range(0, mostTotal), rapid.Just(mostTotal),
	).Draw(t, "total")
	share := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, 0.05), rapid.Float64Range(0, 1), rapid.Just(1.0)).Draw(t, "share")
	return Part{Bad: total * share, Total: total}
}

// anyCounts draws counts that can be.
func anyCounts(t *rapid.T) Counts {
	part := anyPart(t)
	n := Counts{Requests: part.Total, Failures: part.Bad, Slow: part.Total * rapid.Float64Range(0, 1).Draw(t, "slow")}
	switch rapid.IntRange(0, 3).Draw(t, "latency") {
	case 0:
		n.Unmeasured = true
	case 1:
		times := rapid.SliceOfN(rapid.Float64Range(0, 400), 3, 3).Draw(t, "quantiles")
		slices.Sort(times)
		n.Quantiles = &Quantiles{Limit: 200, P50: times[0], P90: times[1], P99: times[2]}
	}
	return n
}

// anyWindow draws a window that can be, with observations of some of the checks.
func anyWindow(t *rapid.T, c Config) Window {
	w := Window{
		Weight:    rapid.SampledFrom([]int32{0, 1, 5, 50, 100}).Draw(t, "weight"),
		Next:      rapid.SampledFrom([]int32{0, 5, 10, 100}).Draw(t, "next"),
		Candidate: anyCounts(t),
		Stable:    anyCounts(t),
		Others:    map[string]Pair{},
	}
	for _, check := range c.Checks {
		if rapid.IntRange(0, 3).Draw(t, "answered") > 0 {
			w.Others[check.Name] = Pair{Candidate: anyPart(t), Stable: anyPart(t)}
		}
	}
	return w
}

// copied is the state as it is now, whatever becomes of it.
func copied(s State) State {
	s.Memories, s.Recent = slices.Clone(s.Memories), slices.Clone(s.Recent)
	for i := range s.Recent {
		s.Recent[i].Others = maps.Clone(s.Recent[i].Others)
	}
	return s
}

// stored is the state after it was written and read again.
func stored(t interface{ Fatal(...any) }, s State) State {
	s = copied(s)
	for i, m := range s.Memories {
		text, err := m.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		s.Memories[i] = Memory{Name: m.Name}
		if err := s.Memories[i].UnmarshalText(text); err != nil {
			t.Fatal(string(text), err)
		}
	}
	return s
}

// sound is an error if a result has a number that is none or makes no sense.
func sound(r Result) error {
	numbers := []float64{r.LnE}
	for _, check := range r.Checks {
		numbers = append(numbers, check.LnE, check.Limit, check.Bad, check.Total, check.Bound, check.LnG, check.Upper, check.Needed)
		if !(check.Limit > 0 && check.Limit <= 1 && check.Bound >= 0 && check.Bound <= 1 && check.Upper >= 0 && check.Upper <= 1 && check.Needed >= 0) {
			return fmt.Errorf("out of range: %+v", check)
		}
		// A proven bound and the share that is ruled out say the same, but for rounding; of quantiles and very many less is known.
		if check.Needed == 0 && check.Bound > 0 && check.Bound < 1 && check.Total < 1e9 && check.Upper > check.Bound*(1+1e-6) {
			return fmt.Errorf("proven, but only %v is ruled out: %+v", check.Upper, check)
		}
	}
	for _, x := range numbers {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("not finite: %+v", r)
		}
	}
	return nil
}

func TestAnyRollout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyConfig(t)
		var s, again State
		for range rapid.IntRange(1, 15).Draw(t, "windows") {
			w := anyWindow(t, c)
			before := copied(s)
			next, r := c.Judge(s, w)
			if err := sound(r); err != nil {
				t.Fatal(err)
			}
			if r.Cause == Unusable {
				t.Fatal("unusable", w)
			}
			if diff := cmp.Diff(before, s); diff != "" {
				t.Fatal("the old state changed", diff)
			}
			// A controller that was restarted after every window says the same, bit for bit.
			var replayed Result
			again, replayed = c.Judge(stored(t, again), w)
			if diff := cmp.Diff(r, replayed); diff != "" {
				t.Fatal("another result after a restart", diff)
			}
			if diff := cmp.Diff(next, again); diff != "" {
				t.Fatal("another state after a restart", diff)
			}
			s = next
		}
	})
}

func TestDryRunsNeverDecide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := anyConfig(t)
		some := all
		some.Checks = slices.DeleteFunc(slices.Clone(all.Checks), func(k Check) bool { return k.DryRun })
		var s, without State
		for range rapid.IntRange(1, 12).Draw(t, "windows") {
			w := anyWindow(t, all)
			for _, check := range all.Checks { // what a dry run is told may be anything
				if check.DryRun && rapid.Bool().Draw(t, "nonsense") {
					w.Others[check.Name] = Pair{Candidate: Part{math.NaN(), -1}}
				}
			}
			var got, want Result
			s, got = all.Judge(s, w)
			without, want = some.Judge(without, w)
			got.Checks = slices.DeleteFunc(got.Checks, func(r CheckResult) bool {
				return !slices.ContainsFunc(some.Checks, func(k Check) bool { return k.Name == r.Name })
			})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
			if len(some.Checks) == 0 && got.Decision != Hold {
				t.Fatal(got)
			}
		}
	})
}

func TestEvidenceFallsAsTheLimitRises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := anyPart(t)
		limits := []float64{rapid.Float64Range(1e-6, 1).Draw(t, "a"), rapid.Float64Range(1e-6, 1).Draw(t, "b")}
		slices.Sort(limits)
		for _, m := range effects {
			if low, high := LnBin(part.Bad, part.Total, limits[0], m), LnBin(part.Bad, part.Total, limits[1], m); high > low {
				t.Fatalf("lnL %v at %v and %v at %v", low, limits[0], high, limits[1])
			}
		}
	})
}

func TestUpperAndNeededAreWhereTheEvidenceSuffices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Float64Range(0, 1e7).Draw(t, "n")
		f := n * rapid.Float64Range(0, 0.3).Draw(t, "share")
		b := rapid.Float64Range(1e-6, 1).Draw(t, "b")
		phi := rapid.Float64Range(1, 10).Draw(t, "phi")
		target := math.Log(20)
		if u := Upper(f, n, 0.05); u < 1 && (LnG(f, n, u*(1+1e-6), 1) < target || LnG(f, n, u*(1-1e-6), 1) >= target) {
			t.Fatalf("Upper(%v, %v) = %v, where lnG is %v", f, n, u, LnG(f, n, u, 1))
		}
		more := Needed(f, n, b, phi, 0.05)
		if LnG(f, n+more, b, phi) < target-1e-6 {
			t.Fatalf("Needed(%v, %v, %v) = %v are not enough", f, n, b, more)
		}
		if more > 0 && LnG(f, n+(more-1)*(1-1e-9), b, phi) >= target+1e-6 {
			t.Fatalf("Needed(%v, %v, %v) = %v are too many", f, n, b, more)
		}
	})
}
