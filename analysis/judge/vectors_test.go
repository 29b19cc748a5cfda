package judge

import (
	"math"
	"testing"
)

// near fails the test unless got is want to one part in a million.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-6*math.Abs(want)) {
		t.Errorf("%s = %.10g, want %.10g", what, got, want)
	}
}

// mixed is one process over windows of failures and requests against a limit of 1%, all at one weight.
func mixed(phi float64, windows ...[2]float64) Mixture {
	c := Config{Alpha: 0.01, Beta: 0.05, Phi: phi, Checks: []Check{{Name: "slo", Kind: Failures, Limit: 0.01}}}
	var s State
	for _, w := range windows {
		s, _ = c.Judge(s, Window{Weight: 5, Next: 10, Candidate: Counts{Failures: w[0], Requests: w[1]}})
	}
	return s.Memories[0].Null
}

func TestFormulas(t *testing.T) {
	steady := mixed(1, [2]float64{0, 50}, [2]float64{1, 60}, [2]float64{4, 55})
	lower, upper := Wilson(60, 1000, 2)
	for name, c := range map[string]struct{ got, want float64 }{
		"V1: against a limit":                  {LnBin(3, 100, .01, 5), 0.90624242},
		"V2: one window":                       {mixed(1, [2]float64{3, 100}).LnE(), 0.19217087},
		"V2: its evidence":                     {math.Exp(mixed(1, [2]float64{3, 100}).LnE()), 1.2118776},
		"V3: three windows":                    {steady.LnE(), 1.2261809},
		"V3: the prior that is left":           {steady.R, 0.40909091},
		"V3: odds of five":                     {steady.LnM[3], 1.9589942},
		"V3: overdispersed":                    {mixed(2, [2]float64{0, 50}, [2]float64{1, 60}, [2]float64{4, 55}).LnE(), 0.25073232},
		"V5: against stable":                   {LnRel(6, 300, 3, 2700, 1.5, 10), 6.3754034},
		"V8: a thousand good ones":             {mixed(1, [2]float64{0, 1000}).LnE(), -0.69228878},
		"V9: 171 good ones":                    {LnG(0, 171, .02, 1), 2.9835325},
		"V9: 172 good ones":                    {LnG(0, 172, .02, 1), 3.0018265},
		"V9: what 171 lack":                    {Needed(0, 171, .02, 1, .05), 1},
		"V9: what 172 lack":                    {Needed(0, 172, .02, 1, .05), 0},
		"V10: ruled out by 500 good ones":      {Upper(0, 500, .05), 0.0069088536},
		"V10: ruled out by 3 bad ones of 1000": {Upper(3, 1000, .05), 0.010821190},
		"V11: quantiles":                       {LnQuantiles(Quantiles{Limit: 200, P50: 40, P90: 90, P99: 250}, 300, .01, 5), 1.0416190},
		"V12: Wilson's lower end":              {lower, 0.046660799},
		"V12: Wilson's upper end":              {upper, 0.076845177},
		"V12: dispersion":                      {Dispersion([]float64{0, 0, 10, 0, 0, 10, 0, 0, 0, 0}, 600), 8.9186176},
	} {
		t.Run(name, func(t *testing.T) { near(t, name, c.got, c.want) })
	}
}

func TestRequestsNeeded(t *testing.T) {
	for name, c := range map[string]struct {
		bound float64
		want  [3]float64 // all requests, with none, one and two failures
	}{
		"20%": {.2, [3]float64{16, 30, 41}},
		"10%": {.1, [3]float64{34, 63, 86}},
		"4%":  {.04, [3]float64{86, 162, 218}},
		"2%":  {.02, [3]float64{172, 326, 440}},
		"1%":  {.01, [3]float64{345, 653, 882}},
	} {
		t.Run(name, func(t *testing.T) {
			for failures, want := range c.want {
				f := float64(failures)
				near(t, "requests", f+Needed(f, f, c.bound, 1, .05), want)
			}
		})
	}
}

