package access

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/policy"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// conditionAccepted is False on an object that has a problem, and True when it has none any more.
	conditionAccepted = "Accepted"
	// reasonAccepted is the reason of a condition that is True, and of the Event that says that the last problem is gone.
	reasonAccepted = "Accepted"
	// accepted is the message of a condition that is True.
	accepted = "all of it is understood"

	// longestEvent and longestCondition are what the API server takes, in bytes.
	longestEvent     = 1024
	longestCondition = 32768
)

// reporter puts problems where they belong. It is used by one goroutine.
type reporter struct {
	client client.Client
	events events.EventRecorder
	now    func() time.Time

	told    map[types.UID]string    // the problems that Events told of, in one text
	written map[types.UID]condition // the conditions that were written and are not seen yet
}

// condition is what a condition says.
type condition struct {
	status          metav1.ConditionStatus
	reason, message string
	generation      int64
}

// tell says what changed for each object. One that cannot be told of keeps no other from it.
func (r *reporter) tell(ctx context.Context, subjects []subject, problems []policy.Problem) error {
	of := map[policy.Problem][]policy.Problem{}
	for _, p := range problems {
		owner := policy.Problem{Kind: p.Kind, Namespace: p.Namespace, Name: p.Name}
		of[owner] = append(of[owner], p)
	}
	var failed []error
	there := map[types.UID]bool{}
	for _, s := range subjects {
		there[s.uid] = true
		its := of[policy.Problem{Kind: s.gvk.Kind, Namespace: s.name.Namespace, Name: s.name.Name}]
		r.record(s, its)
		if err := r.write(ctx, s, its); err != nil {
			failed = append(failed, fmt.Errorf("%s %s: %w", s.gvk.Kind, s.name, err))
		}
	}
	maps.DeleteFunc(r.told, func(uid types.UID, _ string) bool { return !there[uid] })
	maps.DeleteFunc(r.written, func(uid types.UID, _ condition) bool { return !there[uid] })
	return errors.Join(failed...)
}

// record tells of each problem that is new, and of the end of the last.
func (r *reporter) record(s subject, problems []policy.Problem) {
	before, known := r.told[s.uid]
	if !known && s.accepted != nil && s.accepted.Status == metav1.ConditionFalse {
		before = s.accepted.Message
	}
	now := text(problems)
	r.told[s.uid] = now
	for _, p := range problems {
		if !strings.Contains(before, p.Message) {
			r.events.Eventf(s.reference(), nil, corev1.EventTypeWarning, p.Reason, "Compile", "%s", cut(p.Message, longestEvent))
		}
	}
	if before != "" && now == "" {
		r.events.Eventf(s.reference(), nil, corev1.EventTypeNormal, reasonAccepted, "Compile", "%s",
			cut("no problem is left; before: "+before, longestEvent))
	}
}

// text is all problems of an object in one text.
func text(problems []policy.Problem) string {
	messages := make([]string, 0, len(problems))
	for _, p := range problems {
		messages = append(messages, p.Message)
	}
	return cut(strings.Join(messages, "; "), longestCondition)
}

func cut(message string, most int) string {
	if len(message) <= most {
		return message
	}
	return strings.ToValidUTF8(message[:most-3], "") + "..."
}

// write puts the condition on an object that has a problem, or had one. What is there already, or was written and is dropped by
// the CRD, is not written again.
func (r *reporter) write(ctx context.Context, s subject, problems []policy.Problem) error {
	want := condition{metav1.ConditionTrue, reasonAccepted, accepted, s.generation}
	if len(problems) > 0 {
		want = condition{metav1.ConditionFalse, problems[0].Reason, text(problems), s.generation}
	}
	if s.accepted == nil && len(problems) == 0 || !s.hasStatus {
		return nil
	}
	if have := s.accepted; have != nil && want == (condition{have.Status, have.Reason, have.Message, have.ObservedGeneration}) {
		delete(r.written, s.uid)
		return nil
	}
	if r.written[s.uid] == want {
		return nil
	}
	body, err := json.Marshal(s.patch(want, r.now()))
	if err != nil {
		return err
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(s.gvk)
	object.SetNamespace(s.name.Namespace)
	object.SetName(s.name.Name)
	err = r.client.Status().Patch(ctx, object, client.RawPatch(types.ApplyPatchType, body),
		client.FieldOwner(v1alpha1.FieldManager), client.ForceOwnership)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsConflict(err): // it is gone, or another of its name is there; the watch will tell
		return nil
	case err == nil:
		r.written[s.uid] = want
	}
	return err
}

// patch is the condition as it is applied: nothing of the object but its status, and only of this very object.
func (s subject) patch(want condition, now time.Time) map[string]any {
	since := metav1.NewTime(now.UTC().Truncate(time.Second))
	if s.accepted != nil && s.accepted.Status == want.status {
		since = s.accepted.LastTransitionTime
	}
	return map[string]any{
		"apiVersion": s.gvk.GroupVersion().String(), "kind": s.gvk.Kind,
		"metadata": map[string]any{"namespace": s.name.Namespace, "name": s.name.Name, "uid": s.uid},
		"status": map[string]any{"conditions": []metav1.Condition{{
			Type: conditionAccepted, Status: want.status, Reason: want.reason, Message: want.message,
			ObservedGeneration: want.generation, LastTransitionTime: since,
		}}},
	}
}

// reference is the object for an Event to be about.
func (s subject) reference() *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: s.gvk.GroupVersion().String(), Kind: s.gvk.Kind},
		ObjectMeta: metav1.ObjectMeta{Namespace: s.name.Namespace, Name: s.name.Name, UID: s.uid},
	}
}
