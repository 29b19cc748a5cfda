package proxy

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/enforce"
)

// world is what the API server knows that matters here, at one moment. Nobody changes what it points to.
type world struct {
	splits   []*split.TrafficSplit
	services []*corev1.Service
	slices   []*discoveryv1.EndpointSlice
	pods     *enforce.Pods
	graph    authorizer
}

// buildTable makes the table of a world. The table before it lends the states of the endpoints that stay, and the weights of
// the splits that became invalid.
//
//  1. Of the splits for one apex, the oldest counts, or the first by name of equally old ones.
//  2. A split that is invalid keeps the shares it last had; one that never was valid is not served.
//  3. An apex is served when its Service exists and has an address of its own, at each of its TCP ports. To a headless one clients
//     connect at the Service's port number, where no proxy of several Services can listen.
//  4. A backend takes part in a port when its Service exists and has the same port number.
func buildTable(w world, last *table) *table {
	b := &builder{
		last:      last,
		pods:      w.pods,
		services:  make(map[types.NamespacedName]*corev1.Service, len(w.services)),
		slices:    map[types.NamespacedName][]*discoveryv1.EndpointSlice{},
		apexNames: map[types.NamespacedName]bool{},
		table: &table{
			apexes: map[types.NamespacedName]*apex{},
			routes: map[frontKey]*route{},
			pods:   w.pods,
			graph:  w.graph,
			states: map[endpointKey]*endpointState{},
			named:  map[types.NamespacedName]bool{},

			superseded: make(chan struct{}),
		},
	}
	for _, service := range w.services {
		b.services[nameOf(service)] = service
	}
	for _, slice := range w.slices {
		b.addSlice(slice)
	}
	splits := slices.SortedFunc(slices.Values(w.splits), olderFirst)
	for _, s := range splits {
		b.name(types.NamespacedName{Namespace: s.Namespace, Name: s.Spec.Service}, s.Spec.Backends)
	}
	for _, s := range splits {
		b.addSplit(s)
	}
	return b.table
}

type builder struct {
	last     *table
	pods     *enforce.Pods
	services map[types.NamespacedName]*corev1.Service
	// slices are the EndpointSlices of each Service, without the proxies' own.
	slices map[types.NamespacedName][]*discoveryv1.EndpointSlice
	// apexNames are the apexes of all splits.
	apexNames map[types.NamespacedName]bool
	table     *table
}

func (b *builder) addSlice(slice *discoveryv1.EndpointSlice) {
	service := slice.Labels[discoveryv1.LabelServiceName]
	if service == "" || slice.AddressType == discoveryv1.AddressTypeFQDN || isOurs(slice) {
		return
	}
	name := types.NamespacedName{Namespace: slice.Namespace, Name: service}
	b.slices[name] = append(b.slices[name], slice)
}

// name notes the Services that a split names.
func (b *builder) name(apexName types.NamespacedName, shares []split.Backend) {
	b.apexNames[apexName] = true
	b.table.named[apexName] = true
	for _, share := range shares {
		b.table.named[types.NamespacedName{Namespace: apexName.Namespace, Name: share.Service}] = true
	}
}

// addSplit serves a split as far as it can be served; the splits come oldest first.
func (b *builder) addSplit(s *split.TrafficSplit) {
	a := &apex{
		NamespacedName:  types.NamespacedName{Namespace: s.Namespace, Name: s.Spec.Service},
		split:           nameOf(s),
		splitUID:        s.UID,
		splitAPIVersion: cmp.Or(s.APIVersion, split.GroupVersion.String()),
		canary:          s.Labels[v1alpha1.LabelCanary],
		mode:            b.modeOf(s),
		shares:          s.Spec.Backends,
	}
	if flaw := b.flawOf(s); flaw != "" {
		before := b.lastOf(s)
		if before == nil {
			b.report(s, reasonInvalidSplit, neverValid(flaw))
			return
		}
		b.report(s, reasonInvalidSplit, keptWeights(flaw))
		a.NamespacedName, a.shares = before.NamespacedName, before.shares
		b.name(a.NamespacedName, a.shares)
	}
	if winner := b.table.apexes[a.NamespacedName]; winner != nil {
		b.report(s, reasonApexTaken, apexTaken(a.Name, winner.split))
		return
	}
	service := b.services[a.NamespacedName]
	switch {
	case service == nil:
		return
	case service.Spec.ClusterIP == corev1.ClusterIPNone, service.Spec.Type == corev1.ServiceTypeExternalName:
		b.report(s, reasonApexWithoutIP, apexWithoutIP(a.Name))
		return
	}
	b.table.apexes[a.NamespacedName] = a
	for _, port := range tcpPorts(service) {
		r := b.routeFor(a, port, s)
		b.table.routes[r.key()] = r
	}
}

