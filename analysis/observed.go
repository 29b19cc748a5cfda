package analysis

import (
	"time"

	"github.com/serin-dev/serin/analysis/judge"
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
	// Planes are the data planes that are there.
	Planes Planes
	// Samples are windows that were measured, in the order of their ends. Some may have been judged before.
	Samples []Sample
	// MetricsRead says whether TrafficMetrics were read, with a window or without.
	MetricsRead bool
	// MetricsError says in a sentence why TrafficMetrics could not be read; empty when they were, or were not needed.
	MetricsError string
	// Blocked says in a sentence which object of a name that Serin needs belongs to someone else; empty when none does.
	Blocked string
	// Command is the newest command of a person, nil if there is none.
	Command *v1alpha1.Command
	// Holds are what may keep a rollout from starting or its weight from rising.
	Holds Holds
	// Access says whether the callers of stable may call the candidate; the zero value is about no version.
	Access Access
	// Answers are what webhooks said to questions that a Plan asked. Some may have been heard before.
	Answers []Answer
	// Sinks are the services that are told of transitions now, and which transitions each wants.
	Sinks []Sink
	// Delivered is how far the services were told since this process began. Some may have been recorded before.
	Delivered []v1alpha1.DeliveryStatus
	// Stepped is by how much somebody set this clock since the status was recorded, forward if positive; 0 where nobody did or
	// nobody can tell.
	Stepped time.Duration
}

// Holds are what may keep a rollout from starting or its weight from rising. Rolling back is held by nothing.
type Holds struct {
	// Freeze is the freeze that lasts longest, nil if there is none.
	Freeze *Freeze
	// Window says whether a window of the spec is open; nil when the spec names none.
	Window *Opening
	// Dependencies are the Canaries of spec.dependsOn.
	Dependencies []Dependency
	// Slots is the limit on rollouts at a time that leaves the least room, nil if there is none.
	Slots *Slots
	// Changes is the next instant at which a freeze or a window begins or ends by itself; zero when none does.
	Changes time.Time
}

// Access says whether those who call stable may call a candidate as well. It is asked for while NeedsAccess says so.
type Access struct {
	// Version is the candidate that it is about.
	Version string
	// Missing says in a sentence each which caller lacks which rule, sorted; none means that every caller may do with the
	// candidate what it may do with stable.
	Missing []string
	// Problem says in a sentence why that is not known; empty when it is.
	Problem string
}

// Freeze is a freeze that holds now.
type Freeze struct {
	// Policy names the object: ClusterRolloutPolicy "year-end".
	Policy string
	// Reason is what its author wrote.
	Reason string
	// Until is when it ends by itself; zero means that it does not.
	Until time.Time
}

// Opening says whether a window is open.
type Opening struct {
	Open bool
	// Next is when the next window opens while none is; zero means never.
	Next time.Time
	// Problem says in a sentence what is wrong with the spec's windows; empty when nothing is. Nothing is open then.
	Problem string
}

// Dependency is a Canary that must run what its target asks for first.
type Dependency struct {
	Name string
	// Found says that it exists, Ready that it runs what its target asks for.
	Found, Ready bool
	// Cycle says that it waits for this Canary in turn.
	Cycle bool
}

// Slots is a limit on rollouts at a time.
type Slots struct {
	// Policy names the object that sets it.
	Policy string
	// Limit is the most rollouts, Running how many others run.
	Limit, Running int32
}

// Answer is what a webhook said.
type Answer struct {
	// ID is the question's, Ask how often it had been answered before.
	ID  string
	Ask int32
	// Yes says that the answer was from 200 to 299.
	Yes bool
	// Text is the answer in one line: 403 Forbidden: not on a Friday.
	Text string
}

// Sink is a service that is told of transitions.
type Sink struct {
	// ID identifies it in status.deliveries.
	ID string
	// Events are the reasons that it wants; none means all.
	Events []string
	// MinSeverity is the least severity that it wants.
	MinSeverity Severity
}

