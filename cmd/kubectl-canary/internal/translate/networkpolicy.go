package translate

import (
	"errors"

	"github.com/serin-dev/serin/policy"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// networkPolicy is a NetworkPolicy without a status.
type networkPolicy struct {
	networkingv1.NetworkPolicy
}

func (*networkPolicy) kind() string { return "NetworkPolicy" }

func newNetworkPolicy(m metav1.ObjectMeta, spec networkingv1.NetworkPolicySpec) *networkPolicy {
	spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
	return &networkPolicy{networkingv1.NetworkPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: networkingv1.SchemeGroupVersion.String(), Kind: "NetworkPolicy"},
		ObjectMeta: m, Spec: spec,
	}}
}

// denyAll lets nothing in to any pod of a namespace.
func denyAll(namespace string) *networkPolicy {
	return newNetworkPolicy(metadata(namespace, "smi-deny-by-default"), networkingv1.NetworkPolicySpec{})
}

func (j *job) checkNetworkPolicy(g policy.Grant) error {
	if !g.AnyTraffic && j.HTTPRules == RefuseHTTP {
		return errors.New("it names HTTPRouteGroups, and a NetworkPolicy knows no methods, paths and headers, so it would allow more " +
			"(--l4-only exports its callers and ports, for where something else enforces the rest)")
	}
	for _, source := range g.Sources {
		if _, err := j.pods.of(source); err != nil {
			return err
		}
	}
	return nil
}

// networkPolicies let the sources of grants in to the pods of a destination.
func (j *job) networkPolicies(d destination) []any {
	spec := networkingv1.NetworkPolicySpec{}
	for _, g := range d.grants {
		spec.Ingress = append(spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: j.peers(g), Ports: networkPorts(g)})
	}
	var all []any
	for _, s := range d.selectors {
		spec.PodSelector = metav1.LabelSelector{MatchLabels: s.labels}
		all = append(all, newNetworkPolicy(metadata(d.Namespace, nameOf(d, s), d.grants...), spec))
	}
	return all
}

// peers are the pods of the sources of a grant; it was checked that all of them can be told by labels.
func (j *job) peers(g policy.Grant) []networkingv1.NetworkPolicyPeer {
	var peers []networkingv1.NetworkPolicyPeer
	for _, source := range g.Sources {
		selectors, err := j.pods.of(source)
		if err != nil {
			continue
		}
		for _, s := range selectors {
			peer := networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{MatchLabels: s.labels}}
			if source.Namespace != g.Destination.Namespace {
				peer.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: source.Namespace}}
			}
			peers = append(peers, peer)
		}
	}
	return peers
}

// networkPorts are the ports of a grant. Every port is written as a range, for no port at all would mean other protocols as well.
func networkPorts(g policy.Grant) []networkingv1.NetworkPolicyPort {
	var ports []networkingv1.NetworkPolicyPort
	for _, of := range []struct {
		protocol corev1.Protocol
		every    bool
		named    []int32
	}{
		{corev1.ProtocolTCP, g.EveryPort, g.Ports}, {corev1.ProtocolUDP, g.EveryUDPPort, g.UDPPorts},
	} {
		if of.every {
			ports = append(ports, networkingv1.NetworkPolicyPort{Protocol: ptr.To(of.protocol), Port: ptr.To(intstr.FromInt32(1)), EndPort: ptr.To[int32](65535)})
		}
		for _, port := range of.named {
			ports = append(ports, networkingv1.NetworkPolicyPort{Protocol: ptr.To(of.protocol), Port: ptr.To(intstr.FromInt32(port))})
		}
	}
	return ports
}
