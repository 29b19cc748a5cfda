package canary

import (
	"encoding/json"
	"slices"

	"github.com/serin-dev/serin/api/v1alpha1"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// ownedBy says whether Serin made an object for this very Canary.
func ownedBy(object client.Object, canary *v1alpha1.Canary) bool {
	return slices.ContainsFunc(object.GetOwnerReferences(), func(ref metav1.OwnerReference) bool {
		return ref.UID == canary.UID
	})
}

// otherOwner returns the first field manager other than Serin that owns a field, "" if there is none.
func otherOwner(entries []metav1.ManagedFieldsEntry, path ...string) string {
	for _, entry := range entries {
		if entry.Manager != v1alpha1.FieldManager && owns(entry, path) {
			return entry.Manager
		}
	}
	return ""
}

// replicasOwner returns who else asks for the target's size, "" if nobody does.
func replicasOwner(target *appsv1.Deployment) string {
	for _, entry := range target.ManagedFields {
		if entry.Manager != v1alpha1.FieldManager && owns(entry, []string{"spec", "replicas"}) && !defaulted(target, entry) {
			return entry.Manager
		}
	}
	return ""
}

// defaulted says whether a manager owns the target's size without ever having asked for it: client-side apply, of kubectl or of
// Argo CD, owns every defaulted field of what it creates. What it was really given stands in the annotation that it wrote.
func defaulted(target *appsv1.Deployment, entry metav1.ManagedFieldsEntry) bool {
	if !owns(entry, []string{"metadata", "annotations", corev1.LastAppliedConfigAnnotation}) {
		return false
	}
	var given struct {
		Spec struct {
			Replicas *int32 `json:"replicas"`
		} `json:"spec"`
	}
	text, ok := target.Annotations[corev1.LastAppliedConfigAnnotation]
	return ok && json.Unmarshal([]byte(text), &given) == nil && given.Spec.Replicas == nil
}

// ownsField says whether Serin owns a field.
func ownsField(entries []metav1.ManagedFieldsEntry, path ...string) bool {
	return slices.ContainsFunc(entries, func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == v1alpha1.FieldManager && owns(entry, path)
	})
}

func owns(entry metav1.ManagedFieldsEntry, path []string) bool {
	if entry.FieldsV1 == nil || entry.Subresource == "status" {
		return false
	}
	raw := json.RawMessage(entry.FieldsV1.GetRawBytes())
	for _, field := range path {
		var fields map[string]json.RawMessage
		if json.Unmarshal(raw, &fields) != nil {
			return false
		}
		next, ok := fields["f:"+field]
		if !ok {
			return false
		}
		raw = next
	}
	return true
}