// Trouble is what keeps a pod from running. It is known from the pod's status.
type Trouble struct {
	// Pod is the pod's name, Reason one word of Kubernetes' own: CrashLoopBackOff, ImagePullBackOff, Unschedulable, NotReady.
	Pod, Reason string
	// Message is Kubernetes' own sentence about it in one line; empty if there is none.
	Message string
	// Since is when it began.
	Since time.Time
	// Kind says whether it can pass by itself.
	Kind TroubleKind
}

// TroubleKind says whether trouble can pass by itself.
type TroubleKind string

// Kinds of trouble.
const (
	// TroubleLasting does not pass by itself.
	TroubleLasting TroubleKind = "Lasting"
	// TroubleUnschedulable passes when a node is added or freed.
	TroubleUnschedulable TroubleKind = "Unschedulable"
	// TroubleNotReady passes when the pod's readiness probe succeeds again.
	TroubleNotReady TroubleKind = "NotReady"
)

// Target is the Deployment the user edits.
type Target struct {
	Found bool
	// Revision is the hash of what it asks to run.
	Revision string
	// Image is its first container's image.
	Image string
	// Replicas is the number of pods it asks for, Ready how many are ready.
	Replicas, Ready int32
	// Problem says in a sentence why what it asks for cannot be known, such as a ConfigMap that does not exist; empty when it
	// can.
	Problem string
	// ReplicasOwner is the field manager other than Serin that owns its replicas; empty if none does.
	ReplicasOwner string
}

// Backend is one version as it is.
type Backend struct {
	// Endpoints is the number of ready endpoints behind its Service.
	Endpoints int32
	// Replicas is the number of pods its Deployment asks for.
	Replicas int32
	// Trouble is the worst trouble of its pods, nil if they have none.
	Trouble *Trouble
}

// Traffic is the TrafficSplit and what became of it.
type Traffic struct {
	// Written says that the TrafficSplit exists.
	Written bool
	// Landed are the weights that the data plane applies, by version; nil when nobody reports any.
	Landed map[string]int64
	// Message is what the bridge to the Gateway API says about the split as it is; empty when it says nothing.
	Message string
	// Plane is the data plane that the split which exists asks for; empty when there is none.
	Plane v1alpha1.TrafficProvider
	// Gateways are the Gateways whose callers come by a route that is Serin's own.
	Gateways []string
}

// Planes are the data planes that are there: what a choice is made from.
type Planes struct {
	// Splits says that TrafficSplits can be written at all: a CRD of theirs is served.
	Splits bool
	// HTTPRoutes and GRPCRoutes say that these kinds of the Gateway API are served.
	HTTPRoutes, GRPCRoutes bool
	// Mesh is the mesh that the pods are in, by a mark that was seen: Linkerd, and on what; empty when there is none.
	Mesh, MeshMark string
	// SMI is the mesh that carries TrafficSplits out by itself, by a mark that was seen; empty when there is none.
	SMI, SMIMark string
	// Proxy says that the bundled proxy is installed.
	Proxy bool
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
	// Custom are the observations of spec.analysis.checks. One that is missing was not asked for.
	Custom []Custom
}

// Custom is what one check of spec.analysis.checks observed in a window.
type Custom struct {
	// Name of the check.
	Name string
	// Candidate and Stable are what was counted, a gauge as one look that was good or bad; nil where there was nothing to see.
	Candidate, Stable *judge.Part
	// Value is the candidate's number of a gauge.
	Value float64
	// Problem says in a sentence why there is no answer; empty when there is one, even if that is that there was nothing.
	Problem string
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
	// P50, P90 and P99 are percentiles; 0 when unknown. They are for people, and stand in for Slow where that was not counted.
	P50, P90, P99 time.Duration
	// Bucketed says that Slow was counted from a histogram; else P99 only tells on which side of the limit 99 of 100 lie.
	Bucketed bool
}

// Length is the window's length.
func (s Sample) Length() time.Duration { return s.End.Sub(s.Start) }
