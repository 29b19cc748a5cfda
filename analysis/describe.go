package analysis

import (
	"fmt"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// note adds a note about the Canary as a whole.
func (p *pass) note(n Note) {
	if n.Rollout == "" && p.next.Stable != nil {
		n.Rollout, n.Revision = p.next.Stable.Version, p.next.Stable.Revision
	}
	p.notes = append(p.notes, n)
}

// noteRollout adds a note about the rollout of now, before it is changed by what the note tells of.
func (p *pass) noteRollout(n Note) {
	c := p.next.Candidate
	n.Rollout, n.Revision, n.From, n.To, n.Weight = c.Version, c.Revision, p.next.Stable.Image, c.Image, c.Weight
	if p.next.Step != nil {
		n.Step = p.next.Step.Position
	}
	p.note(n)
}

// describe fills in what people read: columns, message and conditions. Nothing of it is read back.
func (p *pass) describe() {
	s := &p.next
	s.ObservedGeneration = p.seen.Generation
	s.Version, s.Replicas, s.Selector = "", 0, ""
	if s.Stable != nil {
		s.Version = s.Stable.Version
		s.Replicas = p.seen.Versions[s.Stable.Version].Replicas
		s.Selector = fmt.Sprintf("%s=%s", v1alpha1.LabelCanary, p.seen.Name)
	}
	if s.Candidate != nil {
		s.Version += " -> " + s.Candidate.Version
		s.Replicas += p.seen.Versions[s.Candidate.Version].Replicas
	}
	state := p.state()
	s.Message = state.message
	p.condition(v1alpha1.ConditionReady, is[state.ready], state.reason, state.message)
	p.condition(v1alpha1.ConditionReconciling, is[state.reconciling], state.reason, state.message)
	p.condition(v1alpha1.ConditionStalled, is[state.stalled], state.reason, state.message)
	p.describePromoted()
	p.describeMetrics()
	p.describeLanded()
	p.describeAccess()
}

// is turns an answer into a condition's status.
var is = map[bool]v1alpha1.ConditionStatus{true: v1alpha1.ConditionTrue, false: v1alpha1.ConditionFalse}

func (p *pass) condition(kind string, status v1alpha1.ConditionStatus, reason, message string) {
	p.next.SetCondition(v1alpha1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: p.seen.Generation,
	}, p.now)
}

// state is the summary that Ready, Reconciling, Stalled and the message share, in kstatus terms.
type state struct {
	ready, reconciling, stalled bool
	reason, message             string
}

// state is chosen from what needs a person, to what goes on by itself, to rest.
func (p *pass) state() state {
	o := p.obstacle()
	switch {
	case p.seen.Deleting:
		return state{reconciling: true, reason: v1alpha1.ReasonRestoring, message: p.restoring()}
	case !p.seen.Target.Found:
		return state{stalled: true, reason: v1alpha1.ReasonTargetNotFound, message: targetNotFound(p.spec.TargetRef.Name)}
	case o != nil && p.next.Candidate == nil:
		return state{stalled: true, reason: o.reason, message: o.message}
	case p.seen.Target.Problem != "" && p.next.Candidate == nil:
		return state{reconciling: true, reason: v1alpha1.ReasonConfigNotFound, message: p.seen.Target.Problem}
	case p.due():
		r := p.heldFromStart()
		return state{reconciling: true, reason: r.reason, message: waits(p.seen.Target.Image, r.why)}
	case p.next.Phase == v1alpha1.PhaseRolledBack:
		return p.rolledBackState()
	case p.next.Phase == v1alpha1.PhaseSucceeded:
		return p.readyState()
	case p.next.Phase == v1alpha1.PhaseInitializing && p.since(p.next.PhaseSince) > p.spec.ProgressDeadline.Of():
		return state{stalled: true, reason: v1alpha1.ReasonProgressDeadline, message: p.initializing()}
	default:
		reason, message := p.activity()
		return state{reconciling: true, reason: reason, message: message}
	}
}

