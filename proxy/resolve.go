package proxy

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/enforce"
)

// versionOf finds the endpoints of a backend at one of its Service ports: the ready ones, or, while there is none, those that
// terminate but still serve. Of a Service with two address families, the first family counts unless it has no endpoint.
func (b *builder) versionOf(a *apex, share split.Backend, port servicePort) *version {
	name := types.NamespacedName{Namespace: a.Namespace, Name: share.Service}
	found := resolver{builder: b, apex: a, backend: share.Service, seen: map[netip.AddrPort]bool{}}
	primary := primaryFamily(b.services[name])
	for _, slice := range b.slices[name] {
		if slice.AddressType == primary {
			found.add(slice, port)
		}
	}
	if len(found.ready)+len(found.serving) == 0 {
		for _, slice := range b.slices[name] {
			found.add(slice, port)
		}
	}
	v := &version{backend: share.Service, weight: share.Weight, endpoints: found.ready}
	if len(found.ready) == 0 {
		v.endpoints, v.terminating = found.serving, len(found.serving) > 0
	}
	for _, e := range v.endpoints {
		b.table.states[e.key] = e.state
	}
	return v
}

// resolver collects the endpoints of one backend.
type resolver struct {
	*builder
	apex           *apex
	backend        string
	seen           map[netip.AddrPort]bool
	ready, serving []*endpoint
}

// add collects the endpoints of a slice. A slice names its ports as the Service does; the number is the pod's own, which is
// how numbered and named target ports come out the same here.
func (r *resolver) add(slice *discoveryv1.EndpointSlice, port servicePort) {
	number := slicePort(slice, port.name)
	if number == 0 {
		return
	}
	for i := range slice.Endpoints {
		e := &slice.Endpoints[i]
		isReady := e.Conditions.Ready == nil || *e.Conditions.Ready
		isServing := isReady
		if e.Conditions.Serving != nil {
			isServing = *e.Conditions.Serving
		}
		if !isReady && !isServing || len(e.Addresses) == 0 {
			continue
		}
		ip, err := netip.ParseAddr(e.Addresses[0])
		if err != nil {
			continue
		}
		address := netip.AddrPortFrom(ip.Unmap(), number)
		if r.seen[address] {
			continue
		}
		r.seen[address] = true
		if isReady {
			r.ready = append(r.ready, r.endpointAt(address, e.TargetRef))
		} else {
			r.serving = append(r.serving, r.endpointAt(address, e.TargetRef))
		}
	}
}

// endpointAt makes an endpoint, with the state it had in the table before.
func (r *resolver) endpointAt(address netip.AddrPort, target *corev1.ObjectReference) *endpoint {
	owner := r.podAt(address.Addr(), target)
	key := endpointKey{apex: r.apex.NamespacedName, split: r.apex.split.Name, backend: r.backend, address: address, pod: owner.Name}
	state := r.table.states[key]
	if state == nil && r.last != nil {
		state = r.last.states[key]
	}
	if state == nil {
		state = &endpointState{}
	}
	return &endpoint{address: address, host: address.String(), pod: owner, key: key, state: state}
}

// podAt returns the pod that an endpoint refers to, or else the one that has its address, or else nobody. A pod that is
// referred to but not known yet has a name and no identity.
func (r *resolver) podAt(address netip.Addr, target *corev1.ObjectReference) *enforce.Pod {
	if target == nil || target.Kind != "Pod" {
		return r.pods.At(address)
	}
	name := types.NamespacedName{Namespace: r.apex.Namespace, Name: target.Name}
	if known := r.pods.Named(name); known != nil {
		return known
	}
	return &enforce.Pod{Namespace: name.Namespace, Name: name.Name}
}

// slicePort returns the pod port that a slice has for a Service port's name, or 0.
func slicePort(slice *discoveryv1.EndpointSlice, name string) uint16 {
	for _, p := range slice.Ports {
		if p.Port == nil || p.Protocol != nil && *p.Protocol != corev1.ProtocolTCP {
			continue
		}
		if has := p.Name; has == nil && name == "" || has != nil && *has == name {
			return uint16(*p.Port)
		}
	}
	return 0
}

func primaryFamily(service *corev1.Service) discoveryv1.AddressType {
	if service != nil && len(service.Spec.IPFamilies) > 0 && service.Spec.IPFamilies[0] == corev1.IPv6Protocol {
		return discoveryv1.AddressTypeIPv6
	}
	return discoveryv1.AddressTypeIPv4
}
