package gateway

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/serin-dev/serin/api/smi/split"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// longestEvent is what the API server takes, in bytes.
const longestEvent = 1024

// hold says whether a split keeps the finalizer.
type hold int

const (
	notHeld hold = iota
	held
)

// report answers a split: its annotation is written when it says something else than before, and a problem that it did not tell
// of is told in an Event.
func (r *reconciler) report(ctx context.Context, s *split.TrafficSplit, o outcome) error {
	landing := landingOf(s, o)
	encoded, err := json.Marshal(landing)
	if err != nil {
		return err
	}
	before := &split.Landing{}
	_ = json.Unmarshal([]byte(s.Annotations[split.LandingAnnotation]), before)
	for _, p := range o.Problems {
		if r.memory.isNews(s, p.Message) && !strings.Contains(before.Message, p.Message) {
			r.events.Eventf(reference(s), nil, corev1.EventTypeWarning, p.Reason, "Bridge", "%s", cut(p.Message))
		}
	}
	r.memory.told(s, o.Problems)
	keep := notHeld
	if o.held {
		keep = held
	}
	if s.Annotations[split.LandingAnnotation] == string(encoded) && hasFinalizer(s) == o.held {
		return nil
	}
	return r.apply(ctx, s, string(encoded), keep)
}

// landingOf is what became of a split, in one sentence for each thing that stands in the way.
func landingOf(s *split.TrafficSplit, o outcome) split.Landing {
	landing := s.Answer()
	var sentences []string
	for _, p := range o.Problems {
		sentences = append(sentences, p.Message)
	}
	landed := !o.Blocked() && len(o.answers) > 0
	for _, a := range o.answers {
		if !a.Landed {
			landed = false
			sentences = append(sentences, a.Message)
		}
	}
	if landed {
		landing.Weights = map[string]int64{}
		for _, b := range s.Spec.Backends {
			landing.Weights[b.Service] = b.Weight
		}
		sentences = append([]string{"carried out by " + strings.Join(o.titles, " and ")}, sentences...)
	}
	landing.Message = strings.Join(sentences, "; ")
	return landing
}

// apply writes all of a split that is the bridge's: the landing, unless it is empty, and the finalizer.
func (r *reconciler) apply(ctx context.Context, s *split.TrafficSplit, landing string, keep hold) error {
	if !r.memory.mayAnswer(s, landing, keep) {
		return nil // it was written, and is not seen yet
	}
	meta := map[string]any{"namespace": s.Namespace, "name": s.Name, "uid": string(s.UID)}
	if landing != "" {
		meta["annotations"] = map[string]any{split.LandingAnnotation: landing}
	}
	if keep == held {
		meta["finalizers"] = []any{Finalizer}
	}
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": split.GroupVersion.String(), "kind": "TrafficSplit", "metadata": meta,
	}}
	err := r.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner(Manager), client.ForceOwnership)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsConflict(err): // it is gone, or another of its name is there; the watch will tell
		return nil
	case err == nil:
		r.memory.answered(s, landing, keep)
	}
	return err
}

// reference is the split for an Event to be about.
func reference(s *split.TrafficSplit) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: split.GroupVersion.String(), Kind: "TrafficSplit"},
		ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, Name: s.Name, UID: s.UID},
	}
}

func cut(message string) string {
	if len(message) <= longestEvent {
		return message
	}
	return strings.ToValidUTF8(message[:longestEvent-3], "") + "..."
}