func (p *pass) readyState() state {
	reason := v1alpha1.ReasonAdopted
	switch {
	case len(p.next.History) == 0:
	case p.next.History[0].Version == p.next.Stable.Version:
		reason = v1alpha1.ReasonPromoted
	default:
		reason = v1alpha1.ReasonReverted
	}
	message := serves(*p.next.Stable)
	if t := p.seen.Target; t.ReplicasOwner != "" && t.Replicas > 0 && p.next.AdoptedAt != nil {
		reason = v1alpha1.ReasonTargetScaledByOther
		message += "; " + scaledByOther(p.spec.TargetRef.Name, t.ReplicasOwner, t.Replicas)
	}
	if v := p.next.Stable.Version; p.seen.Versions[v].Endpoints == 0 && p.replicas() > 0 {
		reason = v1alpha1.ReasonStableDown
		message += "; " + noEndpoints(v)
	}
	return state{ready: true, reason: reason, message: message}
}

func (p *pass) rolledBackState() state {
	reason, why := v1alpha1.ReasonRolledBack, ""
	if len(p.next.History) > 0 {
		reason, why = p.next.History[0].Reason, p.next.History[0].Message
	}
	return state{stalled: true, reason: reason, message: rolledBackBecause(*p.next.Stable, why)}
}

// activity says what goes on in a phase that is not a rest.
func (p *pass) activity() (reason, message string) {
	switch p.next.Phase {
	case v1alpha1.PhaseInitializing:
		return v1alpha1.ReasonInitializing, p.initializing()
	case v1alpha1.PhaseProgressing:
		return p.progress()
	case v1alpha1.PhasePaused:
		return v1alpha1.ReasonPaused, pausedFor(p.next.Pause, p.next.Candidate.Weight)
	case v1alpha1.PhasePromoting:
		return v1alpha1.ReasonPromoting, p.promotingNow()
	case v1alpha1.PhaseRollingBack:
		return v1alpha1.ReasonLanding, rollingBackNow(p.next.Candidate.VersionStatus)
	case v1alpha1.PhaseSucceeded, v1alpha1.PhaseRolledBack:
	}
	return v1alpha1.ReasonInitializing, waitingForTarget(p.spec.TargetRef.Name)
}

func (p *pass) initializing() string {
	version := p.next.Stable.Version
	switch {
	case !p.endpointsReady(version):
		return waitingForEndpoints(version, p.seen.Versions[version].Endpoints, p.replicas())
	case p.seen.MetricsError != "" && !p.usesGateway():
		return p.seen.MetricsError
	case !p.landed(Weights{}):
		return noDataPlane(version, p.seen.Traffic.Message)
	default:
		return waitingForApex(version)
	}
}

func (p *pass) progress() (reason, message string) {
	c, s := p.next.Candidate, p.next.Step
	held, gate := p.held(), p.waitingGate()
	trouble := p.seen.Versions[c.Version].Trouble
	switch {
	case c.Share > 0 && trouble != nil:
		return v1alpha1.ReasonPodsFailing, troubled(c.VersionStatus, *trouble)
	case c.Share > 0 && !p.candidateReady():
		return v1alpha1.ReasonWaitingForPods, p.podsMissing()
	case held.why != "":
		return held.reason, heldAt(c.Version, c.Weight, held.why)
	case gate != nil:
		return v1alpha1.ReasonWaitingForWebhook, heldAt(c.Version, c.Weight, waitsForWebhook(*gate))
	case s == nil || s.LandedAt == nil:
		return v1alpha1.ReasonLanding, p.landingNow()
	case !p.refuge():
		return v1alpha1.ReasonStableDown, testingAt(c.Version, c.Weight, p.holding()+"; "+noEndpoints(p.next.Stable.Version))
	default:
		return reasonOf(s.Cause), testingAt(c.Version, c.Weight, p.holding())
	}
}

// landingNow says what keeps a weight from being applied: the bridge tells of a route, the metrics of other data planes.
func (p *pass) landingNow() string {
	c := p.next.Candidate
	if said := p.seen.Traffic.Message; p.usesGateway() && said != "" {
		return landingRefused(c.Version, c.Weight, said)
	}
	if p.usesGateway() {
		return landing(c.Version, c.Weight, "")
	}
	return landing(c.Version, c.Weight, p.seen.MetricsError)
}

