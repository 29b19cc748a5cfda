package analysis

import (
	"math"
	"slices"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// dryRun says whether a check decides nothing.
func dryRun(spec v1alpha1.AnalysisSpec, name string) bool { return slices.Contains(spec.DryRun, name) }

// custom holds one window against the bounds of a check of spec.analysis.checks.
func custom(c v1alpha1.CustomCheck, sample Sample) (v1alpha1.Verdict, string) {
	i := slices.IndexFunc(sample.Custom, func(o Custom) bool { return o.Name == c.Name })
	switch {
	case i < 0:
		return v1alpha1.VerdictNoData, ""
	case sample.Custom[i].Problem != "":
		return v1alpha1.VerdictError, sample.Custom[i].Problem
	case sample.Custom[i].Candidate == nil || sample.Custom[i].Candidate.Total == 0:
		return v1alpha1.VerdictNoData, ""
	}
	seen := *sample.Custom[i].Candidate
	if c.Gauge != nil {
		return passIf[seen.Bad == 0], exact(sample.Custom[i].Value)
	}
	share := seen.Bad / seen.Total
	if c.Share != nil && c.Share.Min != "" {
		return passIf[share <= allowedShare(c)], percent(1 - share)
	}
	return passIf[share <= allowedShare(c)], percent(share)
}

// allowedShare is the share of bad ones that a check allows.
func allowedShare(c v1alpha1.CustomCheck) float64 {
	switch {
	case c.Share == nil:
		return outOfBounds
	case c.Share.Min != "":
		return math.Round((100-decimal(c.Share.Min, 99))*1e10) / 1e12
	default:
		return math.Round(decimal(c.Share.Max, 1)*1e10) / 1e12
	}
}

// threshold writes the bounds of a check.
func threshold(c v1alpha1.CustomCheck) string {
	var low, high, unit string
	switch {
	case c.Share != nil:
		low, high, unit = c.Share.Min, c.Share.Max, "%"
	case c.Gauge != nil:
		low, high = c.Gauge.Min, c.Gauge.Max
	}
	switch {
	case low != "" && high != "":
		return low + unit + " to " + high + unit
	case low != "":
		return ">= " + low + unit
	default:
		return "<= " + high + unit
	}
}
