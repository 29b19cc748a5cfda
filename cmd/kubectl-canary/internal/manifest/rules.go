package manifest

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// rule is one of the CRD's rules in CEL, known by its message. A test holds the list to the CRD's.
type rule struct {
	message string
	kept    func(v1alpha1.CanarySpec) bool
}

// hold refuses a spec that breaks a rule, in the words of the CRD.
func hold(spec v1alpha1.CanarySpec) error {
	for _, r := range rules() {
		if !r.kept(spec) {
			return errors.New(r.message)
		}
	}
	return nil
}

func rules() []rule {
	return []rule{
		{"spec.steps: at least one step is needed", func(s v1alpha1.CanarySpec) bool { return len(s.Steps) > 0 }},
		{"a step's weight must be from 1 to 100 percent", func(s v1alpha1.CanarySpec) bool {
			return !slices.ContainsFunc(s.Steps, func(s v1alpha1.Step) bool { return s.Weight < 1 || s.Weight > 100 })
		}},
		{"spec.steps: each weight must be greater than the one before it", rising},
		{"spec.analysis.interval must be from 1s to 5m", func(s v1alpha1.CanarySpec) bool {
			return s.Analysis.Interval.Of() >= time.Second && s.Analysis.Interval.Of() <= 5*time.Minute
		}},
		{"spec.analysis.interval must be in whole seconds", func(s v1alpha1.CanarySpec) bool {
			return s.Analysis.Interval.Of()%time.Second == 0
		}},
		{"spec.analysis.timeout must not be shorter than spec.analysis.interval", func(s v1alpha1.CanarySpec) bool {
			return s.Analysis.Timeout.Of() >= s.Analysis.Interval.Of()
		}},
		{"spec.analysis.falseRollbackRate must be from 0.000001 to 0.2", func(s v1alpha1.CanarySpec) bool {
			return within(s.Analysis.FalseRollbackRate, 0.000001, 0.2)
		}},
		{"spec.analysis.missRate must be from 0.000001 to 0.2", func(s v1alpha1.CanarySpec) bool {
			return within(s.Analysis.MissRate, 0.000001, 0.2)
		}},
		{"spec.analysis.latency.p99 must be at least 1ms", func(s v1alpha1.CanarySpec) bool {
			return s.Analysis.Latency == nil || s.Analysis.Latency.P99.Of() >= time.Millisecond
		}},
		{"spec.analysis.baseline.maxRatio must be at least 1", func(s v1alpha1.CanarySpec) bool {
			return s.Analysis.Baseline == nil || within(s.Analysis.Baseline.MaxRatio, 1, math.MaxFloat64)
		}},
		{"spec.analysis.dryRun names a check that does not exist: use success-rate, latency-p99, baseline or the name of one of " +
			"spec.analysis.checks", dryRunsExist},
		{"success-rate, latency-p99 and baseline are the names of Serin's own checks", every(func(c v1alpha1.CustomCheck) bool {
			return !slices.Contains(own, c.Name)
		})},
		{"a check needs exactly one of share and gauge", every(func(c v1alpha1.CustomCheck) bool {
			return (c.Share != nil) != (c.Gauge != nil)
		})},
		{"a share needs exactly one of max and min", every(func(c v1alpha1.CustomCheck) bool {
			return c.Share == nil || (c.Share.Max != "") != (c.Share.Min != "")
		})},
		{"a gauge needs max, min or both", every(func(c v1alpha1.CustomCheck) bool {
			return c.Gauge == nil || c.Gauge.Max != "" || c.Gauge.Min != ""
		})},
	}
}

// own are the names of Serin's own checks.
var own = []string{v1alpha1.CheckSuccessRate, v1alpha1.CheckLatencyP99, v1alpha1.CheckBaseline}

func rising(spec v1alpha1.CanarySpec) bool {
	for i := 1; i < len(spec.Steps); i++ {
		if spec.Steps[i].Weight <= spec.Steps[i-1].Weight {
			return false
		}
	}
	return true
}

func dryRunsExist(spec v1alpha1.CanarySpec) bool {
	return !slices.ContainsFunc(spec.Analysis.DryRun, func(name string) bool {
		return !slices.Contains(own, name) &&
			!slices.ContainsFunc(spec.Analysis.Checks, func(c v1alpha1.CustomCheck) bool { return c.Name == name })
	})
}

// every holds each of spec.analysis.checks to a rule.
func every(kept func(v1alpha1.CustomCheck) bool) func(v1alpha1.CanarySpec) bool {
	return func(spec v1alpha1.CanarySpec) bool {
		return !slices.ContainsFunc(spec.Analysis.Checks, func(c v1alpha1.CustomCheck) bool { return !kept(c) })
	}
}

// within says whether a decimal string is from low to high.
func within(decimal string, low, high float64) bool {
	f, err := strconv.ParseFloat(decimal, 64)
	return err == nil && f >= low && f <= high
}
