package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
)

// bindingOf is an IdentityBinding, named as in "t/callers".
func bindingOf(name string, schemes access.IdentitySchemes) access.IdentityBinding {
	var b access.IdentityBinding
	b.Namespace, b.Name, _ = strings.Cut(name, "/")
	b.Spec.Schemes = schemes
	return b
}

func selects(labels ...map[string]string) access.IdentitySchemes {
	var schemes access.IdentitySchemes
	for _, l := range labels {
		schemes.PodLabelSelectors = append(schemes.PodLabelSelectors, access.PodLabelSelector{MatchLabels: l})
	}
	return schemes
}

func hasIDs(ids ...string) access.IdentitySchemes {
	return access.IdentitySchemes{SPIFFEIdentities: ids}
}

func bound(name, namespace string) access.Subject {
	return access.Subject{Kind: "IdentityBinding", Group: "access.smi-spec.io", Name: name, Namespace: namespace}
}

// known is a connection from a to b of which more is known of a.
func known(w Workload) Request {
	r := connect("a", 80)
	r.SourceWorkload = w
	return r
}

func TestIdentityBindingsAsSources(t *testing.T) {
	const noSource = "no TrafficTarget in namespace t names t/a as a source of t/b"
	yes := allows("t/a-b", "TCPRoute/ports", "TrafficTarget t/a-b allows every port by TCPRoute ports")
	callers := func(schemes access.IdentitySchemes) []access.IdentityBinding {
		return []access.IdentityBinding{bindingOf("t/callers", schemes)}
	}
	web := map[string]string{"app": "web", "tier": "front"}
	abroad := known(Workload{Labels: web, SPIFFEID: "spiffe://td/web"})
	abroad.Source.Namespace = "u"
	outside := known(Workload{Labels: web, SPIFFEID: "spiffe://td/web"})
	outside.Source = Identity{}
	cases := map[string]struct {
		bindings []access.IdentityBinding
		source   access.Subject
		answers  []answer
	}{
		"by a ServiceAccount of the binding's namespace": {
			bindings: callers(access.IdentitySchemes{ServiceAccount: "a"}), source: bound("callers", ""),
			answers: []answer{{known(Workload{}), yes}, {abroad, denies(strings.Replace(noSource, "t/a", "u/a", 1))}},
		},
		"by pod labels, all of one selector": {
			bindings: callers(selects(map[string]string{"app": "web", "tier": "front"}, map[string]string{"app": "batch"})),
			source:   bound("callers", "t"),
			answers: []answer{
				{known(Workload{Labels: web}), yes},
				{known(Workload{Labels: map[string]string{"app": "batch", "x": "y"}}), yes},
				{known(Workload{Labels: map[string]string{"app": "web"}}), denies(noSource)},
				{known(Workload{}), denies(noSource)},
				{abroad, denies(strings.Replace(noSource, "t/a", "u/a", 1))},
			},
		},
		"by a SPIFFE id, with or without its scheme": {
			bindings: callers(hasIDs("td/web", "spiffe://td/batch")), source: bound("callers", ""),
			answers: []answer{
				{known(Workload{SPIFFEID: "spiffe://td/web"}), yes},
				{known(Workload{SPIFFEID: "SPIFFE://td/batch"}), yes},
				{known(Workload{SPIFFEID: "td/batch"}), yes},
				{known(Workload{SPIFFEID: "spiffe://td/web/x"}), denies(noSource)},
				{known(Workload{SPIFFEID: "spiffe://td/WEB"}), denies(noSource)},
			},
		},
		"by a SPIFFE id of a caller outside of the cluster, but not of another namespace": {
			bindings: callers(hasIDs("td/web")), source: bound("callers", ""),
			answers: []answer{{outside, yes}, {abroad, denies(strings.Replace(noSource, "t/a", "u/a", 1))}},
		},
		"by any scheme of a binding in another namespace": {
			bindings: []access.IdentityBinding{bindingOf("u/callers", hasIDs("td/web"))}, source: bound("callers", "u"),
			answers: []answer{{abroad, yes}, {known(Workload{SPIFFEID: "td/web"}), denies(noSource)}},
		},
		"a binding that was not understood is nobody": {
			bindings: []access.IdentityBinding{func() access.IdentityBinding {
				b := bindingOf("t/callers", access.IdentitySchemes{ServiceAccount: "a"})
				b.Spec.Problems = []string{"spec.schemes.serviceAccount is 1, not text; write it in quotes"}
				return b
			}()},
			source: bound("callers", ""),
			answers: []answer{{known(Workload{}), denies(noSource + "; TrafficTarget t/a-b has a problem: IdentityBinding t/callers: " +
				"spec.schemes.serviceAccount is 1, not text; write it in quotes")}},
		},
		"a binding with a SPIFFE id that is none is nobody, its other ids included": {
			bindings: callers(hasIDs("td/web", "td/*")), source: bound("callers", ""),
			answers: []answer{{known(Workload{SPIFFEID: "td/web"}), denies(noSource + "; TrafficTarget t/a-b has a problem: " +
				"IdentityBinding t/callers: td/* is no SPIFFE id, for its path must be of letters, digits, dots, hyphens " +
				"and underscores, and have no empty part or dot segment, so it stands for nobody")}},
		},
		"an IdentityBinding of another group is another kind": {
			bindings: callers(access.IdentitySchemes{ServiceAccount: "a"}),
			source:   access.Subject{Kind: "IdentityBinding", Group: "example.com", Name: "callers"},
			answers: []answer{{known(Workload{}), denies(noSource + "; TrafficTarget t/a-b has a problem: " +
				`its source callers is of the unknown kind "IdentityBinding.example.com", so it grants nothing`)}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			expect(t, Snapshot{
				TrafficTargets: []access.TrafficTarget{
					edited(targetFor("t/a-b", "b", nil, tcpRule("ports")), func(s *access.TrafficTargetSpec) {
						s.Sources = []access.Subject{tc.source}
					}),
				},
				TCPRoutes:        []specs.TCPRoute{portsOf("t/ports")},
				IdentityBindings: tc.bindings,
			}, tc.answers)
		})
	}
}

