package proxy

import (
	"context"
	"net/netip"
	"time"

	"github.com/serin-dev/serin/enforce"
	"github.com/serin-dev/serin/policy"
)

// maxAttempts is how many endpoints one request is tried at.
const maxAttempts = 5

// passage is the way of one request, or one connection, to an endpoint. It is used by one goroutine only.
type passage struct {
	plane  *plane
	table  *table
	route  *route
	caller *enforce.Pod
	peer   netip.Addr
	start  time.Time

	// current is the endpoint that has the request now, of the version that was drawn.
	current *endpoint
	version *version
	tried   []*endpoint
	room    [maxAttempts]*endpoint
	// left are the versions that the request can still go to.
	left wheel
	// hungUp says that a pod hung up on the request, which it may have read, and stay that the next endpoint must be of the
	// same version for that: what the version does to requests should be seen, not mended by another one.
	hungUp, stay bool
	// denied says that policy denied the request and that this was counted.
	denied bool
	// ended says that the request was counted, or must not be.
	ended bool
}

// newPassage begins the way of what a caller sends to a front. It may wait for the caller to become known.
func newPassage(ctx context.Context, f *front, peer netip.Addr) passage {
	t := f.plane.meet(ctx, f, peer)
	return passage{plane: f.plane, table: t, route: f.route.Load(), peer: peer, caller: t.pods.At(peer), start: time.Now()}
}

// next moves the request on to the next endpoint, and reports whether there is one.
func (p *passage) next() bool {
	if p.current != nil {
		p.current.state.end()
		p.current = nil
	}
	if p.tried == nil {
		p.tried, p.left = p.room[:0], p.route.live
		p.version = p.left.spin(p.plane.draw)
	}
	for p.version != nil && len(p.tried) < maxAttempts {
		e := p.version.pick(p.plane.draw, p.start, p.tried)
		if e == nil && p.stay {
			e = p.version.pick(p.plane.draw, p.start, nil)
		}
		if e != nil {
			p.stay = false
			p.tried = append(p.tried, e)
			p.current = e
			e.state.begin()
			return true
		}
		p.left = p.left.without(p.version)
		p.version = p.left.spin(p.plane.draw)
	}
	return false
}

// judge asks policy about what would be sent to the current endpoint, and returns why it must not be sent, or nothing.
func (p *passage) judge(request policy.Request) string {
	a := p.route.apex
	request.Source, request.Destination = p.caller.Identity, p.current.pod.Identity
	request.SourceWorkload.Labels, request.DestinationWorkload.Labels = p.caller.Labels, p.current.pod.Labels
	request.Port = int32(p.current.address.Port())
	decision := p.table.graph.Authorize(request)
	if decision.Allowed {
		return ""
	}
	if !p.denied {
		p.denied = true
		p.plane.ledger.countDenied(a, p.caller)
		p.plane.logDenial(a, p.caller, decision.Reason)
	}
	if a.mode == accessAudit {
		return ""
	}
	return decision.Reason
}

// undialled notes that the current endpoint could not be dialled.
func (p *passage) undialled() {
	p.current.state.cool(time.Now())
	p.plane.ledger.countRetry(p.current, causeDial)
}

// fail counts what no endpoint took: as a failure of the pod tried first, or, when there was none to try, of a version by the
// weights.
func (p *passage) fail() {
	if len(p.tried) > 0 {
		p.endAt(p.plane.ledger.seriesOf(p.tried[0], p.caller), outcomeFailure)
		return
	}
	if v := p.route.versions.spin(p.plane.draw); v != nil {
		a := p.route.apex
		key := endpointKey{apex: a.NamespacedName, split: a.split.Name, backend: v.backend}
		p.endAt(p.plane.ledger.request(key, enforce.Nobody, p.caller), outcomeFailure)
	}
}

// release frees the endpoint when the request's handler ends.
func (p *passage) release() {
	if p.current != nil {
		p.current.state.end()
	}
}

// end counts the request for the current endpoint.
func (p *passage) end(outcome string) {
	if !p.ended {
		p.endAt(p.plane.ledger.seriesOf(p.current, p.caller), outcome)
	}
}

func (p *passage) endAt(s *series, outcome string) {
	p.ended = true
	s.seconds.Observe(time.Since(p.start).Seconds())
	if outcome == outcomeSuccess {
		s.success.Inc()
	} else {
		s.failure.Inc()
	}
}

// cancel notes that the client gave up.
func (p *passage) cancel() {
	if !p.ended {
		p.ended = true
		p.plane.ledger.countCancelled(p.current.key)
	}
}
