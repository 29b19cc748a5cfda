package analysis

// Weights is a division of all requests between stable and candidate. It can only be made by Split, so the two shares
// always add up to 100; the zero value sends everything to stable.
type Weights struct {
	candidate int32
}

// Split gives the candidate that percentage and stable the rest. What lies outside 0 to 100 is cut off.
func Split(candidate int32) Weights {
	return Weights{candidate: min(max(candidate, 0), 100)}
}

// Candidate is the candidate's share in percent.
func (w Weights) Candidate() int32 { return w.candidate }

// Stable is stable's share in percent.
func (w Weights) Stable() int32 { return 100 - w.candidate }
