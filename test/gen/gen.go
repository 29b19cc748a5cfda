package gen

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Canary is the smallest Canary for a Deployment of the same name, with quick steps.
func Canary(namespace, name string, changes ...func(*v1alpha1.Canary)) *v1alpha1.Canary {
	c := &v1alpha1.Canary{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Canary"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.CanarySpec{
			TargetRef: v1alpha1.TargetReference{Name: name},
			Steps: []v1alpha1.Step{
				{Weight: 10, Dwell: v1alpha1.Dur(time.Second)},
				{Weight: 50, Dwell: v1alpha1.Dur(time.Second)},
			},
			ScaleDownDelay: v1alpha1.Dur(time.Second),
		},
	}
	for _, change := range changes {
		change(c)
	}
	return c
}

// Deployment is a Deployment of one container that listens on port 8080, named http. It leaves replicas to the API server.
func Deployment(namespace, name, image string, changes ...func(*appsv1.Deployment)) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	d := &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "app", Image: image,
					Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
				}}},
			},
		},
	}
	for _, change := range changes {
		change(d)
	}
	return d
}

// On has a Deployment's pods name a node, so that nobody need schedule them, and end at once when they are deleted.
func On(node string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) {
		d.Spec.Template.Spec.NodeName = node
		d.Spec.Template.Spec.TerminationGracePeriodSeconds = new(int64)
	}
}
