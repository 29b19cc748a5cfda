package route

import (
	"fmt"
	"slices"

	"github.com/serin-dev/serin/api/smi/split"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Bounds of the Gateway API: backendRefs of a rule, rules of a route, matches of a rule, matches of a route, and bytes of a path.
const (
	maxBackends    = 16
	maxRules       = 16
	maxRuleMatches = 64
	maxMatches     = 128
	maxPathBytes   = 1024
	maxHeaders     = 16
	maxHeaderBytes = 4096
)

// builder makes the routes of one split.
type builder struct {
	in       Input
	apex     *corev1.Service
	out      Outcome
	carried  map[string]bool // backends that some route leads to
	reported map[string]bool // backends of which a problem is told already
}

// Build returns the routes of the bridge's own that carry a split out.
func Build(in Input) Outcome {
	b := &builder{in: in, carried: map[string]bool{}, reported: map[string]bool{}}
	if b.check() && b.checkParents() {
		b.build()
	}
	return b.result()
}

// result keeps what is there when something was refused.
func (b *builder) result() Outcome {
	if b.out.Keep {
		b.out.Routes = nil
	}
	return b.out
}

// refuse says why nothing can be made now. It returns false, so that a check ends with it.
func (b *builder) refuse(reason, message string) bool {
	b.out.Keep = true
	b.problem(reason, message, blocks)
	return false
}

// severity says what a problem does to the weights.
type severity int

const (
	warns  severity = iota // they land all the same
	blocks                 // they cannot land while it lasts
)

func (b *builder) problem(reason, message string, weight severity) {
	p := Problem{Reason: reason, Message: message, Blocks: weight == blocks}
	if !slices.Contains(b.out.Problems, p) {
		b.out.Problems = append(b.out.Problems, p)
	}
}

// check judges the split and the Services that it names.
func (b *builder) check() bool {
	s := b.in.Split
	for _, message := range s.Spec.Problems {
		b.refuse(ReasonNotUnderstood, "the TrafficSplit cannot be carried out: "+message)
	}
	if len(s.Spec.Problems) > 0 {
		return false
	}
	b.apex = b.in.Services[s.Spec.Service]
	switch {
	case b.apex == nil:
		return b.refuse(ReasonServiceNotFound, noApex(s.Spec.Service))
	case b.apex.Spec.Type == corev1.ServiceTypeExternalName:
		return b.refuse(ReasonUnsupported, externalApex(s.Spec.Service))
	case b.apex.Spec.ClusterIP == corev1.ClusterIPNone:
		return b.refuse(ReasonUnsupported, headlessApex(s.Spec.Service))
	case len(s.Spec.Backends) > maxBackends:
		return b.refuse(ReasonUnsupported, tooManyBackends(len(s.Spec.Backends)))
	}
	return b.checkWeights()
}

// checkWeights tells of backends that are missing, and refuses a split of which nothing would be left.
func (b *builder) checkWeights() bool {
	var asked, left int64
	for _, backend := range b.in.Split.Spec.Backends {
		asked += backend.Weight
		if b.exists(backend) {
			left += backend.Weight
		}
	}
	switch {
	case asked == 0:
		return b.refuse(ReasonNoWeight, "every backend has weight 0, so no request would be answered; the last good route stays")
	case left == 0:
		return b.refuse(ReasonServiceNotFound, "no backend with a weight above 0 exists; the last good route stays")
	}
	return true
}

// exists says whether a backend can be led to. A missing one of weight 0 is the way a split is prepared.
func (b *builder) exists(backend split.Backend) bool {
	service := b.in.Services[backend.Service]
	switch {
	case service == nil:
		if backend.Weight > 0 {
			b.problem(ReasonServiceNotFound, noBackend(backend), blocks)
		}
		return false
	case service.Spec.Type == corev1.ServiceTypeExternalName:
		if backend.Weight > 0 {
			b.problem(ReasonUnsupported, externalBackend(backend), blocks)
		}
		return false
	}
	return true
}

// build makes the routes of the Gateways, and those of the apex as a parent.
func (b *builder) build() {
	gateways, services := b.parents(kindGateway), b.parents(kindService)
	if len(gateways) > 0 {
		if port, ok := b.gatewayPort(); ok {
			b.add(b.in.Split.Name, port, gateways)
		}
	}
	for _, port := range b.meshPorts(services) {
		name := fmt.Sprintf("%s-%d", b.in.Split.Name, port.Port)
		b.add(name, port, onPort(services, port.Port))
	}
	if b.out.Keep {
		return
	}
	for _, backend := range b.in.Split.Spec.Backends {
		if backend.Weight > 0 && b.exists(backend) && !b.carried[backend.Service] {
			b.problem(ReasonPortMismatch, noPortAtAll(backend), blocks)
		}
	}
}

// add makes one route.
func (b *builder) add(name string, port corev1.ServicePort, parents []parent) {
	refs := b.backends(port.Port)
	if !weighs(refs) {
		b.problem(ReasonPortMismatch, nobodyOnPort(port.Port), warns)
		return
	}
	s := b.in.Split
	meta := metav1.ObjectMeta{
		Namespace: s.Namespace, Name: name, Labels: map[string]string{LabelManagedBy: ManagedBy},
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: split.GroupVersion.String(), Kind: "TrafficSplit", Name: s.Name, UID: s.UID, Controller: ptr.To(true),
		}},
	}
	common := gatewayv1.CommonRouteSpec{ParentRefs: refsOf(parents)}
	var hostnames []gatewayv1.Hostname
	for _, host := range b.in.Request.Hostnames {
		hostnames = append(hostnames, gatewayv1.Hostname(host))
	}
	rules, ok := b.rules(port, parents, refs)
	if !ok {
		return
	}
	r := Route{}
	if speaksGRPC(port) {
		r.GRPC = &gatewayv1.GRPCRoute{
			TypeMeta: typeMeta(KindGRPC), ObjectMeta: meta,
			Spec: gatewayv1.GRPCRouteSpec{CommonRouteSpec: common, Hostnames: hostnames, Rules: grpcRules(rules)},
		}
	} else {
		r.HTTP = &gatewayv1.HTTPRoute{
			TypeMeta: typeMeta(KindHTTP), ObjectMeta: meta,
			Spec: gatewayv1.HTTPRouteSpec{CommonRouteSpec: common, Hostnames: hostnames, Rules: httpRules(rules)},
		}
	}
	b.out.Routes = append(b.out.Routes, r)
}

