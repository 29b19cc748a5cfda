package world

// Version is how a version does in a window.
type Version struct {
	// Failing is the share of its requests that fail.
	Failing float64
	// Burst is how many requests fail together; with 0 each fails for itself.
	Burst float64
	// Slower multiplies the time that every request takes; 0 stands for 1.
	Slower float64
}

// Behaviour is how a version does at each moment.
type Behaviour func(Moment) Version

// HealthyFailing is the share of a healthy version's requests that fail.
const HealthyFailing = 0.001

// Healthy is a version without a fault.
func Healthy(Moment) Version { return Version{Failing: HealthyFailing} }

// Fails is a version of whose requests this share fails.
func Fails(share float64) Behaviour {
	return func(Moment) Version { return Version{Failing: share} }
}

// Slower is a healthy version whose requests take so many times as long.
func Slower(times float64) Behaviour {
	return func(Moment) Version { return Version{Failing: HealthyFailing, Slower: times} }
}

// at is the behaviour at a moment; nil is Healthy.
func (b Behaviour) at(m Moment) Version {
	if b == nil {
		return Healthy(m)
	}
	return b(m)
}

func (v Version) slower() float64 {
	if v.Slower > 0 {
		return v.Slower
	}
	return 1
}