// reasonOf is the reason of a test that the judge's cause holds up.
func reasonOf(cause string) string {
	switch judge.Cause(cause) {
	case judge.Suspicious:
		return v1alpha1.ReasonSuspicious
	case judge.NotReached:
		return v1alpha1.ReasonNoTrafficReaches
	default:
		return v1alpha1.ReasonTesting
	}
}

// holding says what keeps the rollout at its step.
func (p *pass) holding() string {
	s := p.next.Step
	switch {
	case p.seen.MetricsError != "":
		return p.seen.MetricsError
	case s == nil || s.LandedAt == nil:
		return "the weight has not landed"
	case s.Failed > 0 && !p.byEvidence():
		return failedSoFar(s.Failed, p.spec.Analysis.FailureThreshold)
	case s.LastWindow == nil || len(p.next.Checks) == 0:
		return "waiting for the first window"
	case p.byEvidence() && s.Finding != "":
		return s.Finding
	case p.windowVerdict() != v1alpha1.VerdictPass:
		return undecided(p.next.Checks, s.Passed)
	default:
		return passedSoFar(s.Passed)
	}
}

// promotingNow says what keeps the candidate from all the traffic.
func (p *pass) promotingNow() string {
	c, gate := p.next.Candidate, p.waitingGate()
	switch why := p.holdsBack(); {
	case c.Weight < 100 && why == "" && gate != nil:
		return promotionHeld(c.VersionStatus, waitsForWebhook(*gate))
	case c.Weight < 100 && why != "":
		return promotionHeld(c.VersionStatus, why)
	case !p.candidateReady():
		return promotionHeld(c.VersionStatus, p.podsMissing())
	default:
		return promotingAt(c.VersionStatus, c.Weight)
	}
}

// restoring says how far the Canary's removal has come.
func (p *pass) restoring() string {
	switch t := p.seen.Target; {
	case !t.Found || p.untouched():
		return restoringNothing
	case !p.targetServes():
		return restoringPods(p.spec.TargetRef.Name, t.Ready, max(p.restoredSize(), t.Replicas))
	case p.apexToRestore() && len(p.strays()) > 0:
		return restoringAlone(p.strays())
	case p.apexToRestore():
		return restoringApex
	case p.usesGateway() && p.seen.Traffic.Written:
		return restoringRoute
	default:
		return restoringTraffic
	}
}

func (p *pass) describePromoted() {
	switch {
	case p.next.Candidate != nil && p.next.Phase != v1alpha1.PhaseRollingBack:
		p.condition(v1alpha1.ConditionPromoted, v1alpha1.ConditionUnknown, v1alpha1.ReasonTesting,
			underTest(p.next.Candidate.VersionStatus))
	case len(p.next.History) > 0:
		last := p.next.History[0]
		p.condition(v1alpha1.ConditionPromoted, is[last.Outcome == v1alpha1.OutcomePromoted], last.Reason, last.Message)
	}
}

func (p *pass) describeMetrics() {
	switch {
	case p.seen.MetricsError != "":
		p.condition(v1alpha1.ConditionMetricsAvailable, v1alpha1.ConditionFalse, v1alpha1.ReasonMetricsUnavailable, p.seen.MetricsError)
	case p.seen.MetricsRead:
		p.condition(v1alpha1.ConditionMetricsAvailable, v1alpha1.ConditionTrue, v1alpha1.ReasonMetricsRead, "TrafficMetrics are read")
	case !NeedsMetrics(p.next):
		p.condition(v1alpha1.ConditionMetricsAvailable, v1alpha1.ConditionUnknown, v1alpha1.ReasonNotNeeded,
			"nothing is measured while nothing is rolled out")
	}
}

func (p *pass) describeLanded() {
	if p.next.Stable == nil || (!NeedsMetrics(p.next) && !p.landed(p.weights())) {
		return
	}
	if w := p.weights(); p.landed(w) {
		p.condition(v1alpha1.ConditionTrafficLanded, v1alpha1.ConditionTrue, v1alpha1.ReasonLanded, appliedBy(w))
	} else {
		p.condition(v1alpha1.ConditionTrafficLanded, v1alpha1.ConditionFalse, v1alpha1.ReasonLanding, notLandedYet(w, p.seen.Traffic.Message))
	}
}