// lastOf returns the apex as the same split served it in the table before, or nil.
func (b *builder) lastOf(s *split.TrafficSplit) *apex {
	if b.last == nil {
		return nil
	}
	for _, a := range b.last.apexes {
		if a.split == nameOf(s) && a.splitUID == s.UID {
			return a
		}
	}
	return nil
}

// routeFor shares one port among the backends that have it.
func (b *builder) routeFor(a *apex, port servicePort, s *split.TrafficSplit) *route {
	r := &route{apex: a, port: port, raw: !speaksHTTP(port.appProtocol), http2: speaksHTTP2(port.appProtocol)}
	for _, share := range a.shares {
		if share.Weight == 0 {
			continue
		}
		service := b.services[types.NamespacedName{Namespace: a.Namespace, Name: share.Service}]
		if service == nil {
			b.report(s, reasonBackendMissing, backendMissing(share.Service, share.Weight))
			continue
		}
		at := slices.IndexFunc(tcpPorts(service), func(p servicePort) bool { return p.number == port.number })
		if at < 0 {
			b.report(s, reasonPortMismatch, portMismatch(share.Service, a.Name, port.number))
			continue
		}
		v := b.versionOf(a, share, tcpPorts(service)[at])
		r.versions.add(v)
		if len(v.endpoints) > 0 {
			r.live.add(v)
		}
	}
	return r
}

func (b *builder) report(s *split.TrafficSplit, reason, message string) {
	p := problem{split: nameOf(s), splitUID: s.UID, reason: reason, message: message}
	if !slices.Contains(b.table.problems, p) {
		b.table.problems = append(b.table.problems, p)
	}
}

// tcpPorts returns the TCP ports of a Service; the proxy carries no other protocol.
func tcpPorts(service *corev1.Service) []servicePort {
	var ports []servicePort
	for _, p := range service.Spec.Ports {
		if p.Protocol != "" && p.Protocol != corev1.ProtocolTCP {
			continue
		}
		port := servicePort{number: p.Port, name: p.Name}
		if p.AppProtocol != nil {
			port.appProtocol = *p.AppProtocol
		}
		ports = append(ports, port)
	}
	return ports
}

// speaksHTTP reports whether a port is HTTP without TLS, which it is unless its appProtocol says something else.
func speaksHTTP(appProtocol string) bool {
	switch bare(appProtocol) {
	case "", "http", "ws", "grpc-web":
		return true
	default:
		return speaksHTTP2(appProtocol)
	}
}

// speaksHTTP2 reports whether the appProtocol of a port promises HTTP/2 without TLS.
func speaksHTTP2(appProtocol string) bool {
	switch bare(appProtocol) {
	case "h2c", "http2", "grpc":
		return true
	default:
		return false
	}
}

// bare is an appProtocol without the prefix that Kubernetes' own values have.
func bare(appProtocol string) string {
	return strings.TrimPrefix(strings.ToLower(appProtocol), "kubernetes.io/")
}

func olderFirst(a, b *split.TrafficSplit) int {
	return cmp.Or(
		a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Name, b.Name),
	)
}

func nameOf(object interface {
	GetNamespace() string
	GetName() string
}) types.NamespacedName {
	return types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
}
