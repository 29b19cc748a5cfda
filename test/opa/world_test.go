package opa

import (
	"fmt"
	"math/rand/v2"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/policy"
)

// world draws snapshots and requests. The worlds are small, so that what objects name is often there, and often not quite right.
type world struct {
	*rand.Rand
}

func newWorld(seed uint64) world {
	return world{rand.New(rand.NewPCG(seed, 0))}
}

// one draws one of several things. What is usual is there several times.
func one[T any](w world, from ...T) T {
	return from[w.IntN(len(from))]
}

// some draws from least to most things.
func some[T any](w world, least, most int, draw func() T) []T {
	var drawn []T
	for range least + w.IntN(most-least+1) {
		drawn = append(drawn, draw())
	}
	return drawn
}

// rarely is true once in 16 times.
func (w world) rarely() bool { return w.IntN(16) == 0 }

func (w world) problems() []string {
	if w.IntN(40) == 0 {
		return []string{"spec.x is not understood"}
	}
	return nil
}

func (w world) account() string { return one(w, "a", "b", "c") }

func (w world) subject() access.Subject {
	s := access.Subject{
		Kind: one(w, "ServiceAccount", "ServiceAccount", "IdentityBinding"), Name: w.account(), Namespace: one(w, "", "", "", "t", "t", "u"),
	}
	if s.Kind == "IdentityBinding" {
		s.Group = one(w, "access.smi-spec.io", "")
	}
	if w.IntN(60) == 0 {
		s.Kind, s.Group = one(w, "User", "IdentityBinding"), one(w, "", "example.com")
	}
	return s
}

func (w world) rule() access.Rule {
	r := access.Rule{
		Kind: one(w, "HTTPRouteGroup", "HTTPRouteGroup", "HTTPRouteGroup", "TCPRoute", "TCPRoute", "UDPRoute"), Name: one(w, "r", "s", "r", "s", "r", "s", "r", "s", "x"),
	}
	if r.Kind == "HTTPRouteGroup" || w.rarely() {
		r.Matches = some(w, 0, 1+w.IntN(2), func() string { return one(w, "m", "n", "o", "p") })
	}
	if w.IntN(60) == 0 {
		r.Kind = "Ingress"
	}
	return r
}

func (w world) target(name string) access.TrafficTarget {
	least := 1
	if w.IntN(40) == 0 {
		least = 0
	}
	tt := access.TrafficTarget{ObjectMeta: metav1.ObjectMeta{Namespace: one(w, "t", "t", "t", "u"), Name: name}}
	tt.Spec = access.TrafficTargetSpec{
		Destination: w.subject(), Sources: some(w, least, 3, w.subject), Rules: some(w, least, 1+w.IntN(2), w.rule), Problems: w.problems(),
	}
	if w.rarely() {
		tt.Spec.Destination.Port = one[int32](w, 80, 9091, -1, 70000)
	}
	return tt
}

func (w world) match() specs.HTTPMatch {
	m := specs.HTTPMatch{
		Name: one(w, "m", "n", "o", "p", "q", "r"),
		PathRegex: one(w, "", "/", "/", "", "/", ".*", "/api", "/api", "/api$", "/api|/admin", "/a.*", ".*", "/[^/]*/?$", "(?i)/API", "^/admin", "(", "a)|(?:b",
			`/\Qa.b`, "*", "/x", "/a%3A", "/%C3%A9"),
		Methods: some(w, 0, 2, func() string { return one(w, "GET", "*", "get", "POST") }),
	}
	if w.IntN(4) == 0 {
		m.Headers = map[string]string{}
		for range 1 + w.IntN(2) {
			m.Headers[w.header()] = one(w, "1", "^1$", ".*", "shop", "[")
		}
	}
	return m
}

func (w world) header() string { return one(w, "X-A", "x-a", "x-b", "Host", ":authority") }

func (w world) ports() []int32 {
	return some(w, 0, 3, func() int32 {
		if w.rarely() {
			return one[int32](w, 0, -1, 70000)
		}
		return one[int32](w, 9091, 80, 8080)
	})
}

func (w world) id() string {
	return one(w, "td/ns/t/sa/a", "spiffe://td/ns/t/sa/a", "td/b", "spiffe://td/b", "td")
}

