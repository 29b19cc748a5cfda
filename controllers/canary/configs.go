package canary

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/canary/config"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// observeConfigs reads the ConfigMaps and Secrets that the target refers to. What cannot be read leaves open what the target
// asks for, and holds up nothing else.
func (r *Reconciler) observeConfigs(ctx context.Context, target *appsv1.Deployment) (set config.Set, problem string) {
	set, err := r.Configs.Read(ctx, target.Namespace, config.Refs(&target.Spec.Template))
	if err != nil {
		return nil, fmt.Sprintf("the ConfigMaps and Secrets of Deployment %q cannot be read: %s", target.Name, err)
	}
	var missing []string
	for _, ref := range set.Missing() {
		missing = append(missing, fmt.Sprintf("%s %q", ref.Kind, ref.Name))
	}
	if len(missing) > 0 {
		return set, fmt.Sprintf("Deployment %q refers to what does not exist: %s", target.Name, strings.Join(missing, ", "))
	}
	return set, ""
}

// applyConfigs makes a version's own copies of what the target refers to. They are made before the version, and never change.
func (r *Reconciler) applyConfigs(ctx context.Context, canary *v1alpha1.Canary, w *world, version string) error {
	copies, err := r.Configs.Copies(ctx, canary.Namespace, w.configs, func(ref config.Ref) metav1.ObjectMeta {
		m := versionMeta(canary, version)
		m.Name = config.CopyName(backendName(canary, version), ref.Name)
		return m
	})
	if err != nil {
		return err
	}
	var failed []error
	for _, object := range copies {
		err := r.write(ctx, object)
		if apierrors.IsConflict(err) {
			err = &notOwnedError{object.GetObjectKind().GroupVersionKind().Kind, object.GetName()}
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// ownConfigs are the references of a version's pods that are its own copies. Copies of Secrets from when there was a right to
// make them go with their owner, the Canary.
func (r *Reconciler) ownConfigs(deployment *appsv1.Deployment) []config.Ref {
	var own []config.Ref
	for _, ref := range config.Refs(&deployment.Spec.Template) {
		if strings.HasPrefix(ref.Name, deployment.Name+"-") && r.Configs.Secrets.Covers(deployment.Namespace, ref) {
			own = append(own, ref)
		}
	}
	return own
}

// configMeta names what a reference leads to.
func configMeta(namespace string, ref config.Ref) *metav1.PartialObjectMetadata {
	m := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: ref.Name}}
	m.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(string(ref.Kind)))
	return m
}

// lostConfigs says whether a version's own copies are gone, as far as the cache knows.
func (r *Reconciler) lostConfigs(ctx context.Context, deployment *appsv1.Deployment) bool {
	for _, ref := range r.ownConfigs(deployment) {
		m := configMeta(deployment.Namespace, ref)
		err := r.Client.Get(ctx, client.ObjectKeyFromObject(m), m)
		if apierrors.IsNotFound(err) && !ref.Optional {
			return true
		}
	}
	return false
}

// removeConfigs deletes a version's own copies. They go before the version, because it alone says which they are.
func (r *Reconciler) removeConfigs(ctx context.Context, deployment *appsv1.Deployment) error {
	var failed []error
	for _, ref := range r.ownConfigs(deployment) {
		failed = append(failed, client.IgnoreNotFound(r.Client.Delete(ctx, configMeta(deployment.Namespace, ref))))
	}
	return errors.Join(failed...)
}
