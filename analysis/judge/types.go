package judge

// Kind says what a check looks at.
type Kind string

// Kinds of checks.
const (
	// Failures is the share of requests that fail.
	Failures Kind = "Failures"
	// Ratio is the same against stable's in the same window.
	Ratio Kind = "Ratio"
	// Slow is the share of requests that are slower than a limit.
	Slow Kind = "Slow"
	// Share is any other share of things that are bad.
	Share Kind = "Share"
	// Gauge is one look per window at something that is within its bounds or not: the share of looks that were not.
	Gauge Kind = "Gauge"
)

// Check is one thing that is judged.
type Check struct {
	// Name is unique in a Config.
	Name string
	Kind Kind
	// Limit is the largest share of bad ones that is allowed, from 0 to 1. A Ratio has it too: below half of it a candidate
	// harms nobody.
	Limit float64
	// MaxRatio is how many times stable's share the candidate's may be; of a Ratio only.
	MaxRatio float64
	// DryRun checks are computed and shown, and never decide.
	DryRun bool
}

// Config says what is judged and how sure to be.
type Config struct {
	// Checks are fixed for a rollout: the evidence is their mean.
	Checks []Check
	// Alpha is the largest probability that a candidate that keeps its limits is ever rolled back.
	Alpha float64
	// Beta is the largest probability that a candidate as bad as its bound leaves a step.
	Beta float64
	// Phi is the overdispersion of the counts, 1 for independent requests. Greater values make every answer slower.
	Phi float64
	// Dwell is the least number of windows at a step; 0 leaves the time at a step to the caller.
	Dwell int
	// WholeRollout adds the evidence for promotion up over all steps instead of beginning anew at each. For little traffic.
	WholeRollout bool
}

// Window is what one window showed. No request is in two windows.
type Window struct {
	// Weight is the candidate's share of the requests in percent, Next the one that it gets after this step: 100 after the last.
	Weight, Next int32
	// Candidate and Stable are what the two versions did.
	Candidate, Stable Counts
	// Others are the observations of Share and Gauge checks, by their names. One that is missing was not answered.
	Others map[string]Pair
}

// Counts is what one version did in a window. Fractions are allowed.
type Counts struct {
	// Requests is the number of requests, Failures how many of them failed, Slow how many were slower than the limit.
	Requests, Failures, Slow float64
	// Quantiles stand in for Slow where only quantiles are known; nil where Slow was counted.
	Quantiles *Quantiles
	// Unmeasured says that neither is known.
	Unmeasured bool
}

// Quantiles of the times that requests took, all in the same unit.
type Quantiles struct {
	// Limit is the time that 99 of 100 requests must keep.
	Limit float64
	// P50, P90 and P99 are the times that as many percent of the requests kept.
	P50, P90, P99 float64
}

// Pair is an observation of both versions.
type Pair struct{ Candidate, Stable Part }

// Part is a number of bad ones among all; with Total 0 there was nothing to see.
type Part struct{ Bad, Total float64 }

// Decision is what a window leads to.
type Decision string

// Decisions.
const (
	// Hold: keep the weight.
	Hold Decision = "Hold"
	// Advance: the step may be left.
	Advance Decision = "Advance"
	// RollBack: the candidate is worse than its limits.
	RollBack Decision = "RollBack"
)

// Cause is why.
type Cause string

// Causes, in the order in which they are looked for.
const (
	// Unusable: the counts cannot be (negative, infinite, more bad ones than all).
	Unusable Cause = "Unusable"
	// FailsFast: so many of the newest window's requests failed that nothing has to be computed.
	FailsFast Cause = "FailsFast"
	// Guilty: the evidence against the candidate has reached 1/Alpha.
	Guilty Cause = "Guilty"
	// NotReached: stable's traffic says that many more requests should have reached the candidate.
	NotReached Cause = "NotReached"
	// NoRequests: the candidate had no requests in the window.
	NoRequests Cause = "NoRequests"
	// Dwelling: there were fewer windows at the step than Dwell.
	Dwelling Cause = "Dwelling"
	// Suspicious: the evidence against the candidate is at least 3, too much to give it more traffic.
	Suspicious Cause = "Suspicious"
	// Breaking: the candidate's newest windows surely break a limit, alone or with stable, and that is too new to be evidence.
	Breaking Cause = "Breaking"
	// Unanswered: a check has no observation in the newest window.
	Unanswered Cause = "Unanswered"
	// Unproven: there are too few requests yet for the next weight.
	Unproven Cause = "Unproven"
	// Proven: every check that decides has its evidence for the next weight.
	Proven Cause = "Proven"
)

// Result is what a window led to, and the numbers behind it.
type Result struct {
	Decision Decision
	Cause    Cause
	// Check is the check that Cause is about: the one with the most evidence against the candidate, or the one that needs the
	// most requests; empty where it is about none.
	Check string
	// LnE is the natural logarithm of the evidence against the candidate.
	LnE float64
	// Degraded says that stable itself breaks a limit, so that the candidate is held to what stable does.
	Degraded bool
	// Checks are in the order of Config.Checks.
	Checks []CheckResult
}

// CheckResult is what a window led to for one check.
type CheckResult struct {
	Name string
	// Measured says that there was something to see in the newest window.
	Measured bool
	// LnE is the natural logarithm of the evidence that the candidate breaks the limit.
	LnE float64
	// Limit is the limit of this window: Check.Limit, or more while stable itself breaks it.
	Limit float64
	// Bad of Total are the candidate's numbers since the step began.
	Bad, Total float64
	// Bound is the share of bad ones that must be ruled out before the next weight. 0 for a Ratio, which has none.
	Bound float64
	// LnG is the natural logarithm of the evidence that the share is below Bound; 0 for a Ratio.
	LnG float64
	// Upper is the share of bad ones that is ruled out with probability 1-Beta, whenever one looks; 1 when none is.
	Upper float64
	// Needed is how many more good ones rule Bound out; 0 when it is ruled out.
	Needed float64
}
