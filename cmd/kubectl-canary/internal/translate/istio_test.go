package translate_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/smifile"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/translate"
	"github.com/serin-dev/serin/policy"

	"pgregory.net/rapid"
)

// authorizationPolicy is what the evaluator reads of an AuthorizationPolicy.
type authorizationPolicy struct {
	Metadata struct{ Namespace string }
	Spec     struct {
		Selector *struct{ MatchLabels map[string]string }
		Action   string
		Rules    []struct {
			From []struct{ Source struct{ Principals []string } }
			To   []struct {
				Operation struct{ Ports, Methods, Paths []string }
			}
			When []struct {
				Key    string
				Values []string
			}
		}
	}
}

// allows evaluates a policy as Istio's documentation has it: every part of a rule that is given must match, of lists one is enough.
func (p authorizationPolicy) allows(r policy.Request) bool {
	if p.Metadata.Namespace != r.Destination.Namespace || p.Spec.Selector == nil || p.Spec.Selector.MatchLabels["app"] != r.Destination.ServiceAccount {
		return false
	}
	isHTTP := r.Protocol == policy.HTTP
	for _, rule := range p.Spec.Rules {
		from := slices.ContainsFunc(rule.From, func(f struct{ Source struct{ Principals []string } }) bool {
			return meets(f.Source.Principals, "cluster.local/ns/"+r.Source.Namespace+"/sa/"+r.Source.ServiceAccount)
		})
		to := len(rule.To) == 0
		for _, t := range rule.To {
			o := t.Operation
			ofHTTP := len(o.Methods) > 0 || len(o.Paths) > 0
			to = to || (len(o.Ports) == 0 || slices.Contains(o.Ports, strconv.Itoa(int(r.Port)))) && (!ofHTTP || isHTTP) &&
				(len(o.Methods) == 0 || meets(o.Methods, r.Method)) && (len(o.Paths) == 0 || meets(o.Paths, r.Path))
		}
		when := true
		for _, w := range rule.When {
			name := strings.TrimSuffix(strings.TrimPrefix(w.Key, "request.headers["), "]")
			values, has := r.Headers[name]
			when = when && isHTTP && has && meets(w.Values, strings.Join(values, ","))
		}
		if from && to && when {
			return true
		}
	}
	return false
}

// meets compares by Istio's four ways: a whole text, a prefix, a suffix, and presence.
func meets(all []string, text string) bool {
	return slices.ContainsFunc(all, func(one string) bool {
		before, isPrefix := strings.CutSuffix(one, "*")
		after, isSuffix := strings.CutPrefix(one, "*")
		return one == "*" || one == text || isPrefix && strings.HasPrefix(text, before) || isSuffix && strings.HasSuffix(text, after)
	})
}

func subject(name string) access.Subject { return access.Subject{Kind: "ServiceAccount", Name: name} }

// drawn is a world of a few ServiceAccounts and patterns, most of which Istio can say.
func drawn(t *rapid.T) policy.Snapshot {
	names := rapid.SampledFrom([]string{"a", "b", "c"})
	text := rapid.SampledFrom([]string{"", "/", "/a", "/a/b", "/a.b", "/b", `\.json`, "/[a-b]", "/a|/b"})
	pattern := func(texts *rapid.Generator[string], name string) string {
		return rapid.SampledFrom([]string{"", "^", ".*", "^.*"}).Draw(t, name) + strings.ReplaceAll(texts.Draw(t, name), ".b", `\.b`) +
			rapid.SampledFrom([]string{"", "$", ".*", ".*$"}).Draw(t, name)
	}
	var s policy.Snapshot
	for _, name := range []string{"g", "h"} {
		g := specs.HTTPRouteGroup{}
		g.Namespace, g.Name = "shop", name
		for i := range rapid.IntRange(1, 3).Draw(t, "matches") {
			m := specs.HTTPMatch{Name: strconv.Itoa(i), PathRegex: pattern(text, "path")}
			m.Methods = rapid.SliceOfN(rapid.SampledFrom([]string{"GET", "POST", "*"}), 0, 2).Draw(t, "methods")
			if rapid.Bool().Draw(t, "has a header") {
				m.Headers = map[string]string{"X-A": pattern(rapid.SampledFrom([]string{"", "v", "v1", "1", "v,1"}), "header")}
			}
			g.Spec.Matches = append(g.Spec.Matches, m)
		}
		s.HTTPRouteGroups = append(s.HTTPRouteGroups, g)
	}
	for name, ports := range map[string][]int32{"r": {80}, "s": {80, 81}, "every": nil} {
		r := specs.TCPRoute{Spec: specs.TCPRouteSpec{Matches: specs.TCPMatch{Ports: ports}}}
		r.Namespace, r.Name = "shop", name
		s.TCPRoutes = append(s.TCPRoutes, r)
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "targets") {
		tt := access.TrafficTarget{}
		tt.Namespace, tt.Name = "shop", strconv.Itoa(i)
		tt.Spec.Destination = subject(names.Draw(t, "destination"))
		for _, name := range rapid.SliceOfN(names, 1, 2).Draw(t, "sources") {
			tt.Spec.Sources = append(tt.Spec.Sources, subject(name))
		}
		for _, rule := range rapid.SliceOfN(rapid.SampledFrom([]string{"g", "h", "r", "s", "every", "gone"}), 1, 3).Draw(t, "rules") {
			kind := "TCPRoute"
			if rule == "g" || rule == "h" {
				kind = "HTTPRouteGroup"
			}
			tt.Spec.Rules = append(tt.Spec.Rules, access.Rule{Kind: kind, Name: rule})
		}
		s.TrafficTargets = append(s.TrafficTargets, tt)
	}
	return s
}

