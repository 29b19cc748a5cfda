package canary

import (
	"encoding/json"
	"slices"

	"github.com/serin-dev/serin/api/v1alpha1"

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
	raw := json.RawMessage(entry.FieldsV1.Raw)
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
