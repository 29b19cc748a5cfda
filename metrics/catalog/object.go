package catalog

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/metrics/source"
)

// Object is what is kept of an object: its names and labels, because a pod's annotations alone may be larger than all of that.
type Object struct {
	metav1.ObjectMeta

	// belongs is of pods only.
	belongs belonging
	// selector is of Services only; nil selects nothing.
	selector labels.Selector
}

// belonging is what made a pod, and where it runs.
type belonging struct {
	kind source.Kind
	name string
	node string
}

// ownerKinds are the kinds whose objects make pods.
var ownerKinds = map[string]source.Kind{
	"apps/ReplicaSet": source.ReplicaSets, "apps/StatefulSet": source.StatefulSets, "apps/DaemonSet": source.DaemonSets,
	"batch/Job": source.Jobs, "/ReplicationController": source.ReplicationControllers,
}

func namesAndLabels(o metav1.Object) *Object {
	kept := &Object{}
	kept.Namespace, kept.Name, kept.Labels = o.GetNamespace(), o.GetName(), o.GetLabels()
	kept.UID, kept.ResourceVersion = o.GetUID(), o.GetResourceVersion()
	return kept
}

func ofMetadata(o *metav1.PartialObjectMetadata) *Object { return namesAndLabels(o) }

func ofPod(p *corev1.Pod) *Object {
	kept := namesAndLabels(p)
	kept.belongs.node = p.Spec.NodeName
	if owner := metav1.GetControllerOf(p); owner != nil {
		kept.belongs.kind, kept.belongs.name = ownerKinds[group(owner.APIVersion)+"/"+owner.Kind], owner.Name
	}
	return kept
}

func ofService(s *corev1.Service) *Object {
	kept := namesAndLabels(s)
	if len(s.Spec.Selector) > 0 {
		kept.selector = labels.SelectorFromSet(s.Spec.Selector)
	}
	return kept
}

// group is the group in an apiVersion, whatever the version.
func group(apiVersion string) string {
	for i := range len(apiVersion) {
		if apiVersion[i] == '/' {
			return apiVersion[:i]
		}
	}
	return ""
}

func (o *Object) key() types.NamespacedName {
	return types.NamespacedName{Namespace: o.Namespace, Name: o.Name}
}
