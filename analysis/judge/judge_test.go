package judge

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// judged lets c judge the windows one after the other and returns what the last one led to.
func judged(c Config, windows ...Window) (s State, r Result) {
	for _, w := range windows {
		s, r = c.Judge(s, w)
	}
	return s, r
}

// times is a window several times over.
func times(n int, w Window) (all []Window) {
	for range n {
		all = append(all, w)
	}
	return all
}

// with is a Config of these checks without a dwell.
func with(checks ...Check) Config {
	c := Defaults()
	c.Checks = checks
	return c
}

var (
	failures = Check{Name: "failures", Kind: Failures, Limit: 0.01}
	slow     = Check{Name: "slow", Kind: Slow, Limit: 0.01}
	gauge    = Check{Name: "memory", Kind: Gauge, Limit: 0.05}
	share    = Check{Name: "orders", Kind: Share, Limit: 0.02}
)

func dry(k Check) Check {
	k.DryRun = true
	return k
}

// observed is a window in which nothing but custom checks were answered.
func observed(name string, candidate, stable Part) Window {
	return Window{Weight: 20, Next: 50, Others: map[string]Pair{name: {Candidate: candidate, Stable: stable}}}
}

func TestCauses(t *testing.T) {
	good := requests(400, 0, 0, 7600, 0)
	for name, c := range map[string]struct {
		config  Config
		windows []Window
		want    Result // LnE, Degraded and Checks are not compared
	}{
		"a NaN is unusable":                  {three(), []Window{requests(math.NaN(), 0, 0, 0, 0)}, Result{Hold, Unusable, "", 0, false, nil}},
		"infinite counts are unusable":       {three(), []Window{requests(math.Inf(1), 0, 0, 0, 0)}, Result{Hold, Unusable, "", 0, false, nil}},
		"negative counts are unusable":       {three(), []Window{requests(10, -1, 0, 0, 0)}, Result{Hold, Unusable, "", 0, false, nil}},
		"more failures than requests":        {three(), []Window{requests(10, 11, 0, 0, 0)}, Result{Hold, Unusable, "", 0, false, nil}},
		"rounded fractions are usable":       {three(), []Window{requests(9.9999999999, 10, 0, 0, 0)}, Result{RollBack, FailsFast, "failures", 0, false, nil}},
		"more than can be counted":           {three(), []Window{requests(2e15, 0, 0, 0, 0)}, Result{Hold, Unusable, "", 0, false, nil}},
		"an observation that cannot be":      {with(share), []Window{observed("orders", Part{2, 1}, Part{})}, Result{Hold, Unusable, "orders", 0, false, nil}},
		"one that nobody asked for":          {with(failures), []Window{{Weight: 5, Next: 10, Candidate: Counts{Requests: 400}, Others: map[string]Pair{"x": {Candidate: Part{2, 1}}}}}, Result{Advance, Proven, "", 0, false, nil}},
		"quantiles out of order":             {three(), []Window{{Candidate: Counts{Requests: 9, Quantiles: &Quantiles{1, 3, 2, 4}}}}, Result{Hold, Unusable, "", 0, false, nil}},
		"quantiles of no requests":           {three(), []Window{{Candidate: Counts{Quantiles: &Quantiles{1, math.NaN(), math.NaN(), math.NaN()}}}}, Result{Hold, NoRequests, "", 0, false, nil}},
		"a quarter of 80 fail":               {three(), []Window{requests(80, 20, 0, 380, 0)}, Result{RollBack, FailsFast, "failures", 0, false, nil}},
		"a quarter of 80 fail, 5% may":       {with(Check{Name: "f", Kind: Failures, Limit: 0.05}), []Window{requests(80, 20, 0, 380, 0)}, Result{Hold, Suspicious, "f", 0, false, nil}},
		"half of 20 fail, 5% may":            {with(Check{Name: "f", Kind: Failures, Limit: 1 - 0.95}), []Window{requests(20, 10, 0, 380, 0)}, Result{RollBack, FailsFast, "f", 0, false, nil}},
		"half of 20 fail, of stable a third": {three(), []Window{requests(20, 10, 0, 300, 100)}, Result{Hold, Dwelling, "", 0, false, nil}},
		"half of 20 fail, and nobody checks": {with(slow), []Window{requests(20, 10, 0, 380, 0)}, Result{Hold, Unproven, "slow", 0, false, nil}},
		"half of 20 fail in a dry run":       {with(dry(failures), slow), []Window{requests(20, 10, 0, 380, 0)}, Result{Hold, Unproven, "slow", 0, false, nil}},
		"slow ones are guilty":               {three(), times(2, requests(40, 0, 20, 760, 0)), Result{RollBack, Guilty, "slow", 0, false, nil}},
		"requests do not arrive":             {three(), []Window{requests(19, 0, 0, 760, 0)}, Result{Hold, NotReached, "", 0, false, nil}},
		"none at all do":                     {three(), []Window{requests(0, 0, 0, 760, 0)}, Result{Hold, NotReached, "", 0, false, nil}},
		"nobody calls":                       {three(), []Window{requests(0, 0, 0, 700, 0)}, Result{Hold, NoRequests, "", 0, false, nil}},
		"nobody has to call":                 {with(gauge), []Window{observed("memory", Part{0, 1}, Part{})}, Result{Hold, Unproven, "memory", 0, false, nil}},
		"enough, but too early":              {three(), []Window{good}, Result{Hold, Dwelling, "", 0, false, nil}},
		"latency is not measured":            {with(failures, slow), []Window{{Weight: 5, Next: 10, Candidate: Counts{Requests: 400, Unmeasured: true}}}, Result{Hold, Unanswered, "slow", 0, false, nil}},
		"latency of a dry run is not":        {with(failures, dry(slow)), []Window{{Weight: 5, Next: 10, Candidate: Counts{Requests: 400, Unmeasured: true}}}, Result{Advance, Proven, "", 0, false, nil}},
		"an observation is missing":          {with(share), []Window{observed("other", Part{0, 400}, Part{})}, Result{Hold, Unanswered, "orders", 0, false, nil}},
		"both fail from now on":              {three(), append(times(4, good), requests(400, 20, 0, 7600, 380)), Result{Hold, Breaking, "failures", 0, false, nil}},
		"stable fails beside a good one":     {three(), append(times(4, good), requests(400, 0, 0, 7600, 380)), Result{Advance, Proven, "", 0, false, nil}},
		"slow from now on":                   {three(), append(times(4, good), requests(400, 0, 20, 7600, 0)), Result{Hold, Breaking, "slow", 0, false, nil}},
		"slow for a moment":                  {three(), append(append(times(4, good), requests(400, 0, 20, 7600, 0)), times(4, good)...), Result{Advance, Proven, "", 0, false, nil}},
		"stable is silent":                   {three(), times(4, requests(40, 0, 0, 0, 0)), Result{Advance, Proven, "", 0, false, nil}},
		"only dry runs":                      {with(dry(failures)), times(9, requests(40, 40, 0, 760, 0)), Result{Hold, Unanswered, "", 0, false, nil}},
		"nothing to check":                   {with(), []Window{good}, Result{Hold, Unanswered, "", 0, false, nil}},
		"the one that needs most":            {with(failures, slow), []Window{requests(20, 0, 1, 380, 0)}, Result{Hold, Unproven, "slow", 0, false, nil}},
		"nothing can be broken":              {with(Check{Name: "f", Kind: Failures, Limit: 1}), times(9, requests(40, 40, 0, 760, 0)), Result{Advance, Proven, "", 0, false, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			_, got := judged(c.config, c.windows...)
			got.LnE, got.Degraded, got.Checks = 0, false, nil
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestUnusableWindowChangesNothing(t *testing.T) {
	before, r := judged(three(), times(3, requests(40, 1, 0, 760, 1))...)
	after, unusable := three().Judge(before, requests(math.NaN(), 0, 0, 0, 0))
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("the state changed (-before +after)\n%s", diff)
	}
	if unusable.LnE != r.LnE || unusable.Checks[0].LnG != r.Checks[0].LnG {
		t.Errorf("lnE %v and lnG %v, want what was known: %v and %v", unusable.LnE, unusable.Checks[0].LnG, r.LnE, r.Checks[0].LnG)
	}
}

func TestEmptyWindowCountsAndChangesNoEvidence(t *testing.T) {
	before, r := judged(three(), times(3, requests(40, 1, 0, 760, 1))...)
	after, empty := three().Judge(before, requests(0, 0, 0, 700, 0))
	if diff := cmp.Diff(before.Memories, after.Memories); diff != "" {
		t.Errorf("the evidence changed (-before +after)\n%s", diff)
	}
	if after.Windows != 4 || len(after.Recent) != 4 || empty.LnE != r.LnE {
		t.Errorf("%d windows, %d kept, lnE %v, want 4, 4, %v", after.Windows, len(after.Recent), empty.LnE, r.LnE)
	}
}

func TestSilentStableLeavesTheRatioAtOne(t *testing.T) {
	for name, nc := range map[string]float64{"little traffic": 3, "much traffic": 3e6} {
		t.Run(name, func(t *testing.T) {
			s, _ := judged(three(), times(200, requests(nc, 1, 0, 0, 0))...)
			if lnE := s.Memories[1].Null.LnE(); math.Abs(lnE) > 1e-12 {
				t.Errorf("lnE = %v, want 0", lnE)
			}
		})
	}
}

func TestNewWeightBeginsAStep(t *testing.T) {
	at10 := requests(40, 0, 0, 360, 0)
	at10.Weight, at10.Next = 10, 50
	for name, c := range map[string]struct {
		whole bool
		total float64
	}{"each step alone": {false, 40}, "the whole rollout": {true, 160}} {
		t.Run(name, func(t *testing.T) {
			config := three()
			config.WholeRollout = c.whole
			s, r := judged(config, append(times(3, requests(40, 0, 0, 760, 0)), at10)...)
			if s.Weight != 10 || s.Windows != 1 || r.Checks[0].Total != c.total || s.Memories[0].Seen != 1 {
				t.Errorf("weight %d, %d windows, %v requests, %d seen; want 10, 1, %v, 1", s.Weight, s.Windows, r.Checks[0].Total, s.Memories[0].Seen, c.total)
			}
			// A fault is likely to begin with a step: 1/2 of the prior, 1/10 and 1/11 of the rest, and then 1/4.
			near(t, "the rest of the prior", s.Memories[0].Null.R, 0.5*0.9*10/11*0.75)
		})
	}
}

func TestEmptyWindowsDoNotUseUpTheStepsFirst(t *testing.T) {
	at10 := requests(40, 0, 0, 360, 0)
	at10.Weight, at10.Next = 10, 50
	none := at10
	none.Candidate = Counts{}
	s, _ := judged(with(failures), requests(40, 0, 0, 760, 0), none, none, at10)
	near(t, "the rest of the prior", s.Memories[0].Null.R, 0.5*0.75)
}

func TestChecksComeAndGo(t *testing.T) {
	s, _ := judged(with(failures, slow), requests(40, 0, 0, 760, 0))
	s, _ = with(slow, share).Judge(s, requests(40, 0, 0, 760, 0))
	if len(s.Memories) != 2 || s.Memories[0].Name != "slow" || s.Memories[0].Null.T != 2 || s.Memories[1].Name != "orders" || s.Memories[1].Null.T != 0 {
		t.Errorf("memories %+v, want two windows of slow and none of orders", s.Memories)
	}
}

func TestEvidenceIsTheMeanOfWhatDecides(t *testing.T) {
	_, r := judged(with(failures, dry(slow), share), requests(40, 1, 20, 760, 0))
	// Orders have seen nothing and count as 1.
	near(t, "lnE", r.LnE, math.Log((math.Exp(r.Checks[0].LnE)+1)/2))
}

func TestGaugeHoldsTheCandidateToStable(t *testing.T) {
	for name, c := range map[string]struct {
		stable Part
		lnE    float64
		limit  float64
	}{
		"stable is well":          {Part{0, 1}, 1.52928, 0.05},
		"stable is not asked":     {Part{}, 1.52928, 0.05},
		"stable is as bad":        {Part{1, 1}, 0, 1},
		"stable is bad by halves": {Part{1, 2}, 0.29229, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			_, r := judged(with(gauge), observed("memory", Part{1, 1}, c.stable))
			if math.Abs(r.LnE-c.lnE) > 1e-5 || r.Checks[0].Limit != c.limit || r.Degraded != (c.limit > 0.05) {
				t.Errorf("lnE %.6g at limit %v, degraded %v; want %v at %v", r.LnE, r.Checks[0].Limit, r.Degraded, c.lnE, c.limit)
			}
		})
	}
}

func TestBound(t *testing.T) {
	half := Check{Kind: Share, Limit: 0.4}
	for name, c := range map[string]struct {
		check Check
		next  int32
		want  float64
	}{
		"early steps need little":             {failures, 5, 0.2},
		"half is enough at first":             {failures, 1, 0.5},
		"later ones need twice the limit":     {failures, 50, 0.02},
		"after the last":                      {failures, 100, 0.02},
		"no weight is taken for the last":     {failures, 0, 0.02},
		"a weight beyond is, too":             {failures, 101, 0.02},
		"slow ones have the failures' budget": {Check{Kind: Slow, Limit: 0.05}, 5, 0.2},
		"and at least twice their own":        {Check{Kind: Slow, Limit: 0.05}, 50, 0.1},
		"a ratio needs none":                  {Check{Kind: Ratio, Limit: 0.01}, 50, 0},
		"a gauge has few looks":               {gauge, 100, 0.5},
		"a limit is always below its bound":   {half, 100, 0.6},
		"no limit is the smallest":            {Check{Kind: Share, Limit: math.NaN()}, 100, 2e-6},
		"all may be bad":                      {Check{Kind: Share, Limit: 1}, 100, 1},
	} {
		t.Run(name, func(t *testing.T) {
			near(t, "bound", with(failures, slow).Bound(c.check, c.next), c.want)
		})
	}
	t.Run("slow ones without a check of failures", func(t *testing.T) {
		near(t, "bound", with(dry(failures)).Bound(Check{Kind: Slow, Limit: 0.02}, 5), 0.4)
	})
}

func TestQuantilesProveTheirBound(t *testing.T) {
	window := func(next int32) Window {
		return Window{Weight: 50, Next: next, Candidate: Counts{Requests: 300, Quantiles: &Quantiles{Limit: 200, P50: 40, P90: 90, P99: 150}}}
	}
	c := with(slow)
	s, r := judged(c, window(100))
	if r.Cause != Unproven || r.Checks[0].Upper != 1 || !r.Checks[0].Measured || r.Checks[0].Total != 0 {
		t.Fatalf("after one window: %+v, want nothing proven", r)
	}
	was := r.Checks[0].LnG
	for range 8 {
		s, r = c.Judge(s, window(100))
	}
	if r.Cause != Proven || r.Checks[0].Upper != 0.02 || r.Checks[0].Needed != 0 {
		t.Errorf("after nine: %+v, want 2%% ruled out", r)
	}
	s, r = c.Judge(s, window(20)) // the steps were edited
	if r.Checks[0].Bound != 0.05 || s.Memories[0].Bound != 0.05 {
		t.Errorf("bounds %v and %v, want 0.05", r.Checks[0].Bound, s.Memories[0].Bound)
	}
	_, again := c.Judge(s, window(100))
	if again.Checks[0].LnG != was {
		t.Errorf("lnG = %v, want %v again: what was said about another bound says nothing about this one", again.Checks[0].LnG, was)
	}
}

func TestQuantilesFindTheSlow(t *testing.T) {
	_, r := judged(with(slow), times(12, Window{
		Weight: 50, Next: 100,
		Candidate: Counts{Requests: 300, Quantiles: &Quantiles{Limit: 200, P50: 40, P90: 90, P99: 250}},
	})...)
	if r.Cause != Guilty {
		t.Errorf("%s after 12 windows with a p99 above the limit, lnE %v", r.Cause, r.LnE)
	}
}

func TestRecentIsAloneAndShort(t *testing.T) {
	w := observed("orders", Part{1, 100}, Part{1, 100})
	w.Others["unasked"] = Pair{}
	w.Candidate = Counts{Requests: 7, Quantiles: &Quantiles{Limit: 1, P99: 1}}
	s, _ := judged(with(share), times(14, w)...)
	w.Others["orders"] = Pair{}
	w.Candidate.Quantiles.Limit = 2
	if len(s.Recent) != 10 {
		t.Errorf("%d windows are kept", len(s.Recent))
	}
	for _, kept := range s.Recent {
		if len(kept.Others) != 1 || kept.Others["orders"].Candidate.Bad != 1 || kept.Candidate.Quantiles.Limit != 1 {
			t.Fatalf("kept %+v: it should have the orders only and be a copy", kept)
		}
	}
}

func TestEstimatesOfNothing(t *testing.T) {
	lower, upper := Wilson(0, 0, 2)
	for name, c := range map[string]struct{ got, want float64 }{
		"Wilson's lower end":            {lower, 0},
		"Wilson's upper end":            {upper, 1},
		"dispersion of no window":       {Dispersion(nil, 100), 1},
		"dispersion of one window":      {Dispersion([]float64{9}, 100), 1},
		"dispersion of few failures":    {Dispersion([]float64{0, 0, 4, 0}, 100), 1},
		"dispersion of failures only":   {Dispersion([]float64{9, 9}, 9), 1},
		"dispersion of even failures":   {Dispersion([]float64{5, 6, 5, 6, 5, 6}, 100), 1},
		"dispersion of one great burst": {Dispersion([]float64{0, 0, 0, 0, 0, 90}, 100), 10},
		"dispersion of what is none":    {Dispersion([]float64{math.NaN(), 7}, 100), 1},
		"upper of nothing":              {Upper(0, 0, 0.05), 1},
		"upper of failures only":        {Upper(9, 9, 0.05), 1},
		"ratio without candidate":       {LnRel(0, 0, 5, 100, 1.5, 10), 0},
		"ratio without failures":        {LnRel(0, 50, 0, 100, 1.5, 10), 0},
		"quantiles of few requests":     {LnQuantiles(Quantiles{Limit: 2, P50: 1, P90: 1, P99: 3}, 5, 0.01, 10), 0},
		"quantiles of no requests":      {LnQuantiles(Quantiles{Limit: 2, P99: 3}, 0, 0.01, 10), 0},
		"quantiles of nothing":          {LnQuantiles(Quantiles{Limit: 2, P99: 3}, 100, 0, 10), 0},
		"quantiles of all":              {LnQuantiles(Quantiles{Limit: 2, P99: 3}, 100, 1, 10), 0},
	} {
		t.Run(name, func(t *testing.T) {
			if c.got != c.want {
				t.Errorf("%v, want %v", c.got, c.want)
			}
		})
	}
}

func TestConfigWithoutNumbersHasTheDefaults(t *testing.T) {
	bare, whole := Config{Checks: three().Checks, Dwell: 4}, three()
	windows := times(6, requests(40, 1, 0, 760, 1))
	_, got := judged(bare, windows...)
	_, want := judged(whole, windows...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
