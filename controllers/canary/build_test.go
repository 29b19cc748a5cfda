package canary

import (
	"testing"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func targetWith(ports ...corev1.ContainerPort) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "foobar"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "foobar"}},
			Paused:   true,
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "foobar", "version": "theirs"}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "foobar:1", Ports: ports}}},
			},
		},
	}
}

func TestPodPorts(t *testing.T) {
	tcp := corev1.ProtocolTCP
	cases := map[string]struct {
		ports []corev1.ContainerPort
		want  []corev1.ServicePort
	}{
		"no ports": {},
		"a named port is reached by its name, so that a version may move it": {
			ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
			want:  []corev1.ServicePort{{Name: "http", Port: 8080, TargetPort: intstr.FromString("http"), Protocol: tcp}},
		},
		"a port without a name gets one": {
			ports: []corev1.ContainerPort{{ContainerPort: 9000}},
			want:  []corev1.ServicePort{{Name: "port-9000", Port: 9000, TargetPort: intstr.FromInt32(9000), Protocol: tcp}},
		},
		"each number once, and no UDP": {
			ports: []corev1.ContainerPort{{ContainerPort: 53, Protocol: corev1.ProtocolUDP}, {Name: "a", ContainerPort: 1}, {Name: "b", ContainerPort: 1}},
			want:  []corev1.ServicePort{{Name: "a", Port: 1, TargetPort: intstr.FromString("a"), Protocol: tcp}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, podPorts(targetWith(tc.ports...))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAVersionIsTheTargetUnderLabelsOfItsOwn(t *testing.T) {
	canary := &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shopfront", UID: "1"}}
	canary.Spec.TargetRef.Name = "foobar"
	got := buildDeployment(canary, &world{target: targetWith()}, analysis.Version{Name: "v7", Replicas: 3})
	if got.Name != "foobar-v7" || *got.Spec.Replicas != 3 || got.Spec.Paused || !ownedBy(got, canary) {
		t.Errorf("name %s, replicas %d, paused %t, owners %v", got.Name, *got.Spec.Replicas, got.Spec.Paused, got.OwnerReferences)
	}
	wantLabels := map[string]string{
		"app": "foobar", "version": "v7", "serin.dev/version": "v7", "serin.dev/canary": "shopfront",
	}
	if diff := cmp.Diff(wantLabels, got.Spec.Template.Labels); diff != "" {
		t.Error(diff)
	}
	wantSelector := map[string]string{"app": "foobar", "serin.dev/version": "v7", "serin.dev/canary": "shopfront"}
	if diff := cmp.Diff(wantSelector, got.Spec.Selector.MatchLabels); diff != "" {
		t.Error(diff)
	}
}

func TestLeads(t *testing.T) {
	target := targetWith()
	cases := map[string]struct {
		selector, annotations map[string]string
		want                  analysis.ApexLead
	}{
		"to the proxies":                 {selector: map[string]string{v1alpha1.SelectorProxied: "proxy"}, want: analysis.LeadProxy},
		"to a version":                   {selector: map[string]string{v1alpha1.LabelCanary: "foobar", v1alpha1.LabelVersion: "v1"}, want: analysis.LeadStable},
		"to the target's pods":           {selector: map[string]string{"app": "foobar"}, want: analysis.LeadTarget},
		"to where it led before":         {selector: map[string]string{"x": "y"}, annotations: map[string]string{v1alpha1.AnnotationSelector: `{"x":"y"}`}, want: analysis.LeadTarget},
		"to something Serin knows not":   {selector: map[string]string{"app": "other"}, want: analysis.LeadElsewhere},
		"nowhere, by a broken memory of": {annotations: map[string]string{v1alpha1.AnnotationSelector: `{`}, want: analysis.LeadElsewhere},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			apex := &corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Annotations: tc.annotations}, Spec: corev1.ServiceSpec{Selector: tc.selector},
			}
			if got := leads(apex, target); got != tc.want {
				t.Errorf("leads = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestADeletedCanaryRestoresOnlyAnApexThatItChanged(t *testing.T) {
	canary := &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "foobar", UID: "1"}}
	canary.Spec.TargetRef.Name = "foobar"
	kept := map[string]string{v1alpha1.AnnotationSelector: `{"x":"y"}`}
	cases := map[string]struct {
		meta metav1.ObjectMeta
		want map[string]string
	}{
		"one that Serin made leads to the target":     {meta: meta(canary, "foobar"), want: map[string]string{"app": "foobar"}},
		"one that was taken over leads where it did":  {meta: metav1.ObjectMeta{Annotations: kept}, want: map[string]string{"x": "y"}},
		"one that Serin never changed stays as it is": {},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := &world{target: targetWith(), apex: &corev1.Service{ObjectMeta: tc.meta}}
			if diff := cmp.Diff(tc.want, w.selector(canary, analysis.Plan{Finished: true})); diff != "" {
				t.Error(diff)
			}
		})
	}
}
