package scrape

import (
	"cmp"
	"net"
	"slices"
	"strconv"

	discoveryv1 "k8s.io/api/discovery/v1"
)

// Target is one proxy that is an endpoint of the Service.
type Target struct {
	// Proxy identifies the pod, not the address that it has at the moment.
	Proxy string
	// Address is host and port of the admin endpoint.
	Address string
	// Ready says that it may be given traffic.
	Ready bool
}

// Targets returns the proxies in the slices by name. A pod counts once, however many slices and addresses it has: a Service
// with two IP families has a slice for each, and during a change of slices a pod may be in two.
func Targets(endpointSlices []*discoveryv1.EndpointSlice) []Target {
	byProxy := map[string]Target{}
	for _, s := range endpointSlices {
		port := admin(s)
		if port == 0 {
			continue
		}
		for _, e := range s.Endpoints {
			if len(e.Addresses) == 0 {
				continue
			}
			found := Target{
				Proxy:   identity(s.Namespace, e),
				Address: net.JoinHostPort(e.Addresses[0], strconv.Itoa(port)),
				Ready:   e.Conditions.Ready == nil || *e.Conditions.Ready,
			}
			if known, twice := byProxy[found.Proxy]; twice {
				found.Ready = found.Ready || known.Ready
				found.Address = min(found.Address, known.Address)
			}
			byProxy[found.Proxy] = found
		}
	}
	targets := make([]Target, 0, len(byProxy))
	for _, target := range byProxy {
		targets = append(targets, target)
	}
	slices.SortFunc(targets, func(a, b Target) int { return cmp.Compare(a.Proxy, b.Proxy) })
	return targets
}

func admin(s *discoveryv1.EndpointSlice) int {
	for _, p := range s.Ports {
		if p.Name != nil && *p.Name == adminPort && p.Port != nil {
			return int(*p.Port)
		}
	}
	return 0
}

// identity is the pod's name and UID, or the address where the endpoint names no pod.
func identity(namespace string, e discoveryv1.Endpoint) string {
	if e.TargetRef == nil || e.TargetRef.Name == "" {
		return e.Addresses[0]
	}
	name := namespace + "/" + e.TargetRef.Name
	if e.TargetRef.UID != "" {
		name += " (" + string(e.TargetRef.UID) + ")"
	}
	return name
}
