package source

import (
	"context"
	"fmt"
	"time"

	"github.com/serin-dev/serin/metrics/window"
)

// Source answers questions about requests.
type Source interface {
	// Read returns what was counted, grouped as asked. Objects without requests may be left out. It fails with an error of
	// package window, or with *UnmeasuredError.
	Read(ctx context.Context, q Question) (*Reading, error)
}

// Kind is a kind of objects, by the name of its resource.
type Kind string

// The kinds. Backends are those of TrafficSplits.
const (
	Backends               Kind = "trafficsplits"
	Services               Kind = "services"
	Deployments            Kind = "deployments"
	ReplicaSets            Kind = "replicasets"
	ReplicationControllers Kind = "replicationcontrollers"
	StatefulSets           Kind = "statefulsets"
	DaemonSets             Kind = "daemonsets"
	Jobs                   Kind = "jobs"
	Pods                   Kind = "pods"
	Nodes                  Kind = "nodes"
	Namespaces             Kind = "namespaces"
)

// Namespaced reports whether the objects of the kind lie in a namespace.
func (k Kind) Namespaced() bool { return k != Nodes && k != Namespaces }

// Edge says whether requests are told apart by the other end as well.
type Edge string

// The edges.
const (
	// All counts the requests that an object served, whoever sent them.
	All Edge = ""
	// From counts the requests that an object served, by the object of the same kind that sent them.
	From Edge = "from"
	// To counts the requests that an object sent, by the object of the same kind that served them.
	To Edge = "to"
)

// Side is the end of requests at which they were counted.
type Side string

// The sides.
const (
	Client Side = "client"
	Server Side = "server"
)

// Question is one question.
type Question struct {
	Kind Kind
	Edge Edge
	// Namespace is where the objects lie, or the one namespace that is asked for; empty for all of them.
	Namespace string
	// Span is the window.
	Span window.Span
	// Now is the time.
	Now time.Time
}

// Object is one end of requests. The name is empty if it is not known.
type Object struct {
	Namespace, Name string
	// Split and Apex are known of backends only, and only by sources that can tell which split a request went through.
	Split, Apex string
}

// Pair is an object, and the other end of its requests if those were asked for.
type Pair struct{ Of, Other Object }

// Reading is an answer. Whoever gets one must not change it.
type Reading struct {
	// Start and End are the ends of the window: what happened after Start, up to and including End.
	Start, End time.Time
	// Side is the side that counted.
	Side Side
	// Counts are the numbers.
	Counts map[Pair]*window.Counts
	// Weights are what the data plane says it applies to backends now, in units of which only the ratio means something.
	// Nil if it does not say.
	Weights map[Object]int64
}

// UnmeasuredError says that the source never knows what was asked for.
type UnmeasuredError struct{ sentence string }

func (e *UnmeasuredError) Error() string { return e.sentence }

// Unmeasured makes an UnmeasuredError.
func Unmeasured(format string, args ...any) error {
	return &UnmeasuredError{sentence: fmt.Sprintf(format, args...)}
}
