package app

import (
	"time"
)

// Headers of every answer that a release gave itself. An answer without them did not come from a release.
const (
	// HeaderRelease names the release.
	HeaderRelease = "X-Release"
	// HeaderPod names the pod.
	HeaderPod = "X-Pod"
	// HeaderFault is FaultError or FaultSlow on an answer that the release got wrong on purpose.
	HeaderFault = "X-Fault"
)

// Values of HeaderFault.
const (
	FaultError = "error"
	FaultSlow  = "slow"
)

// Behavior is what the application of one image does.
type Behavior struct {
	// Release is the name it answers with.
	Release string
	// FailRatio is the share of requests, from 0 to 1, that it answers with 500.
	FailRatio float64
	// SlowRatio is the share of requests, from 0 to 1, that it answers only after SlowBy.
	SlowRatio float64
	// SlowBy is what a slow answer takes in addition.
	SlowBy time.Duration
	// Latency is what every answer takes.
	Latency time.Duration
	// StartDelay is how long it takes to listen and be ready.
	StartDelay time.Duration
	// NeverReady has it listen but never be ready.
	NeverReady bool
	// Crash, when not empty, has it end at once with this error.
	Crash string
	// Quiet is for how long no request may have come before a terminating pod stops listening, 500 ms by default.
	Quiet time.Duration
}
