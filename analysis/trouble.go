package analysis

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// trouble rolls a candidate back whose pods cannot run, without waiting for a deadline. What can pass by itself has its time.
func (p *pass) trouble() bool {
	if !p.active() || !p.refuge() {
		return false
	}
	t := p.seen.Versions[p.next.Candidate.Version].Trouble
	if t == nil {
		return false
	}
	lasted := max(p.now.Sub(t.Since), 0)
	if t.Kind != TroubleLasting && lasted <= p.grace(t.Kind) {
		return false
	}
	p.rollBack(v1alpha1.ReasonPodsFailing, podsFailing(*t, lasted))
	return true
}

// grace is how long trouble that can pass may last.
func (p *pass) grace(kind TroubleKind) time.Duration {
	switch kind {
	case TroubleUnschedulable:
		return p.spec.PodGrace.Unschedulable.Of()
	case TroubleNotReady:
		return p.spec.PodGrace.NotReady.Of()
	case TroubleLasting:
	}
	return 0
}

// active says whether a candidate is started, tested or promoted.
func (p *pass) active() bool {
	switch p.next.Phase {
	case v1alpha1.PhaseProgressing, v1alpha1.PhasePaused, v1alpha1.PhasePromoting:
		return true
	case v1alpha1.PhaseInitializing, v1alpha1.PhaseSucceeded, v1alpha1.PhaseRollingBack, v1alpha1.PhaseRolledBack:
	}
	return false
}