func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: gatewayv1.GroupVersion.String(), Kind: kind}
}

// backends are the weighted backends of one port of the apex. By the published text a backend without that port has no part in it.
func (b *builder) backends(port int32) []gatewayv1.BackendRef {
	var refs []gatewayv1.BackendRef
	for _, backend := range b.in.Split.Spec.Backends {
		if !b.exists(backend) {
			continue
		}
		if !hasPort(b.in.Services[backend.Service], port) {
			b.problem(ReasonPortMismatch, noPort(backend, port), warns)
			continue
		}
		b.carried[backend.Service] = true
		refs = append(refs, backendRef(backend.Service, port, backend.Weight))
	}
	return refs
}

// backendRef has every field that the API server would fill in, so that what is read equals what was written.
func backendRef(service string, port int32, weight int64) gatewayv1.BackendRef {
	return gatewayv1.BackendRef{
		BackendObjectReference: gatewayv1.BackendObjectReference{
			Group: ptr.To(gatewayv1.Group("")), Kind: ptr.To(gatewayv1.Kind(kindService)),
			Name: gatewayv1.ObjectName(service), Port: ptr.To(port),
		},
		Weight: ptr.To(int32(weight)), //nolint:gosec // a split's weights are at most 1000000
	}
}

func weighs(refs []gatewayv1.BackendRef) bool {
	return slices.ContainsFunc(refs, func(ref gatewayv1.BackendRef) bool { return *ref.Weight > 0 })
}
