package translate_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/smifile"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/translate"
	"github.com/serin-dev/serin/policy"

	"pgregory.net/rapid"
)

// linkerd is what Linkerd reads of the objects for it.
type linkerd struct {
	servers, routes, authentications, authorizations []linkerdObject
}

type linkerdObject struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		Port        int32
		PodSelector struct{ MatchLabels map[string]string }
		ParentRefs  []struct{ Name string }
		Rules       []struct {
			Matches []struct {
				Path    condition
				Headers []condition
				Method  string
			}
		}
		IdentityRefs               []struct{ Name, Namespace string }
		TargetRef                  struct{ Kind, Name string }
		RequiredAuthenticationRefs []struct{ Name string }
	}
}

type condition struct{ Type, Name, Value string }

func (c condition) meets(text string) bool {
	switch c.Type {
	case "Exact":
		return c.Value == text
	case "PathPrefix":
		return c.Value == "/"
	}
	return regexp.MustCompile("^(?:" + c.Value + ")$").MatchString(text)
}

func (o linkerdObject) meets(r policy.Request) bool {
	for _, rule := range o.Spec.Rules {
		for _, m := range rule.Matches {
			ok := m.Path.meets(r.Path) && (m.Method == "" || m.Method == r.Method)
			for _, h := range m.Headers {
				ok = ok && slices.ContainsFunc(r.Headers[h.Name], h.meets)
			}
			if ok {
				return true
			}
		}
	}
	return false
}

// authorizes says whether the caller is one of those of a Server or an HTTPRoute.
func (l linkerd) authorizes(kind, name string, r policy.Request) bool {
	for _, a := range l.authorizations {
		if a.Spec.TargetRef.Kind != kind || a.Spec.TargetRef.Name != name {
			continue
		}
		for _, authentication := range l.authentications {
			if authentication.Metadata.Name == a.Spec.RequiredAuthenticationRefs[0].Name && slices.ContainsFunc(authentication.Spec.IdentityRefs,
				func(id struct{ Name, Namespace string }) bool {
					return policy.Identity{Namespace: id.Namespace, ServiceAccount: id.Name} == r.Source
				}) {
				return true
			}
		}
	}
	return false
}

// allows says by how many of its parts Linkerd may be led: a request is bound to one route, so more than one that it meets is a fault.
func (l linkerd) allows(t *rapid.T, r policy.Request) bool {
	for _, s := range l.servers {
		if s.Spec.Port != r.Port || s.Spec.PodSelector.MatchLabels["app"] != r.Destination.ServiceAccount {
			continue
		}
		var bound []linkerdObject
		hasRoutes := false
		for _, route := range l.routes {
			if route.Spec.ParentRefs[0].Name == s.Metadata.Name {
				hasRoutes = true
				if r.Protocol == policy.HTTP && route.meets(r) {
					bound = append(bound, route)
				}
			}
		}
		switch {
		case !hasRoutes:
			return l.authorizes("Server", s.Metadata.Name, r)
		case len(bound) > 1:
			t.Fatalf("%+v meets %d routes", r, len(bound))
		case len(bound) == 1:
			return l.authorizes("HTTPRoute", bound[0].Metadata.Name, r)
		}
	}
	return false
}

func TestLinkerdDecidesAsPolicyDoes(t *testing.T) {
	var workloads []smifile.Workload
	for _, name := range []string{"a", "b", "c"} {
		workloads = append(workloads, smifile.Workload{
			Kind: "Deployment", Name: name, RunsAs: policy.Identity{Namespace: "shop", ServiceAccount: name}, Labels: map[string]string{"app": name},
		})
	}
	decided := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		s := drawn(t)
		result, err := translate.Translate(translate.ForLinkerd, translate.Input{Grants: policy.Build(s).Grants(), Targets: s.TrafficTargets, Workloads: workloads, Paths: translate.PathsAsSent})
		if err != nil {
			t.Fatal(err)
		}
		for _, refused := range result.Refusals {
			s.TrafficTargets = slices.DeleteFunc(s.TrafficTargets, func(tt access.TrafficTarget) bool { return "shop/"+tt.Name == refused.Target })
		}
		var l linkerd
		for _, o := range result.Objects {
			text, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			var read linkerdObject
			if err := json.Unmarshal(text, &read); err != nil {
				t.Fatal(err)
			}
			into := map[string]*[]linkerdObject{
				"Server": &l.servers, "HTTPRoute": &l.routes, "MeshTLSAuthentication": &l.authentications, "AuthorizationPolicy": &l.authorizations,
			}[read.Kind]
			*into = append(*into, read)
		}
		graph := policy.Build(s)
		for range 20 {
			r := request(t)
			want, got := graph.Authorize(r), l.allows(t, r)
			if got != want.Allowed {
				t.Fatalf("Linkerd allows: %v; policy: %+v\n%+v\n%s", got, want, r, strings.Join(strings.Fields(written(t, result.Objects)), " "))
			}
			decided[got]++
		}
	})
	if decided[true] == 0 || decided[false] == 0 {
		t.Errorf("no request was allowed, or none denied: %v", decided)
	}
}
