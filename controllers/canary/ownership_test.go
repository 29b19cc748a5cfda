package canary

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func entry(manager, subresource, fields string) metav1.ManagedFieldsEntry {
	return metav1.ManagedFieldsEntry{
		Manager: manager, Subresource: subresource, FieldsV1: metav1.NewFieldsV1(fields),
	}
}

func TestReplicasOwner(t *testing.T) {
	const (
		clientSideApply = "argocd-controller"
		sized           = `{"f:spec":{"f:replicas":{},"f:template":{}}}`
		applies         = `{"f:metadata":{"f:annotations":{"f:kubectl.kubernetes.io/last-applied-configuration":{}}},"f:spec":{"f:replicas":{}}}`
	)
	cases := map[string]struct {
		entries []metav1.ManagedFieldsEntry
		applied string
		want    string
	}{
		"nobody owns it": {entries: []metav1.ManagedFieldsEntry{entry("flux", "", `{"f:spec":{"f:template":{}}}`)}},
		"Serin owns it":  {entries: []metav1.ManagedFieldsEntry{entry("serin", "", sized)}},
		"Flux owns it":   {entries: []metav1.ManagedFieldsEntry{entry("serin", "", sized), entry("flux", "", sized)}, want: "flux"},
		"an autoscaler owns it through the scale subresource": {
			entries: []metav1.ManagedFieldsEntry{entry("hpa", "scale", `{"f:spec":{"f:replicas":{}}}`)}, want: "hpa",
		},
		"a status entry owns nothing": {entries: []metav1.ManagedFieldsEntry{entry("kubelet", "status", sized)}},
		"broken fields own nothing":   {entries: []metav1.ManagedFieldsEntry{entry("odd", "", `{"f:spec":7}`), entry("odd", "", `{`)}},
		"client-side apply that was not given any owns only the default": {
			entries: []metav1.ManagedFieldsEntry{entry(clientSideApply, "", applies)}, applied: `{"spec":{}}`,
		},
		"client-side apply that was given some owns them": {
			entries: []metav1.ManagedFieldsEntry{entry(clientSideApply, "", applies)}, applied: `{"spec":{"replicas":3}}`,
			want: clientSideApply,
		},
		"client-side apply without its annotation owns them": {
			entries: []metav1.ManagedFieldsEntry{entry(clientSideApply, "", applies)}, want: clientSideApply,
		},
		"an autoscaler beside client-side apply that was not given any owns it": {
			entries: []metav1.ManagedFieldsEntry{
				entry(clientSideApply, "", applies), entry("hpa", "scale", `{"f:spec":{"f:replicas":{}}}`),
			},
			applied: `{"spec":{}}`, want: "hpa",
		},
		"another manager that did not write the annotation owns it": {
			entries: []metav1.ManagedFieldsEntry{entry("helm", "", sized)}, applied: `{"spec":{}}`, want: "helm",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			target := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{ManagedFields: tc.entries}}
			if tc.applied != "" {
				target.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: tc.applied}
			}
			if got := replicasOwner(target); got != tc.want {
				t.Errorf("replicasOwner = %q, want %q", got, tc.want)
			}
		})
	}
}
