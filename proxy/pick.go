package proxy

import (
	"slices"
	"time"
)

// drawer returns a number from 0 to n-1, each equally likely. It must be safe for concurrent use.
type drawer func(n int64) int64

// wheel draws versions, each as often as its weight says.
type wheel struct {
	versions []*version
	// upTo are the running sums of the weights.
	upTo []int64
}

// add puts a version onto the wheel; its weight must be positive.
func (w *wheel) add(v *version) {
	w.versions = append(w.versions, v)
	w.upTo = append(w.upTo, w.total()+v.weight)
}

func (w *wheel) total() int64 {
	if len(w.upTo) == 0 {
		return 0
	}
	return w.upTo[len(w.upTo)-1]
}

// spin draws a version, or returns nil from an empty wheel.
func (w *wheel) spin(draw drawer) *version {
	switch len(w.versions) {
	case 0:
		return nil
	case 1:
		return w.versions[0]
	}
	at := draw(w.total())
	for i, upTo := range w.upTo {
		if at < upTo {
			return w.versions[i]
		}
	}
	return nil // not reached: at is below the last sum
}

// without returns a wheel that lacks one version.
func (w *wheel) without(v *version) wheel {
	var rest wheel
	for _, other := range w.versions {
		if other != v {
			rest.add(other)
		}
	}
	return rest
}

// pick returns the less busy of two endpoints drawn at random, of those that were not tried yet; the ones that could not be
// dialled a moment ago only when there are no others. It returns nil when all were tried.
func (v *version) pick(draw drawer, now time.Time, tried []*endpoint) *endpoint {
	if len(tried) == 0 {
		if e := pickTwo(v.endpoints, draw); e != nil && !e.state.isCooling(now) {
			return e
		}
	}
	var fresh, cooling []*endpoint
	for _, e := range v.endpoints {
		switch {
		case slices.Contains(tried, e):
		case e.state.isCooling(now):
			cooling = append(cooling, e)
		default:
			fresh = append(fresh, e)
		}
	}
	if len(fresh) > 0 {
		return pickTwo(fresh, draw)
	}
	return pickTwo(cooling, draw)
}

// pickTwo returns the less busy of two endpoints drawn at random, or nil from an empty list.
func pickTwo(endpoints []*endpoint, draw drawer) *endpoint {
	n := int64(len(endpoints))
	switch n {
	case 0:
		return nil
	case 1:
		return endpoints[0]
	}
	i, j := draw(n), draw(n-1)
	if j >= i {
		j++
	}
	if endpoints[j].state.inFlight.Load() < endpoints[i].state.inFlight.Load() {
		return endpoints[j]
	}
	return endpoints[i]
}