func TestIdentityBindingsAsDestinations(t *testing.T) {
	to := func(w Workload) Request {
		r := connect("a", 80)
		r.DestinationWorkload = w
		return r
	}
	elsewhere := to(Workload{Labels: map[string]string{"app": "shop"}, SPIFFEID: "td/shop"})
	elsewhere.Destination.Namespace = "u"
	s := Snapshot{
		TrafficTargets: []access.TrafficTarget{
			edited(targetFor("t/by-label", "", from("a"), tcpRule("ports")), func(s *access.TrafficTargetSpec) {
				s.Destination = bound("labelled", "")
			}),
			edited(targetFor("t/by-id", "", from("a"), tcpRule("ports")), func(s *access.TrafficTargetSpec) {
				s.Destination = bound("proven", "t")
			}),
			edited(targetFor("u/foreign", "", nil, tcpRule("ports")), func(s *access.TrafficTargetSpec) {
				s.Destination, s.Sources = bound("labelled", "t"), []access.Subject{{Kind: "ServiceAccount", Name: "a", Namespace: "t"}}
			}),
		},
		TCPRoutes: []specs.TCPRoute{portsOf("t/ports"), portsOf("u/ports")},
		IdentityBindings: []access.IdentityBinding{
			bindingOf("t/labelled", selects(map[string]string{"app": "shop"})), bindingOf("t/proven", hasIDs("td/shop")),
		},
	}
	byLabel := allows("t/by-label", "TCPRoute/ports", "TrafficTarget t/by-label allows every port by TCPRoute ports")
	byID := allows("t/by-id", "TCPRoute/ports", "TrafficTarget t/by-id allows every port by TCPRoute ports")
	expect(t, s, []answer{
		{to(Workload{}), denies("no TrafficTarget in namespace t has t/b as its destination")},
		{to(Workload{Labels: map[string]string{"app": "shop"}}), byLabel},
		{to(Workload{SPIFFEID: "spiffe://td/shop"}), byID},
		{to(Workload{Labels: map[string]string{"app": "shop"}, SPIFFEID: "td/shop"}), byID}, // the first by name
		{elsewhere, denies("no TrafficTarget in namespace u has u/b as its destination")},
	})
	want := []Problem{{Kind: "TrafficTarget", Namespace: "u", Name: "foreign", Reason: "NamespaceMismatch",
		Message: "its destination t/labelled is not in its own namespace u, so it grants nothing"}}
	if diff := cmp.Diff(want, Build(s).Problems()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestProblemsOfIdentityBindings(t *testing.T) {
	problem := func(reason, message string) []Problem {
		return []Problem{{Kind: "IdentityBinding", Namespace: "t", Name: "x", Reason: reason, Message: message}}
	}
	cases := map[string]struct {
		schemes access.IdentitySchemes
		want    []Problem
	}{
		"one scheme is enough":            {schemes: hasIDs("td")},
		"labels and SPIFFE ids may meet":  {schemes: access.IdentitySchemes{SPIFFEIdentities: from("td/a"), PodLabelSelectors: selects(map[string]string{"a": ""}).PodLabelSelectors}},
		"no scheme":                       {want: problem("NoSchemes", "it has no schemes, so it stands for nobody")},
		"a selector that means every pod": {schemes: selects(nil), want: problem("NoLabels", "one of its podLabelSelectors has no matchLabels and would mean every pod, so it stands for nobody")},
		"labels and a ServiceAccount": {
			schemes: access.IdentitySchemes{ServiceAccount: "a", PodLabelSelectors: selects(map[string]string{"a": "b"}).PodLabelSelectors},
			want:    problem("ExclusiveSchemes", "it has both podLabelSelectors and a serviceAccount, which exclude each other, so it stands for nobody"),
		},
		"a trust domain in capitals": {
			schemes: hasIDs("spiffe://TD/a"),
			want: problem("InvalidSPIFFEID", "spiffe://TD/a is no SPIFFE id, for its trust domain must be of a-z, 0-9, dot, hyphen and underscore, "+
				"so it stands for nobody"),
		},
		"a SPIFFE id with a dot segment": {
			schemes: hasIDs("td/../a"),
			want: problem("InvalidSPIFFEID", "td/../a is no SPIFFE id, for its path must be of letters, digits, dots, hyphens and underscores, "+
				"and have no empty part or dot segment, so it stands for nobody"),
		},
		"a SPIFFE id that is too long": {
			schemes: hasIDs("td/" + strings.Repeat("a", 2048)),
			want:    problem("InvalidSPIFFEID", "td/"+strings.Repeat("a", 197)+"... is no SPIFFE id, for it is longer than 2048 bytes, so it stands for nobody"),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			g := Build(Snapshot{IdentityBindings: []access.IdentityBinding{bindingOf("t/x", tc.schemes)}})
			if diff := cmp.Diff(tc.want, g.Problems()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUDPIsUnsupportedWhereItIsNotCarried(t *testing.T) {
	g := Build(Snapshot{
		TrafficTargets: []access.TrafficTarget{targetFor("t/a-b", "b", from("a"), tcpRule("ports"), udpRule("ports"))},
		TCPRoutes:      []specs.TCPRoute{portsOf("t/ports")},
		UDPRoutes:      []specs.UDPRoute{udpPortsOf("t/ports")},
	})
	want := []Problem{{Kind: "TrafficTarget", Namespace: "t", Name: "a-b", Reason: "Unsupported",
		Message: "its rule UDPRoute ports grants nothing here, because no UDP is carried here"}}
	if diff := cmp.Diff(want, g.Unsupported(TCP, HTTP)); diff != "" {
		t.Errorf("without UDP (-want +got):\n%s", diff)
	}
	if got := append(g.Unsupported(UDP), g.Problems()...); len(got) > 0 {
		t.Errorf("with UDP: %v", got)
	}
}
