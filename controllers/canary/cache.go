package canary

import (
	"fmt"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/canary/config"
	"github.com/serin-dev/serin/controllers/canary/pods"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// CacheOptions keep in memory only what a decision needs: of pods those of versions, of ConfigMaps and Secrets no contents. Only
// the Secrets of the scope are watched.
func CacheOptions(secrets config.Scope) cache.Options {
	watched := cache.ByObject{Transform: slimMetadata}
	if namespaces := secrets.Namespaces(); len(namespaces) > 0 {
		watched.Namespaces = map[string]cache.Config{}
		for _, namespace := range namespaces {
			watched.Namespaces[namespace] = cache.Config{}
		}
	}
	return cache.Options{ByObject: map[client.Object]cache.ByObject{
		&appsv1.Deployment{}: {Transform: slimDeployment},
		&corev1.Pod{}:        {Transform: slimPod, Label: labels.NewSelector().Add(versioned())},
		&corev1.ConfigMap{}:  {Transform: slimMetadata},
		&corev1.Secret{}:     watched,
		&corev1.Namespace{}:  {Transform: slimMarks},
		metadataOf(crdKind):  {Transform: slimMarks},
	}}
}

// slimDeployment drops from a cached Deployment what no decision needs.
func slimDeployment(object any) (any, error) {
	if deployment, ok := object.(*appsv1.Deployment); ok {
		deployment.Status.Conditions = nil
	}
	return object, nil
}

// slimPod keeps of a cached pod what says whether it can run.
func slimPod(object any) (any, error) {
	if pod, ok := object.(*corev1.Pod); ok {
		pods.Trim(pod)
	}
	return object, nil
}

// slimMetadata keeps of a cached ConfigMap or Secret, whose contents are never cached, what tells one state from another.
func slimMetadata(object any) (any, error) {
	if meta, ok := object.(*metav1.PartialObjectMetadata); ok {
		meta.ManagedFields, meta.Labels, meta.Finalizers = nil, nil, nil
		delete(meta.Annotations, corev1.LastAppliedConfigAnnotation)
	}
	return object, nil
}

// slimMarks keeps of a cached namespace or CRD what marks it.
func slimMarks(object any) (any, error) {
	if meta, ok := object.(*metav1.PartialObjectMetadata); ok {
		meta.ManagedFields, meta.Finalizers, meta.OwnerReferences = nil, nil, nil
		delete(meta.Annotations, corev1.LastAppliedConfigAnnotation)
	}
	return object, nil
}

// versioned selects the pods of versions.
func versioned() labels.Requirement {
	r, err := labels.NewRequirement(v1alpha1.LabelCanary, selection.Exists, nil)
	if err != nil {
		panic(fmt.Sprintf("the label of a Canary's pods is none: %v", err))
	}
	return *r
}
