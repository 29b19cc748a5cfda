package analysis

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// Sentences about evidence.

const unusableWindow = "unusable counts in the newest window"

// Odds writes evidence, a natural logarithm, as people bet: 312:1 against the candidate, 1:20 for it.
func Odds(lnE float64) string {
	switch {
	case math.IsNaN(lnE):
		return ""
	case lnE < math.Log(0.95):
		return "1:" + stake(-lnE)
	default:
		return stake(lnE) + ":1"
	}
}

// stake is one side of a bet, the other being 1.
func stake(ln float64) string {
	switch x := math.Exp(ln); {
	case x >= 1e9:
		return "over 1000000000"
	case x >= 9.5:
		return fmt.Sprintf("%.0f", x)
	default:
		return fmt.Sprintf("%.2g", x)
	}
}

// percent writes a share with two or three digits that count.
func percent(share float64) string {
	switch p := share * 100; {
	case p == 0 || p >= 10:
		return fmt.Sprintf("%.0f%%", p)
	case p >= 1:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", p), ".0") + "%"
	default:
		return fmt.Sprintf("%.2g%%", p)
	}
}

func failsMore(version string, share float64, stable string, limit float64) string {
	return fmt.Sprintf("%s fails %s of its requests (%s), limit %s", version, percent(share), stable, percent(limit))
}

func failsMoreThanStable(version string, share float64, stable string, c judge.Check) string {
	return fmt.Sprintf("%s fails %s of its requests (%s), limit %g times stable or %s, whichever is more",
		version, percent(share), stable, c.MaxRatio, percent(c.Limit/2))
}

func isSlower(version string, share float64, stable, threshold string) string {
	return fmt.Sprintf("%s of the requests to %s are slower than %s (%s), limit 1%%",
		percent(share), version, strings.TrimPrefix(threshold, "<= "), stable)
}

func sharesMore(name string, share float64, stable, threshold string) string {
	return fmt.Sprintf("%s: %s are bad (%s), wanted %s", name, percent(share), stable, threshold)
}

func outsideBounds(name string, bad, looks float64, threshold string) string {
	return fmt.Sprintf("%s was out of bounds in %.0f of %.0f windows, wanted %s", name, bad, looks, threshold)
}

func guilty(accusation string, lnE float64, after string) string {
	return fmt.Sprintf("%s: evidence %s after %s", accusation, Odds(lnE), after)
}

func suspicious(accusation string, lnE float64, after string) string {
	return guilty(accusation, lnE, after) + ", too much to give it more traffic"
}

func failsFast(accusation, requests string, length time.Duration) string {
	return fmt.Sprintf("%s: %s in %s are enough", accusation, requests, span(length))
}

// things is how many a check has counted, and of what.
func things(kind judge.Kind, n float64) string {
	noun := "request"
	switch kind {
	case judge.Share:
		noun = "observation"
	case judge.Gauge:
		noun = "window"
	case judge.Failures, judge.Ratio, judge.Slow:
	}
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%.0f %s", n, noun)
}

func starved(version string, got, expected float64) string {
	return fmt.Sprintf("%s got %.0f of about %.0f expected requests: the data plane does not send it its weight", version, got, expected)
}

func noRequests(version string, length time.Duration) string {
	return fmt.Sprintf("no requests to %s in %s", version, span(length))
}

func noRequestsIgnored(version string) string {
	return fmt.Sprintf("no requests to %s in the newest window, which spec.analysis.noData ignores", version)
}

func unansweredCheck(name string) string {
	if name == "" {
		return "no check decides: all of them are in spec.analysis.dryRun"
	}
	return fmt.Sprintf("%s has no data in the newest window", label(name))
}

// bad is what a check counts, in a sentence.
func bad(name string) string {
	switch name {
	case v1alpha1.CheckSuccessRate:
		return "failed requests"
	case v1alpha1.CheckLatencyP99:
		return "slow requests"
	default:
		return name
	}
}

// proven says what is ruled out, with which probability, and after how many requests.
func proven(proofs []judge.CheckResult, beta float64, after string) string {
	var parts []string
	for _, r := range proofs {
		parts = append(parts, percent(r.Upper)+" "+bad(r.Name))
	}
	return fmt.Sprintf("at most %s, %s sure after %s", strings.Join(parts, " and "), percent(1-beta), after)
}

func unproven(c v1alpha1.CheckStatus, pace float64) string {
	return fmt.Sprintf("at most %s %s so far, and the next weight takes less than %s: %d more good ones, about %s at %s/s",
		c.UpperBound, bad(c.Name), c.MustRuleOut, c.Needed, span(c.NeededTime.Of()), perSecond(pace))
}

func unprovenWithout(name string) string {
	return fmt.Sprintf("%s: too few requests for the next weight", label(name))
}

func tooSlow(position string, c v1alpha1.CheckStatus, timeout time.Duration, then v1alpha1.TimeoutAction) string {
	return fmt.Sprintf("step %s cannot be decided before its timeout of %s at today's traffic: %d more good requests for %s take about %s, "+
		"then onTimeout: %s", position, span(timeout), c.Needed, label(c.Name), span(c.NeededTime.Of()), then)
}

func provenStep(finding string, dwell time.Duration) string {
	return fmt.Sprintf("%s, and the dwell of %s is over", finding, span(dwell))
}

func degraded(stable string, c judge.CheckResult) string {
	return fmt.Sprintf("%s itself breaks a limit: the candidate is held to %s %s", stable, percent(c.Limit), bad(c.Name))
}

func dwelling(windows, dwell int) string {
	return fmt.Sprintf("window %d of the %d that the dwell takes", windows, dwell)
}

func provenByRatio(lnE float64) string {
	return fmt.Sprintf("nothing speaks for more failures than stable has: evidence %s", Odds(lnE))
}

// breaking says why the weight does not rise while the newest windows break a limit.
func breaking(accusation, why string) string {
	return fmt.Sprintf("%s: %s", accusation, why)
}

// Why nothing rises.
const (
	bothBreak = "so does stable; nobody is blamed, and the weight does not rise meanwhile"
	justBegan = "too new to be evidence, too much to give it more traffic"
)

// perSecond writes a pace with two digits that count, and no exponent.
func perSecond(pace float64) string {
	if pace >= 9.5 {
		return fmt.Sprintf("%.0f", pace)
	}
	return fmt.Sprintf("%.2g", pace)
}