func (w world) labels(least int) map[string]string {
	labels := map[string]string{}
	for range least + w.IntN(2) {
		labels[one(w, "app", "tier")] = one(w, "a", "b")
	}
	return labels
}

func (w world) binding(at metav1.ObjectMeta) access.IdentityBinding {
	b := access.IdentityBinding{ObjectMeta: at, Spec: access.IdentityBindingSpec{Problems: w.problems()}}
	s := &b.Spec.Schemes
	if w.IntN(2) == 0 {
		s.SPIFFEIdentities = some(w, 1, 2, w.id)
		if w.rarely() {
			s.SPIFFEIdentities = append(s.SPIFFEIdentities, one(w, "TD/a", "td/../a", "td//a", "spiffe://", "td/é", "td/*"))
		}
	}
	if w.IntN(2) == 0 {
		s.ServiceAccount = w.account()
	}
	if s.ServiceAccount == "" || w.rarely() {
		least := 1
		if w.rarely() {
			least = 0
		}
		for range w.IntN(3) {
			s.PodLabelSelectors = append(s.PodLabelSelectors, access.PodLabelSelector{MatchLabels: w.labels(least)})
		}
	}
	return b
}

// snapshot draws objects of every kind.
func (w world) snapshot() policy.Snapshot {
	var s policy.Snapshot
	for i := range 1 + w.IntN(10) {
		s.TrafficTargets = append(s.TrafficTargets, w.target(fmt.Sprintf("target-%d", i)))
	}
	for _, name := range []string{"t/r", "t/s", "u/r"} {
		var at metav1.ObjectMeta
		at.Namespace, at.Name, _ = strings.Cut(name, "/")
		if !w.rarely() {
			s.HTTPRouteGroups = append(s.HTTPRouteGroups, specs.HTTPRouteGroup{
				ObjectMeta: at, Spec: specs.HTTPRouteGroupSpec{Matches: some(w, 0, 4, w.match), Problems: w.problems()},
			})
		}
		if !w.rarely() {
			s.TCPRoutes = append(s.TCPRoutes, specs.TCPRoute{ObjectMeta: at, Spec: specs.TCPRouteSpec{
				Matches: specs.TCPMatch{Name: one(w, "", "m"), Ports: w.ports()}, Problems: w.problems(),
			}})
		}
		if !w.rarely() {
			s.UDPRoutes = append(s.UDPRoutes, specs.UDPRoute{ObjectMeta: at, Spec: specs.UDPRouteSpec{
				Matches: specs.UDPMatch{Name: one(w, "", "m"), Ports: w.ports()}, Problems: w.problems(),
			}})
		}
	}
	for _, name := range []string{"t/a", "t/b", "t/c", "u/a", "u/b"} {
		var at metav1.ObjectMeta
		at.Namespace, at.Name, _ = strings.Cut(name, "/")
		if !w.rarely() {
			s.IdentityBindings = append(s.IdentityBindings, w.binding(at))
		}
	}
	return s
}

// path draws a request target: one that rules are about, or one of pieces that are known for trouble.
func (w world) path() string {
	if w.IntN(2) == 0 {
		return one(w, "/api", "/api/x", "/a.b", "/admin", "/", "/x", "/api?x=/../y", "*", "", "/a%3ab", "/%C3%a9", "/api/./x")
	}
	return "/" + strings.Join(some(w, 0, 6, func() string {
		return one(w, "/", "/", ".", "..", "/../", "/./", "a", "api", "admin", "x", "%2e", "%2E%2e", "%61", "%2f", "%5C", "%00", "%3a", "%", "%4",
			";", ";x=1", "//", "?", "#", `\\`, "%25", "%c3%a9", "%C0%AF", "é", "%e2%82%ac", "%f0%9f%98%80", " ", "%20", "\t")
	}), "")
}

func (w world) workload() policy.Workload {
	var known policy.Workload
	if w.IntN(2) == 0 {
		known.Labels = w.labels(1)
	}
	if w.IntN(2) == 0 {
		known.SPIFFEID = w.id()
	}
	return known
}

