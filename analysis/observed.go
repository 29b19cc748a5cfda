package analysis

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Observed is everything Decide knows of the world, gathered once per look.
type Observed struct {
	// Name is the Canary's name.
	Name string
	// Generation is the generation of the spec.
	Generation int64
	// Deleting is true when the Canary is being deleted.
	Deleting bool
	Target   Target
	// Versions are the versions that exist, by name (v1, v2, ...).
	Versions map[string]Backend
	// HighestVersion is the highest number of a version that exists, 0 if there is none.
	HighestVersion int32
	Traffic        Traffic
	Apex           Apex
	// Samples are windows that were measured, in the order of their ends. Some may have been judged before.
	Samples []Sample
	// MetricsError says in a sentence why TrafficMetrics could not be read; empty when they were, or were not needed.
	MetricsError string
	// Blocked says in a sentence which object of a name that Serin needs belongs to someone else; empty when none does.
	Blocked string
	// Command is the newest command of a person, nil if there is none.
	Command *v1alpha1.Command
}

// Target is the Deployment the user edits.
type Target struct {
	Found bool
	// Revision is the hash of what it asks to run.
	Revision string
	// Image is its first container's image.
	Image string
	// Replicas is the number of pods it asks for, Ready how many are ready.
	Replicas, Ready int32
	// ReplicasOwner is the field manager other than Serin that owns its replicas; empty if none does.
	ReplicasOwner string
}

// Backend is one version as it is.
type Backend struct {
	// Endpoints is the number of ready endpoints behind its Service.
	Endpoints int32
	// Replicas is the number of pods its Deployment asks for.
	Replicas int32
}

// Traffic is the TrafficSplit and what became of it.
type Traffic struct {
	// Written says that the TrafficSplit exists.
	Written bool
	// Landed are the weights that the data plane applies, by version; nil when nobody reports any.
	Landed map[string]int64
}

// Apex is the Service that clients call.
type Apex struct {
	Found bool
	// Foreign says in a sentence why Serin may not change its selector; empty when it may.
	Foreign string
	// Leads is where its selector leads now.
	Leads ApexLead
	// ProxyEndpoints is the number of ready endpoints that bundled proxies have published for it.
	ProxyEndpoints int32
	// PodEndpoints is the number of ready endpoints that its selector gives it.
	PodEndpoints int32
}

// ApexLead is where an apex leads.
type ApexLead string

// Where an apex can lead.
const (
	// LeadElsewhere: somewhere that Serin did not choose.
	LeadElsewhere ApexLead = ""
	// LeadStable: to stable's pods.
	LeadStable ApexLead = "Stable"
	// LeadProxy: to the bundled proxies.
	LeadProxy ApexLead = "Proxy"
	// LeadTarget: to the target's pods, as before the Canary.
	LeadTarget ApexLead = "Target"
)

// Sample is what one window showed of the two versions.
type Sample struct {
	// Start and End bound the window.
	Start, End time.Time
	Candidate  Counts
	Stable     Counts
}

// Counts is what one version did in a window. Counts, never rates, so that the number of requests is always at hand.
type Counts struct {
	// Version that was measured.
	Version string
	// Requests is the number of requests, Failures how many of them failed.
	Requests, Failures float64
	// Latency says whether Slow is known.
	Latency bool
	// Slow is the number of requests that took longer than SlowBound, the least bucket bound that is not below the limit.
	Slow      float64
	SlowBound time.Duration
	// P99 is the 99th percentile, for people only; 0 when unknown.
	P99 time.Duration
}

// Length is the window's length.
func (s Sample) Length() time.Duration { return s.End.Sub(s.Start) }
