package view

import (
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Snapshot is what was read about one Canary.
type Snapshot struct {
	Canary *v1alpha1.Canary
	// Target is the Deployment of spec.targetRef, nil if it is not there or was not read.
	Target *appsv1.Deployment
	// Deployments and Pods carry the Canary's label and that of a version.
	Deployments []appsv1.Deployment
	Pods        []corev1.Pod
	// Split is the Canary's TrafficSplit, nil if it is not there or was not read.
	Split *split.TrafficSplit
	// Policies are those that apply to the Canary's namespace.
	Policies []Policy
	// Notes say in a sentence each what could not be read.
	Notes []string
}

// Policy is a RolloutPolicy or a ClusterRolloutPolicy.
type Policy struct {
	// Kind is RolloutPolicy or ClusterRolloutPolicy; the latter has no Namespace.
	Kind, Namespace, Name string
	Spec                  v1alpha1.RolloutPolicySpec
	// Running is how many rollouts run where the policy applies; nil when that is not known.
	Running *int32
}

// Options say how lines are made.
type Options struct {
	// Now is the time.
	Now time.Time
	// Width is the number of columns of the screen; 0 means that lines may be of any length.
	Width int
	// Paint colours text.
	Paint Paint
	// Detail says how much is shown.
	Detail Detail
}

// Detail says how much is shown.
type Detail int

// Details.
const (
	// Usual is what fits most screens.
	Usual Detail = iota
	// Wide leaves nothing out and cuts nothing short.
	Wide
)

// Runs says whether a Canary has a rollout that counts against a limit on rollouts. One that waits to be let start has no
// candidate.
func Runs(c *v1alpha1.Canary) bool { return c.Status.Candidate != nil }