// request draws a request that mostly is between subjects of one of the TrafficTargets.
func (w world) request(s policy.Snapshot) policy.Request {
	r := policy.Request{
		Source:         policy.Identity{Namespace: one(w, "t", "t", "u", ""), ServiceAccount: one(w, "a", "b", "c", "")},
		Destination:    policy.Identity{Namespace: one(w, "t", "t", "t", "u", ""), ServiceAccount: one(w, "a", "b", "c", "a", "b", "c", "")},
		SourceWorkload: w.workload(), DestinationWorkload: w.workload(),
		Port:     one[int32](w, 9091, 80, 8080),
		Protocol: one(w, policy.HTTP, policy.HTTP, policy.HTTP, policy.HTTP, policy.TCP, policy.TCP, policy.UDP, policy.UDP, policy.HTTP, "QUIC"),
		Method:   one(w, "GET", "POST", "get"),
		Path:     w.path(),
		Host:     one(w, "", "shop", "1", "x"),
		Headers:  map[string][]string{},
	}
	for range w.IntN(3) {
		r.Headers[w.header()] = some(w, 0, 2, func() string { return one(w, "1", "21", "shop", "") })
	}
	if w.IntN(8) == 0 {
		return r
	}
	tt := one(w, s.TrafficTargets...)
	to := tt.Spec.Destination
	to.Namespace = tt.Namespace
	r.Destination, r.DestinationWorkload = w.meant(s, to, r.Destination, r.DestinationWorkload)
	if len(tt.Spec.Sources) > 0 {
		from := one(w, tt.Spec.Sources...)
		if from.Namespace == "" {
			from.Namespace = tt.Namespace
		}
		r.Source, r.SourceWorkload = w.meant(s, from, r.Source, r.SourceWorkload)
	}
	if len(tt.Spec.Rules) > 0 {
		w.aim(s, &r, one(w, tt.Spec.Rules...))
	}
	return r
}

// meant is mostly a workload that a subject is about.
func (w world) meant(s policy.Snapshot, subject access.Subject, id policy.Identity, known policy.Workload) (policy.Identity, policy.Workload) {
	if w.rarely() {
		return id, known
	}
	id.Namespace = subject.Namespace
	if subject.Kind == "ServiceAccount" {
		id.ServiceAccount = subject.Name
		return id, known
	}
	if id.ServiceAccount == "" {
		id.ServiceAccount = w.account()
	}
	for _, b := range s.IdentityBindings {
		if b.Namespace != subject.Namespace || b.Name != subject.Name {
			continue
		}
		schemes := b.Spec.Schemes
		if schemes.ServiceAccount != "" && w.IntN(2) == 0 {
			id.ServiceAccount = schemes.ServiceAccount
		}
		if len(schemes.SPIFFEIdentities) > 0 && w.IntN(2) == 0 {
			known.SPIFFEID = one(w, schemes.SPIFFEIdentities...)
			if w.rarely() {
				id = policy.Identity{}
			}
		}
		if len(schemes.PodLabelSelectors) > 0 && w.IntN(2) == 0 {
			known.Labels = one(w, schemes.PodLabelSelectors...).MatchLabels
		}
	}
	return id, known
}

// aim gives a request what a rule is about, as far as it is a matter of protocol and port.
func (w world) aim(s policy.Snapshot, r *policy.Request, rule access.Rule) {
	var ports []int32
	switch rule.Kind {
	case "HTTPRouteGroup":
		r.Protocol = policy.HTTP
		for _, group := range s.HTTPRouteGroups {
			if group.Namespace == r.Destination.Namespace && group.Name == rule.Name && len(group.Spec.Matches) > 0 {
				if m := one(w, group.Spec.Matches...); len(m.Methods) > 0 && m.Methods[0] != "*" {
					r.Method = m.Methods[0]
				}
			}
		}
	case "UDPRoute":
		r.Protocol = policy.UDP
		for _, route := range s.UDPRoutes {
			if route.Namespace == r.Destination.Namespace && route.Name == rule.Name {
				ports = route.Spec.Matches.Ports
			}
		}
	case "TCPRoute":
		r.Protocol = one(w, policy.TCP, policy.TCP, policy.HTTP)
		for _, route := range s.TCPRoutes {
			if route.Namespace == r.Destination.Namespace && route.Name == rule.Name {
				ports = route.Spec.Matches.Ports
			}
		}
	}
	if len(ports) > 0 {
		r.Port = one(w, ports...)
	}
}
