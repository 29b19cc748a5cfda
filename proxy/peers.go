package proxy

import (
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/enforce"
)

// defaultPatience is how long the pod of a peer must be gone or not ready before its EndpointSlices are deleted.
const defaultPatience = 10 * time.Second

// peers finds the EndpointSlices of proxies that ended without withdrawing them, as when their node was lost. Nobody else would
// delete those as long as their TrafficSplit is there, and clients would be led to an address where nobody answers.
type peers struct {
	me       types.NamespacedName
	patience time.Duration
	// downSince is when a pod of a peer was first seen down.
	downSince map[types.NamespacedName]time.Time
}

func newPeers(me types.NamespacedName) *peers {
	return &peers{me: me, patience: defaultPatience, downSince: map[types.NamespacedName]time.Time{}}
}

// orphans returns the slices of peers that have been down for longer than the patience, and whether there are peers to look at
// again later. Where this proxy's own pod is not known, pods say nothing about proxies and nobody is taken for down.
func (p *peers) orphans(
	stored []*discoveryv1.EndpointSlice, pods *enforce.Pods, now time.Time,
) (orphans []*discoveryv1.EndpointSlice, again bool) {
	if pods.Named(p.me) == nil {
		return nil, false
	}
	down := map[types.NamespacedName]time.Time{}
	for _, slice := range stored {
		pod, ok := proxyPod(slice)
		if !ok || pod == p.me || pods.Named(pod) != nil && !pods.IsDown(pod) {
			continue
		}
		since, known := p.downSince[pod]
		if !known {
			since = now
		}
		down[pod] = since
		if now.Sub(since) >= p.patience {
			orphans = append(orphans, slice)
		}
	}
	p.downSince = down
	return orphans, len(down) > 0
}

// proxyPod returns the pod of the proxy that a slice leads to.
func proxyPod(slice *discoveryv1.EndpointSlice) (types.NamespacedName, bool) {
	if !isOurs(slice) || len(slice.Endpoints) != 1 || slice.Endpoints[0].TargetRef == nil {
		return types.NamespacedName{}, false
	}
	ref := slice.Endpoints[0].TargetRef
	return types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}, true
}
