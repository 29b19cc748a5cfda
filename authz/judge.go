package authz

import (
	"fmt"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/serin-dev/serin/enforce"
	"github.com/serin-dev/serin/policy"
)

// Wire forms, as the metrics call them.
const (
	wireExtAuthz    = "ext_authz"
	wireForwardAuth = "forward_auth"
)

// Outcomes of a decision, as the metrics call them. In mode Audit they say what Enforce would have answered.
const (
	outcomeAllowed         = "allowed"
	outcomeDenied          = "denied"          // by policy
	outcomeUnauthenticated = "unauthenticated" // nobody knows who calls
	outcomeInvalid         = "invalid"         // the question lacks something
	outcomeUnavailable     = "unavailable"     // before everything was seen once
	outcomeFailed          = "failed"          // within the authoriser
)

// Words for a decision in headers and metadata.
const (
	wordAllow     = "allow"
	wordDeny      = "deny"
	wordWouldDeny = "would-deny"
)

// denialInterval is how often the denials of one caller at one destination are logged.
const denialInterval = 10 * time.Second

// question is what a data plane asks, as far as it could be understood.
type question struct {
	claims claims
	to     destination
	// problem is what the question lacks; empty if nothing.
	problem string
	// request is what policy is to judge; source, destination and port are filled in later.
	request policy.Request
}

// verdict is the answer to a question.
type verdict struct {
	policy.Decision

	outcome string
	// pass says what the data plane is told, which in mode Audit is always to let the request pass.
	pass bool
	from policy.Identity
	to   destination
}

// judge answers questions. Any number of goroutines may ask it, and none waits for another.
type judge struct {
	trust    *trust
	mode     string
	log      logr.Logger
	meters   *meters
	throttle *enforce.Throttle
	// state is what is known of the cluster, nil before everything was seen once.
	state atomic.Pointer[state]
}

func newJudge(o Options) *judge {
	return &judge{trust: newTrust(o), mode: o.Mode, log: o.Log, meters: newMeters(), throttle: enforce.NewThrottle(denialInterval)}
}

// answer reads a question with the state in force, decides, counts and logs. It never fails.
func (j *judge) answer(wire string, read func(*state) question) verdict {
	began := time.Now()
	now := j.state.Load()
	v := j.decide(now, read)
	v.pass = v.Allowed || j.mode == Audit
	j.meters.count(wire, v.outcome, j.mode, now.label(v.to.Namespace))
	if !v.Allowed {
		j.logDenial(wire, &v)
	}
	j.meters.seconds.WithLabelValues(wire).Observe(time.Since(began).Seconds())
	return v
}

// decide answers a question; whatever goes wrong on the way is a denial.
func (j *judge) decide(now *state, read func(*state) question) (v verdict) {
	defer func() {
		if found := recover(); found != nil {
			j.log.Error(fmt.Errorf("panic: %v", found), "a decision failed", "stack", string(debug.Stack()))
			v = verdict{Decision: policy.Decision{Reason: failed}, outcome: outcomeFailed}
		}
	}()
	if now == nil {
		return verdict{Decision: policy.Decision{Reason: notSynced}, outcome: outcomeUnavailable}
	}
	q := read(now)
	v.to = q.to
	if q.problem != "" {
		v.Reason, v.outcome = q.problem, outcomeInvalid
		return v
	}
	who := j.trust.identify(&q.claims, now.pods)
	if who.unknown != "" {
		v.Reason, v.outcome = notAuthenticated(who.unknown), outcomeUnauthenticated
		return v
	}
	v.from = who.identity
	q.request.Source, q.request.Destination, q.request.Port = who.identity, q.to.Identity, q.to.port
	q.request.SourceWorkload, q.request.DestinationWorkload = who.workload, q.to.workload
	v.Decision = now.graph.Authorize(q.request)
	v.outcome = outcomeDenied
	if v.Allowed {
		v.outcome = outcomeAllowed
	}
	return v
}

func (j *judge) logDenial(wire string, v *verdict) {
	held, ok := j.throttle.Pass(v.outcome+" "+v.from.String()+" "+v.to.String(), time.Now())
	if !ok {
		return
	}
	j.log.Info("policy denies a request", "mode", j.mode, "wire", wire, "outcome", v.outcome, "caller", v.from.String(),
		"destination", v.to.String(), "port", v.to.port, "reason", v.Reason, "notLogged", held)
}

// word says in one word what was decided.
func (v *verdict) word() string {
	switch {
	case v.Allowed:
		return wordAllow
	case v.pass:
		return wordWouldDeny
	default:
		return wordDeny
	}
}

// sentence is the reason as both wire forms can carry it.
func (v *verdict) sentence() string { return strings.ToValidUTF8(v.Reason, "\uFFFD") }
