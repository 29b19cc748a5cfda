package smifile

import (
	"slices"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/policy"
)

// AboutDestination are the problems that matter for requests to an identity: those of the TrafficTargets in its namespace that name it,
// or name nobody that is known, and of the routes that those TrafficTargets name.
func (o *Objects) AboutDestination(id policy.Identity, problems []policy.Problem) []policy.Problem {
	return o.about(problems, func(tt *access.TrafficTarget) bool {
		to := tt.Spec.Destination.Name
		return tt.Namespace == id.Namespace && (to == "" || to == id.ServiceAccount)
	})
}

// AboutSource are the problems that matter for requests from an identity: those of the TrafficTargets that name it, or of whose
// sources nothing is known, and of the routes that those TrafficTargets name.
func (o *Objects) AboutSource(id policy.Identity, problems []policy.Problem) []policy.Problem {
	return o.about(problems, func(tt *access.TrafficTarget) bool {
		return len(tt.Spec.Sources) == 0 || slices.ContainsFunc(tt.Spec.Sources, func(s access.Subject) bool {
			return s.Name == id.ServiceAccount && (s.Namespace == id.Namespace || s.Namespace == "" && tt.Namespace == id.Namespace)
		})
	})
}

func (o *Objects) about(problems []policy.Problem, matters func(*access.TrafficTarget) bool) []policy.Problem {
	type object struct{ kind, namespace, name string }
	matter := map[object]bool{}
	for i := range o.TrafficTargets {
		tt := &o.TrafficTargets[i]
		if !matters(tt) {
			continue
		}
		matter[object{"TrafficTarget", tt.Namespace, tt.Name}] = true
		for _, rule := range tt.Spec.Rules {
			matter[object{rule.Kind, tt.Namespace, rule.Name}] = true
		}
	}
	var about []policy.Problem
	for _, p := range problems {
		if matter[object{p.Kind, p.Namespace, p.Name}] {
			about = append(about, p)
		}
	}
	return about
}
