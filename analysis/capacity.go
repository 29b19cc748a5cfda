package analysis

import "github.com/serin-dev/serin/api/v1alpha1"

// replicas is the number of pods of a version that can carry all traffic. While a rollout runs it does not get below what it
// was at its beginning, because an autoscaler sees a stable that is half idle; 0 is no autoscaler's word, and is followed.
func (p *pass) replicas() int32 {
	asked := p.asked()
	if floor := p.next.FloorReplicas; floor != nil && asked > 0 {
		return max(asked, *floor)
	}
	return asked
}

// asked is the number of pods that the spec, or else the target, asks for.
func (p *pass) asked() int32 {
	switch {
	case p.spec.Replicas != nil:
		return max(*p.spec.Replicas, 0)
	case p.next.TargetReplicas != nil:
		return max(*p.next.TargetReplicas, 0)
	default:
		return 1
	}
}

// size is the number of pods that stable or the candidate should have.
func (p *pass) size(version string) int32 {
	c := p.next.Candidate
	if c == nil || version != c.Version || (c.Share > 0 && p.spec.Capacity == v1alpha1.CapacityFull) {
		return p.replicas()
	}
	return podsFor(p.replicas(), c.Share)
}

// podsFor is the share of all pods that belongs to a weight, rounded up, and at least one of any.
func podsFor(replicas, weight int32) int32 {
	return int32((int64(replicas)*int64(weight) + 99) / 100)
}

// grow gives the candidate the pods for a weight that it is about to get, and says whether it had fewer.
func (p *pass) grow(weight int32) bool {
	c := p.next.Candidate
	if c.Share >= weight {
		return false
	}
	c.Share = weight
	return true
}

// settle takes the floor away when the rollout and the version that it replaced are gone.
func (p *pass) settle() bool {
	if p.next.FloorReplicas == nil || p.next.Candidate != nil || len(p.next.Retiring) > 0 {
		return false
	}
	p.next.FloorReplicas = nil
	return true
}

// endpointsReady says whether a version has an endpoint for each of its pods.
func (p *pass) endpointsReady(version string) bool {
	backend, ok := p.seen.Versions[version]
	return ok && backend.Endpoints >= p.size(version)
}

// candidateReady says whether the candidate may get requests: it has an endpoint for each of its pods, and at least one.
func (p *pass) candidateReady() bool {
	version := p.next.Candidate.Version
	return p.endpointsReady(version) && p.seen.Versions[version].Endpoints > 0
}

// refuge says whether rolling back would help: stable has somewhere to send the requests, or the candidate has not.
func (p *pass) refuge() bool {
	c := p.next.Candidate
	return c.Weight == 0 || p.replicas() == 0 || p.seen.Versions[p.next.Stable.Version].Endpoints > 0 ||
		p.seen.Versions[c.Version].Endpoints == 0
}

// podsMissing says what the candidate lacks to be ready.
func (p *pass) podsMissing() string {
	version := p.next.Candidate.Version
	if p.replicas() == 0 {
		return noPods(version)
	}
	return waitingForEndpoints(version, p.seen.Versions[version].Endpoints, p.size(version))
}
