package main

import (
	"context"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/serin-dev/serin/test/gen"

	smi "github.com/serin-dev/serin/api/smi/metrics"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// applyFolder applies every object of a kustomization's files.
func (w *world) applyFolder(ctx context.Context, folder string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := w.applyText(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) applyText(ctx context.Context, text []byte) error {
	objects, err := gen.Objects(string(text))
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := w.applyRaw(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

// apply applies an object as a person would from Git: only what it says is theirs.
func (w *world) apply(ctx context.Context, object client.Object) error {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return err
	}
	u := &unstructured.Unstructured{Object: content}
	unstructured.RemoveNestedField(u.Object, "status")
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
	unstructured.RemoveNestedField(u.Object, "spec", "template", "metadata", "creationTimestamp")
	return w.applyRaw(ctx, u)
}

func (w *world) applyRaw(ctx context.Context, u *unstructured.Unstructured) error {
	return w.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("user"))
}

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// registerMetrics serves TrafficMetrics behind the API server, and waits until it finds them.
func (w *world) registerMetrics(ctx context.Context, _ string) error {
	w.metrics = httptest.NewTLSServer(w.traffic.handler())
	_, text, err := net.SplitHostPort(w.metrics.Listener.Addr().String())
	if err != nil {
		return err
	}
	port, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return err
	}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "serin-system", Name: "bench-metrics"},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"},
	}
	if err := w.client.Create(ctx, service); err != nil {
		return err
	}
	registered := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
		"metadata": map[string]any{"name": smi.GroupVersion.Version + "." + smi.GroupVersion.Group},
		"spec": map[string]any{
			"group": smi.GroupVersion.Group, "version": smi.GroupVersion.Version,
			"groupPriorityMinimum": int64(100), "versionPriority": int64(100), "insecureSkipTLSVerify": true,
			"service": map[string]any{"namespace": service.Namespace, "name": service.Name, "port": port},
		},
	}}
	if err := w.client.Create(ctx, registered); err != nil {
		return err
	}
	return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		err := w.client.Get(ctx, client.ObjectKeyFromObject(registered), registered)
		if apierrors.IsServiceUnavailable(err) {
			return false, nil
		}
		return err == nil && available(registered), err
	})
}

// available says whether the API server reaches an aggregated API.
func available(u *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions") // absent means not yet
	for _, c := range conditions {
		if c, ok := c.(map[string]any); ok && c["type"] == "Available" && c["status"] == "True" {
			return true
		}
	}
	return false
}
