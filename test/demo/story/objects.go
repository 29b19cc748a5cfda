package story

import (
	"context"
	"embed"
	"encoding/base64"
	"net/netip"
	"strings"
	"time"

	"github.com/serin-dev/serin/metrics"
	"github.com/serin-dev/serin/test/gen"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

//go:embed manifests
var manifests embed.FS

const (
	shop   = "shop"
	target = "foobar"
)

// apply applies a manifest as the shop's people would, with pairs of words to replace.
func (w *World) apply(ctx context.Context, file string, replace ...string) error {
	text, err := manifests.ReadFile("manifests/" + file)
	if err != nil {
		return err
	}
	return w.applyText(ctx, strings.NewReplacer(replace...).Replace(string(text)))
}

// applyText applies every object of a text.
func (w *World) applyText(ctx context.Context, text string) error {
	objects, err := gen.Objects(text)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := w.applyObject(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

// applyObject goes on where the API server has not caught up with a namespace's ServiceAccounts yet.
func (w *World) applyObject(ctx context.Context, object *unstructured.Unstructured) error {
	return poll(ctx, 30*time.Second, func() (bool, error) {
		err := w.user.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("user"))
		if apierrors.IsForbidden(err) {
			return false, nil
		}
		return err == nil, err
	})
}

// release has the target run a release's image.
func (w *World) release(ctx context.Context, name string) error {
	return w.apply(ctx, "foobar.yaml", "IMAGE", image(name))
}

// secret gives the shop the address of its Slack webhook.
func (w *World) secret(ctx context.Context) error {
	return w.user.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: "slack"},
		StringData: map[string]string{"address": w.Slack.WebhookURL()},
	})
}

// registerMetrics tells the API server where metrics.smi-spec.io is served, and waits until it answers.
func (w *World) registerMetrics(ctx context.Context, server *metrics.Server) error {
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "serin-system", Name: "serin-metrics"},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"},
	}
	if err := w.user.Create(ctx, service); err != nil {
		return err
	}
	registered := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
		"metadata": map[string]any{"name": "v1alpha1.metrics.smi-spec.io"},
		"spec": map[string]any{
			"group": "metrics.smi-spec.io", "version": "v1alpha1",
			"groupPriorityMinimum": int64(100), "versionPriority": int64(100),
			"caBundle": base64.StdEncoding.EncodeToString(server.CABundle()),
			"service":  map[string]any{"namespace": service.Namespace, "name": service.Name, "port": int64(server.Port())},
		},
	}}
	if err := w.user.Create(ctx, registered); err != nil {
		return err
	}
	return poll(ctx, time.Minute, func() (bool, error) {
		found := registered.DeepCopy()
		if err := w.user.Get(ctx, client.ObjectKeyFromObject(registered), found); err != nil {
			return false, err
		}
		conditions, _, err := unstructured.NestedSlice(found.Object, "status", "conditions")
		for _, c := range conditions {
			if c, ok := c.(map[string]any); ok && c["type"] == "Available" {
				return c["status"] == "True", err
			}
		}
		return false, err
	})
}

// podAddress waits until a pod runs, and returns its address.
func (w *World) podAddress(ctx context.Context, name string) (netip.Addr, error) {
	var address netip.Addr
	err := poll(ctx, time.Minute, func() (bool, error) {
		pod := &corev1.Pod{}
		if err := w.user.Get(ctx, client.ObjectKey{Namespace: shop, Name: name}, pod); err != nil {
			return false, err
		}
		found, err := netip.ParseAddr(pod.Status.PodIP)
		address = found
		return err == nil && pod.Status.Phase == corev1.PodRunning, nil
	})
	return address, err
}

// poll asks until the answer is yes. An API server that is busy is asked again.
func poll(ctx context.Context, timeout time.Duration, ask func() (bool, error)) error {
	return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, timeout, true, func(context.Context) (bool, error) {
		yes, err := ask()
		if apierrors.IsServiceUnavailable(err) || apierrors.IsServerTimeout(err) || apierrors.IsTooManyRequests(err) {
			return false, nil
		}
		return yes, err
	})
}