func TestGuard(t *testing.T) {
	for name, c := range map[string]struct {
		stable [][2]float64
		want   float64
	}{
		"V12: the newest of ten windows is bad": {
			[][2]float64{{1, 1000}, {1, 1000}, {1, 1000}, {1, 1000}, {1, 1000}, {1, 1000}, {1, 1000}, {1, 1000}, {1, 1000}, {60, 1000}},
			0.076845177,
		},
		"V12: one good window":         {[][2]float64{{1, 1000}}, 0.01},
		"four failures are not enough": {[][2]float64{{4, 10}}, 0.01},
		"thinly spread over ten windows": {
			[][2]float64{{1, 10}, {0, 10}, {1, 10}, {0, 10}, {1, 10}, {0, 10}, {1, 10}, {0, 10}, {1, 10}, {0, 10}},
			0.113421457,
		},
	} {
		t.Run(name, func(t *testing.T) {
			checks := map[Kind]Check{}
			for _, kind := range []Kind{Failures, Slow, Share} {
				checks[kind] = Check{Name: string(kind), Kind: kind, Limit: 0.01}
			}
			cfg := Defaults()
			cfg.Checks = []Check{checks[Failures], checks[Slow], checks[Share]}
			var s State
			var r Result
			for _, w := range c.stable {
				s, r = cfg.Judge(s, Window{
					Stable: Counts{Failures: w[0], Slow: w[0], Requests: w[1]},
					Others: map[string]Pair{string(Share): {Stable: Part{w[0], w[1]}}},
				})
			}
			for _, check := range r.Checks {
				if math.Abs(check.Limit-c.want) > 1e-5*c.want {
					t.Errorf("the limit of %s = %.10g, want %.10g", check.Name, check.Limit, c.want)
				}
			}
			if r.Degraded != (c.want > 0.01) {
				t.Errorf("degraded = %v with a limit of %v", r.Degraded, c.want)
			}
		})
	}
}

// three is what most rollouts have: 99% without failure, not 1.5 times stable's failures, and 99% fast enough.
func three() Config {
	c := Defaults()
	c.Dwell = 4
	c.Checks = []Check{
		{Name: "failures", Kind: Failures, Limit: 0.01},
		{Name: "ratio", Kind: Ratio, Limit: 0.01, MaxRatio: 1.5},
		{Name: "slow", Kind: Slow, Limit: 0.01},
	}
	return c
}

// requests is a window at 5% before 10%: requests, failures and slow ones of the candidate, requests and failures of stable.
func requests(nc, fc, slow, ns, fs float64) Window {
	return Window{
		Weight: 5, Next: 10,
		Candidate: Counts{Requests: nc, Failures: fc, Slow: slow},
		Stable:    Counts{Requests: ns, Failures: fs},
	}
}

func TestSequences(t *testing.T) {
	type step struct {
		window   Window
		decision Decision
		cause    Cause
		check    string
		lnE, lnG float64 // 0: not asserted
	}
	quiet := func(fs float64) Window { return requests(10, 0, 0, 190, fs) }
	few := requests(8, 0, 0, 152, 0)
	for name, steps := range map[string][]step{
		"D1: a healthy candidate advances when the dwell is over": {
			{quiet(0), Hold, Dwelling, "", -0.27990495, 0.86896423},
			{quiet(0), Hold, Dwelling, "", -0.38273544, 1.7743619},
			{quiet(1), Hold, Dwelling, "", -0.46742707, 2.7086623},
			{quiet(0), Advance, Proven, "", -0.54310456, 3.6651172},
		},
		"D2: with less traffic it takes a window more": {
			{few, Hold, Dwelling, "", 0, 0},
			{few, Hold, Dwelling, "", 0, 0},
			{few, Hold, Dwelling, "", 0, 0},
			{few, Hold, Unproven, "failures", -0.50746589, 2.8983755},
			{few, Advance, Proven, "", 0, 3.6651172},
		},
		"D3: half of the requests fail": {
			{requests(20, 10, 0, 380, 0), RollBack, FailsFast, "failures", 0, 0},
		},
		"D4: one burst cannot decide": {
			{requests(20, 9, 0, 380, 0), Hold, Dwelling, "", 3.4350977, 0},
			{requests(20, 1, 0, 380, 0), Hold, Dwelling, "", 3.8686046, 0},
		},
		"D4: two can": {
			{requests(20, 9, 0, 380, 0), Hold, Dwelling, "", 3.4350977, 0},
			{requests(20, 9, 0, 380, 0), RollBack, Guilty, "failures", 0, 0},
		},
		"D6: a few failures": {
			{requests(40, 0, 0, 760, 0), Hold, Dwelling, "", -0.42462566, 3.6651172},
			{requests(40, 1, 0, 760, 1), Hold, Dwelling, "", -0.38601453, 4.4910201},
			{requests(40, 2, 0, 760, 0), Hold, Dwelling, "", 0.44632765, 4.1591838},
			{requests(40, 0, 0, 760, 0), Advance, Proven, "", -0.015141385, 7.3959930},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var s State
			for i, step := range steps {
				var r Result
				s, r = three().Judge(s, step.window)
				if r.Decision != step.decision || r.Cause != step.cause || r.Check != step.check {
					t.Errorf("window %d: %s, %s, %q, want %s, %s, %q", i+1, r.Decision, r.Cause, r.Check, step.decision, step.cause, step.check)
				}
				if step.lnE != 0 {
					near(t, "lnE", r.LnE, step.lnE)
				}
				if step.lnG != 0 {
					near(t, "lnG of failures", r.Checks[0].LnG, step.lnG)
				}
				near(t, "bound", r.Checks[0].Bound, 0.1)
				near(t, "bound of slow ones", r.Checks[2].Bound, 0.1)
			}
		})
	}
}
