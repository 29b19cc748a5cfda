package services

import (
	"fmt"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

// clusterDomain is the suffix of full Service names.
const clusterDomain = "cluster.local"

// parseName reads a Service's DNS name; a name without namespace is in the caller's.
func parseName(host, callerNamespace string) (types.NamespacedName, error) {
	short := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(host, "."), "."+clusterDomain), ".svc")
	name, namespace, found := strings.Cut(short, ".")
	if !found {
		namespace = callerNamespace
	}
	if name == "" || namespace == "" || strings.Contains(namespace, ".") {
		return types.NamespacedName{}, fmt.Errorf("%s is not the name of a Service", host)
	}
	return types.NamespacedName{Namespace: namespace, Name: name}, nil
}

// portName returns the name of the Service's port with this number.
func portName(service *corev1.Service, number int32) (string, bool) {
	for _, port := range service.Spec.Ports {
		if port.Port == number && (port.Protocol == corev1.ProtocolTCP || port.Protocol == "") {
			return port.Name, true
		}
	}
	return "", false
}

// endpoints returns where the Service's port leads: to its ready endpoints or, if there is none, to those that terminate but
// still serve.
func endpoints(slices []discoveryv1.EndpointSlice, port string) []netip.AddrPort {
	var ready, serving []netip.AddrPort
	for _, slice := range slices {
		number := slicePort(slice, port)
		if number == 0 {
			continue
		}
		for _, endpoint := range slice.Endpoints {
			at, ok := addrPort(endpoint, number)
			switch {
			case !ok:
			case ptr.Deref(endpoint.Conditions.Ready, true):
				ready = append(ready, at)
			case ptr.Deref(endpoint.Conditions.Serving, false) && ptr.Deref(endpoint.Conditions.Terminating, false):
				serving = append(serving, at)
			}
		}
	}
	if len(ready) > 0 {
		return ready
	}
	return serving
}

func slicePort(slice discoveryv1.EndpointSlice, name string) uint16 {
	for _, port := range slice.Ports {
		if port.Port == nil || (port.Name != nil && *port.Name != name) || (port.Name == nil && name != "") {
			continue
		}
		if port.Protocol == nil || *port.Protocol == corev1.ProtocolTCP {
			return uint16(*port.Port)
		}
	}
	return 0
}

func addrPort(endpoint discoveryv1.Endpoint, port uint16) (netip.AddrPort, bool) {
	if len(endpoint.Addresses) == 0 {
		return netip.AddrPort{}, false
	}
	addr, err := netip.ParseAddr(endpoint.Addresses[0])
	return netip.AddrPortFrom(addr, port), err == nil
}