func request(t *rapid.T) policy.Request {
	id := func(name string) policy.Identity {
		return policy.Identity{Namespace: "shop", ServiceAccount: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, name)}
	}
	r := policy.Request{Source: id("from"), Destination: id("to"), Port: rapid.SampledFrom([]int32{80, 81, 82}).Draw(t, "port"), Protocol: policy.TCP}
	if rapid.IntRange(0, 4).Draw(t, "protocol") > 0 {
		r.Protocol = policy.HTTP
		r.Method = rapid.SampledFrom([]string{"GET", "POST", "PUT"}).Draw(t, "method")
		r.Path = rapid.SampledFrom([]string{"/", "/a", "/ab", "/a/b", "/a.b", "/axb", "/b", "/c", "/a.json", "*"}).Draw(t, "path")
		if values := rapid.SliceOfN(rapid.SampledFrom([]string{"v", "v1", "1", "xv1x", "", "v,1"}), 0, 2).Draw(t, "values"); len(values) > 0 {
			r.Headers = map[string][]string{"x-a": values}
		}
	}
	return r
}

func TestIstioDecidesAsPolicyDoes(t *testing.T) {
	var workloads []smifile.Workload
	for _, name := range []string{"a", "b", "c"} {
		workloads = append(workloads, smifile.Workload{
			Kind: "Deployment", Name: name, RunsAs: policy.Identity{Namespace: "shop", ServiceAccount: name}, Labels: map[string]string{"app": name},
		})
	}
	decided := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		s := drawn(t)
		result, err := translate.Translate(translate.ForIstio, translate.Input{
			Grants: policy.Build(s).Grants(), Targets: s.TrafficTargets, Workloads: workloads, TrustDomain: "cluster.local",
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, refused := range result.Refusals {
			s.TrafficTargets = slices.DeleteFunc(s.TrafficTargets, func(tt access.TrafficTarget) bool { return "shop/"+tt.Name == refused.Target })
		}
		var policies []authorizationPolicy
		for _, o := range result.Objects {
			text, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			var p authorizationPolicy
			if err := json.Unmarshal(text, &p); err != nil {
				t.Fatal(err)
			}
			policies = append(policies, p)
		}
		graph := policy.Build(s)
		for range 20 {
			r := request(t)
			want := graph.Authorize(r)
			got := slices.ContainsFunc(policies, func(p authorizationPolicy) bool { return p.allows(r) })
			if got == want.Allowed {
				decided[got]++
				continue
			}
			if got || len(r.Headers["x-a"]) < 2 && !strings.Contains(strings.Join(r.Headers["x-a"], ""), ",") {
				text, _ := json.MarshalIndent(result.Objects, "", " ")
				t.Fatalf("Istio allows: %v; policy: %+v\n%+v\n%s", got, want, r, text)
			}
		}
	})
	if decided[true] == 0 || decided[false] == 0 {
		t.Errorf("no request was allowed, or none denied: %v", decided)
	}
}
