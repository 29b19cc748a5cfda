package canary

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// apexName is the Service that clients call.
func apexName(canary *v1alpha1.Canary) string {
	if canary.Spec.Service.Name != "" {
		return canary.Spec.Service.Name
	}
	return canary.Spec.TargetRef.Name
}

// backendName is the name of a version's Deployment and Service.
func backendName(canary *v1alpha1.Canary, version string) string {
	return apexName(canary) + "-" + version
}

// meta is the metadata of what Serin makes for a Canary.
func meta(canary *v1alpha1.Canary, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: canary.Namespace,
		Labels: map[string]string{
			v1alpha1.LabelManagedBy: v1alpha1.ManagedBy,
			v1alpha1.LabelCanary:    canary.Name,
		},
		OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(canary, v1alpha1.GroupVersion.WithKind("Canary"))},
	}
}

func versionMeta(canary *v1alpha1.Canary, version string) metav1.ObjectMeta {
	m := meta(canary, backendName(canary, version))
	m.Labels[v1alpha1.LabelVersion] = version
	return m
}

// versionSelector selects a version's pods and no others.
func versionSelector(canary *v1alpha1.Canary, version string) map[string]string {
	return map[string]string{v1alpha1.LabelCanary: canary.Name, v1alpha1.LabelVersion: version}
}

// buildDeployment is the target as a version: the same pods under labels of their own, with the version's own copies of the
// ConfigMaps and Secrets.
func buildDeployment(canary *v1alpha1.Canary, w *world, v analysis.Version) *appsv1.Deployment {
	target := w.target
	spec := target.Spec.DeepCopy()
	w.configs.Point(&spec.Template.Spec, backendName(canary, v.Name))
	labels := versionSelector(canary, v.Name)
	template := spec.Template
	template.Labels = merged(template.Labels, labels, map[string]string{v1alpha1.LabelUserVersion: v.Name})
	spec.Template = template
	spec.Selector = &metav1.LabelSelector{MatchLabels: merged(target.Spec.Selector.MatchLabels, labels)}
	spec.Replicas = ptr.To(v.Replicas)
	spec.Paused = false
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: versionMeta(canary, v.Name),
		Spec:       *spec,
	}
}

// buildVersionService has the apex's ports, so that each port number of the apex leads somewhere in each version.
func buildVersionService(canary *v1alpha1.Canary, version string, ports []corev1.ServicePort) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: versionMeta(canary, version),
		Spec:       corev1.ServiceSpec{Selector: versionSelector(canary, version), Ports: ports},
	}
}

// buildApex is an apex that Serin makes.
func buildApex(canary *v1alpha1.Canary, selector map[string]string, ports []corev1.ServicePort) *corev1.Service {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: meta(canary, apexName(canary)),
		Spec:       corev1.ServiceSpec{Selector: selector, Ports: ports},
	}
}

// buildSplit is the record of the weights: of the versions that get requests, stable first. A version without weight is not
// named, so that no data plane is led to one that has no Service yet or any more.
func buildSplit(canary *v1alpha1.Canary, w *world, plan analysis.Plan) *split.TrafficSplit {
	s := &split.TrafficSplit{
		TypeMeta:   metav1.TypeMeta{APIVersion: split.GroupVersion.String(), Kind: "TrafficSplit"},
		ObjectMeta: meta(canary, canary.Name),
		Spec: split.TrafficSplitSpec{
			Service: apexName(canary),
		},
	}
	name := func(version string, weight int32) {
		if weight > 0 {
			backend := split.Backend{Service: backendName(canary, version), Weight: int64(weight)}
			s.Spec.Backends = append(s.Spec.Backends, backend)
		}
	}
	name(plan.Status.Stable.Version, plan.Weights.Stable())
	if c := plan.Status.Candidate; c != nil {
		name(c.Version, plan.Weights.Candidate())
	}
	switch plan.Status.Plane() {
	case v1alpha1.ProviderProxy:
		s.Labels[v1alpha1.LabelDataPlane] = v1alpha1.DataPlaneProxy
		s.Annotations = map[string]string{v1alpha1.AnnotationAccessMode: string(canary.Spec.Access.Mode)}
	case v1alpha1.ProviderGateway:
		s.Annotations = map[string]string{split.RouteAnnotation: routeRequest(canary)}
		if text, asked := have(w.split, split.RouteAnnotation); asked && plan.KeepRoute {
			s.Annotations[split.RouteAnnotation] = text
		}
	case v1alpha1.ProviderSplit, v1alpha1.ProviderAuto:
	}
	return s
}

// have is an annotation of a split that may not be there.
func have(s *split.TrafficSplit, annotation string) (text string, there bool) {
	if s == nil {
		return "", false
	}
	text, there = s.Annotations[annotation]
	return text, there
}

// routeRequest is the route that the spec asks for: the apex of a mesh when it names none.
func routeRequest(canary *v1alpha1.Canary) string {
	request, spec := split.RouteRequest{Hostnames: canary.Spec.Traffic.Hostnames}, canary.Spec.Traffic
	for _, r := range spec.GatewayRefs {
		parent := split.ParentRef{
			Group: gatewayGroup, Kind: cmp.Or(r.Kind, "Gateway"), Namespace: r.Namespace, Name: r.Name, SectionName: r.SectionName, Port: r.Port,
		}
		if parent.Kind == "Service" {
			parent.Group = ""
		}
		request.ParentRefs = append(request.ParentRefs, parent)
	}
	switch {
	case spec.RouteRef != nil:
		request.Existing = &split.RouteRef{Kind: spec.RouteRef.Kind, Name: spec.RouteRef.Name}
	case len(spec.GatewayRefs) == 0:
		request.ParentRefs = []split.ParentRef{{Kind: "Service", Name: apexName(canary)}}
	}
	text, err := json.Marshal(request)
	if err != nil {
		panic(fmt.Sprintf("a request of plain fields cannot be written: %v", err))
	}
	return string(text)
}

// gatewayGroup is the group of Gateways and routes.
const gatewayGroup = "gateway.networking.k8s.io"

// podPorts are Service ports made from a pod's: the same numbers and names, TCP only, each once.
func podPorts(target *appsv1.Deployment) []corev1.ServicePort {
	var ports []corev1.ServicePort
	seen := map[int32]bool{}
	for _, container := range target.Spec.Template.Spec.Containers {
		for _, p := range container.Ports {
			if seen[p.ContainerPort] || (p.Protocol != "" && p.Protocol != corev1.ProtocolTCP) {
				continue
			}
			seen[p.ContainerPort] = true
			port := corev1.ServicePort{
				Name: p.Name, Port: p.ContainerPort, TargetPort: intstr.FromInt32(p.ContainerPort), Protocol: corev1.ProtocolTCP,
			}
			if p.Name == "" {
				port.Name = fmt.Sprintf("port-%d", p.ContainerPort)
			} else {
				port.TargetPort = intstr.FromString(p.Name)
			}
			ports = append(ports, port)
		}
	}
	return ports
}

// apexPorts are a Service's ports as another Service can have them.
func apexPorts(apex *corev1.Service) []corev1.ServicePort {
	ports := make([]corev1.ServicePort, 0, len(apex.Spec.Ports))
	for _, p := range apex.Spec.Ports {
		p.NodePort = 0
		ports = append(ports, p)
	}
	return ports
}

// selectorText is a selector as an annotation keeps it.
func selectorText(selector map[string]string) (string, error) {
	text, err := json.Marshal(selector)
	return string(text), err
}

func merged(parts ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}
