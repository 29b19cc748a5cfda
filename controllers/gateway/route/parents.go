package route

import (
	"cmp"
	"slices"
	"strings"

	"github.com/serin-dev/serin/api/smi/split"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

const (
	// LabelManagedBy is the label of what Serin made.
	LabelManagedBy = "app.kubernetes.io/managed-by"
	// ManagedBy is the value of that label.
	ManagedBy = "serin"
)

// parent is one of the request's parents.
type parent struct {
	ref         split.ParentRef
	controllers []string
}

// IsService says whether a parent is a Service of a mesh, and not a Gateway.
func IsService(ref split.ParentRef) bool { return ref.Kind == kindService }

func (b *builder) parents(kind string) []parent {
	var of []parent
	for i, ref := range b.in.Request.ParentRefs {
		if cmp.Or(ref.Kind, kindGateway) != kind {
			continue
		}
		p := parent{ref: ref}
		if i < len(b.in.Controllers) {
			p.controllers = b.in.Controllers[i]
		}
		of = append(of, p)
	}
	return of
}

// checkParents judges what is asked for.
func (b *builder) checkParents() bool {
	r := b.in.Request
	if r.Existing != nil || len(r.ParentRefs) == 0 {
		return b.refuse(ReasonNotUnderstood, badRequest)
	}
	for _, ref := range r.ParentRefs {
		kind, group := cmp.Or(ref.Kind, kindGateway), ref.Group
		switch {
		case ref.Name == "":
			return b.refuse(ReasonNotUnderstood, "annotation "+split.RouteAnnotation+" has a parent without a name")
		case kind == kindGateway && (group == "" || group == gatewayv1.GroupName):
		case kind != kindService || group != "" && group != groupCore:
			return b.refuse(ReasonUnsupported, oddParent(group, kind))
		case ref.Name != b.apex.Name || cmp.Or(ref.Namespace, b.apex.Namespace) != b.apex.Namespace:
			return b.refuse(ReasonUnsupported, otherParent(ref.Name, b.apex.Name))
		case len(r.Hostnames) > 0:
			return b.refuse(ReasonUnsupported, "hostnames are for Gateways: a route whose parent is a Service has none")
		}
	}
	return true
}

// gatewayPort is the apex's port that a Gateway's requests go to: a Gateway's own ports say nothing of it.
func (b *builder) gatewayPort() (corev1.ServicePort, bool) {
	ports := tcpPorts(b.apex)
	if len(ports) == 1 {
		return ports[0], true
	}
	for _, is := range []func(corev1.ServicePort) bool{
		func(p corev1.ServicePort) bool { return p.Name == "http" },
		func(p corev1.ServicePort) bool { return p.Port == 80 },
	} {
		if i := slices.IndexFunc(ports, is); i >= 0 {
			return ports[i], true
		}
	}
	return corev1.ServicePort{}, b.refuse(ReasonUnsupported, whichPort(b.apex.Name, ports))
}

// meshPorts are the apex's ports that a parent asks for, each in a route of its own.
func (b *builder) meshPorts(parents []parent) []corev1.ServicePort {
	if len(parents) == 0 {
		return nil
	}
	every := slices.ContainsFunc(parents, func(p parent) bool { return p.ref.Port == 0 })
	var ports []corev1.ServicePort
	for _, port := range tcpPorts(b.apex) {
		asked := slices.ContainsFunc(parents, func(p parent) bool { return p.ref.Port == port.Port })
		switch {
		case !every && !asked:
		case !asked && !speaksHTTP(port):
		default:
			ports = append(ports, port)
		}
	}
	if len(ports) == 0 {
		b.refuse(ReasonPortMismatch, noMeshPort(b.apex.Name))
	}
	return ports
}

// onPort is the one parent of a route for one port.
func onPort(parents []parent, port int32) []parent {
	p := parent{ref: parents[0].ref}
	p.ref.Port = port
	for _, other := range parents {
		for _, name := range other.controllers {
			if !slices.Contains(p.controllers, name) {
				p.controllers = append(p.controllers, name)
			}
		}
	}
	return []parent{p}
}

// refsOf writes parents out with every field that the API server would fill in.
func refsOf(parents []parent) []gatewayv1.ParentReference {
	var refs []gatewayv1.ParentReference
	for _, p := range parents {
		ref := gatewayv1.ParentReference{
			Group: ptr.To(gatewayv1.Group(gatewayv1.GroupName)), Kind: ptr.To(gatewayv1.Kind(kindGateway)),
			Name: gatewayv1.ObjectName(p.ref.Name),
		}
		if IsService(p.ref) {
			ref.Group, ref.Kind = ptr.To(gatewayv1.Group("")), ptr.To(gatewayv1.Kind(kindService))
		}
		if p.ref.Namespace != "" {
			ref.Namespace = ptr.To(gatewayv1.Namespace(p.ref.Namespace))
		}
		if p.ref.SectionName != "" {
			ref.SectionName = ptr.To(gatewayv1.SectionName(p.ref.SectionName))
		}
		if p.ref.Port != 0 {
			ref.Port = ptr.To(p.ref.Port)
		}
		refs = append(refs, ref)
	}
	return refs
}

func tcpPorts(service *corev1.Service) []corev1.ServicePort {
	var ports []corev1.ServicePort
	for _, port := range service.Spec.Ports {
		if cmp.Or(port.Protocol, corev1.ProtocolTCP) == corev1.ProtocolTCP {
			ports = append(ports, port)
		}
	}
	return ports
}

func hasPort(service *corev1.Service, port int32) bool {
	return slices.ContainsFunc(tcpPorts(service), func(p corev1.ServicePort) bool { return p.Port == port })
}

// speaksGRPC says whether a port is for gRPC. A route for gRPC beats one for HTTP on the same port, so there is only ever one.
func speaksGRPC(port corev1.ServicePort) bool {
	switch strings.ToLower(strings.TrimPrefix(ptr.Deref(port.AppProtocol, ""), "kubernetes.io/")) {
	case "grpc", "h2c":
		return true
	}
	return false
}

// speaksHTTP says whether a port is for HTTP as far as it says anything.
func speaksHTTP(port corev1.ServicePort) bool {
	switch strings.ToLower(ptr.Deref(port.AppProtocol, "")) {
	case "tcp", "udp", "tls", "mongo", "mysql", "redis", "postgres", "postgresql":
		return false
	}
	return true
}
