package judge

import "math"

// decide goes through the causes in their order. The state is the one with the window.
func (c Config) decide(s State, w Window, r Result) (Decision, Cause, string) {
	if name, fast := c.failsFast(w); fast {
		return RollBack, FailsFast, name
	}
	deciding, requests := c.deciding()
	switch {
	case deciding && r.LnE >= -math.Log(c.Alpha):
		return RollBack, Guilty, c.worst(r)
	case w.notReached():
		return Hold, NotReached, ""
	case requests && w.Candidate.Requests == 0:
		return Hold, NoRequests, ""
	case s.Windows < c.Dwell:
		return Hold, Dwelling, ""
	case deciding && r.LnE >= math.Log(SuspiciousOdds):
		return Hold, Suspicious, c.worst(r)
	}
	if name, now := c.breaking(s); now {
		return Hold, Breaking, name
	}
	if name, silent := c.unanswered(r); silent || !deciding {
		return Hold, Unanswered, name
	}
	if name, open := c.unproven(r); open {
		return Hold, Unproven, name
	}
	return Advance, Proven, ""
}

// deciding says whether any check decides, and whether one that does is answered by requests.
func (c Config) deciding() (some, requests bool) {
	for _, check := range c.Checks {
		some = some || !check.DryRun
		requests = requests || !check.DryRun && check.ofRequests()
	}
	return some, requests
}

// failsFast says whether at least 10 and half of the newest requests failed, or at least 20 and a quarter, each only where that
// is ten times the limit, and twice stable's share: too many for chance, and nothing has to be computed. The check is the one
// whose limit it is.
func (c Config) failsFast(w Window) (string, bool) {
	n, s := w.Candidate, w.Stable
	if n.Requests == 0 || s.Requests > 0 && n.Failures/n.Requests < 2*s.Failures/s.Requests {
		return "", false
	}
	for _, check := range c.Checks {
		if check.Kind != Failures || check.DryRun {
			continue
		}
		tenfold := 10 * check.limit() * (1 - slack) // a limit of 1-0.95 is a little more than 0.05
		for _, rule := range [...]struct{ bad, share float64 }{{10, 0.5}, {20, 0.25}} {
			if n.Failures >= rule.bad && n.Failures >= rule.share*n.Requests && rule.share >= tenfold {
				return check.Name, true
			}
		}
	}
	return "", false
}

// notReached says whether stable's requests promise the candidate at least 40, and fewer than half of those came: by chance
// that happens once in 2,500 windows.
func (w Window) notReached() bool {
	if w.Weight <= 0 || w.Weight >= 100 {
		return false
	}
	expected := w.Stable.Requests * float64(w.Weight) / float64(100-w.Weight)
	return expected >= 40 && w.Candidate.Requests < expected/2
}

// worst is the deciding check with the most evidence against the candidate.
func (c Config) worst(r Result) (name string) {
	most := math.Inf(-1)
	for i, check := range c.Checks {
		if !check.DryRun && r.Checks[i].LnE > most {
			name, most = check.Name, r.Checks[i].LnE
		}
	}
	return name
}

// unanswered is the first deciding check that had nothing to see. A Ratio is not asked: without requests of stable it has
// nothing to say, and without those of the candidate the decision is made already.
func (c Config) unanswered(r Result) (string, bool) {
	for i, check := range c.Checks {
		if !check.DryRun && check.Kind != Ratio && !r.Checks[i].Measured {
			return check.Name, true
		}
	}
	return "", false
}

// unproven is the deciding check that needs the most good ones, if one needs any.
func (c Config) unproven(r Result) (name string, open bool) {
	most := 0.0
	for i, check := range c.Checks {
		if !check.DryRun && r.Checks[i].Needed > most {
			name, most = check.Name, r.Checks[i].Needed
		}
	}
	return name, most > 0
}
