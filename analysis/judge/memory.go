package judge

// State is what is remembered from one window to the next. The zero value has seen nothing.
type State struct {
	// Weight is the candidate's share in percent at the step of the last window; 0 before the first.
	Weight int32
	// Windows is the number of usable windows at this weight.
	Windows int
	// Memories are those of the checks, in the order of Config.Checks.
	Memories []Memory
	// Recent are the last ten usable windows, the newest last, with only what a check may ask for.
	Recent []Window
}

// Memory is what is remembered of one check. Its text, and so its JSON, has all but the name.
type Memory struct {
	// Name is that of the check.
	Name string
	// Null is the evidence that the limit is broken, or of a Ratio that stable's share is exceeded.
	Null Mixture
	// Floor is the evidence that the candidate is bad enough to harm anybody; of a Ratio only.
	Floor Mixture
	// Bad of Total are the candidate's counts since the step began, or since the rollout did where Config.WholeRollout says so.
	Bad, Total float64
	// Seen is the number of windows at this weight in which there was something to see.
	Seen int
	// LnQ are the exponents of the evidence for promotion from those windows of which only quantiles are known, one for each of
	// the odds 0.5, 0.2, 0.05 and 0.005 times those of Bound.
	LnQ [4]float64
	// Bound is the share that LnQ is about; 0 where LnQ is of nothing.
	Bound float64
}

// keptWindows is the number of windows that State keeps: the longest look back of the guard.
const keptWindows = 10

// begin returns the state in which a usable window is judged: the window is counted and kept, sums begin anew with a weight, and
// every check has its memory. It shares no slice with s.
func (c Config) begin(s State, w Window) State {
	next := State{Weight: w.Weight, Windows: s.Windows + 1, Memories: c.memories(s.Memories)}
	if s.Weight != w.Weight {
		next.Windows = 1
		for i := range next.Memories {
			m := &next.Memories[i]
			m.Seen = 0
			if !c.WholeRollout {
				m.Bad, m.Total, m.LnQ, m.Bound = 0, 0, [4]float64{}, 0
			}
		}
	}
	kept := s.Recent[max(0, len(s.Recent)-keptWindows+1):]
	next.Recent = append(make([]Window, 0, keptWindows), kept...)
	next.Recent = append(next.Recent, c.keep(w))
	return next
}

// memories are those of the configured checks, new where a check is.
func (c Config) memories(known []Memory) []Memory {
	all := make([]Memory, len(c.Checks))
	for i, check := range c.Checks {
		all[i].Name = check.Name
		for j := range known {
			if known[j].Name == check.Name {
				all[i] = known[j]
				break
			}
		}
	}
	return all
}

// keep is a copy of the window that shares nothing with the caller's and has only what may be asked for again.
func (c Config) keep(w Window) Window {
	kept := Window{Weight: w.Weight, Next: w.Next, Candidate: w.Candidate.keep(), Stable: w.Stable.keep()}
	for _, check := range c.Checks {
		pair, ok := w.Others[check.Name]
		if !ok || check.ofRequests() || !pair.usable() {
			continue
		}
		if kept.Others == nil {
			kept.Others = make(map[string]Pair, len(w.Others))
		}
		kept.Others[check.Name] = pair
	}
	return kept
}

// keep is a copy without what is not known.
func (n Counts) keep() Counts {
	switch {
	case n.Unmeasured:
		n.Slow, n.Quantiles = 0, nil
	case n.Quantiles != nil && n.Requests > 0:
		q := *n.Quantiles
		n.Slow, n.Quantiles = 0, &q
	case n.Quantiles != nil:
		n.Slow, n.Quantiles = 0, nil
	}
	return n
}
