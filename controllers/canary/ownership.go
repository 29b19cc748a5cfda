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

// clientSideApply is the field manager of `kubectl apply` without --server-side.
const clientSideApply = "kubectl-client-side-apply"

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

// replicasOwner returns who else asks for the target's size, "" if nobody does. Client-side apply owns every defaulted field
// of what it creates; what it was really given stands in its annotation.
func replicasOwner(target *appsv1.Deployment) string {
	owner := otherOwner(target.ManagedFields, "spec", "replicas")
	if owner != clientSideApply {
		return owner
	}
	var given struct {
		Spec struct {
			Replicas *int32 `json:"replicas"`
		} `json:"spec"`
	}
	text, ok := target.Annotations[corev1.LastAppliedConfigAnnotation]
	if ok && json.Unmarshal([]byte(text), &given) == nil && given.Spec.Replicas == nil {
		return ""
	}
	return owner
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
