package route

import (
	"strings"
	"testing"

	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/api/smi/split"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

const traefik, istio, linkerd = "traefik.io/gateway-controller", "istio.io/gateway-controller", "linkerd.io/policy-controller"

// shop is a split of Service foobar, behind Gateway edge of Traefik.
func shop(changes ...func(*Input)) Input {
	in := Input{
		Split: &split.TrafficSplit{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "foobar", UID: "1"},
			Spec: split.TrafficSplitSpec{Service: "foobar", Backends: []split.Backend{
				{Service: "foobar-v1", Weight: 90}, {Service: "foobar-v2", Weight: 10},
			}},
		},
		Request:     split.RouteRequest{ParentRefs: []split.ParentRef{{Name: "edge"}}},
		Controllers: [][]string{{traefik}},
		Services:    map[string]*corev1.Service{},
		Groups:      map[string]*specs.HTTPRouteGroup{},
	}
	for _, name := range []string{"foobar", "foobar-v1", "foobar-v2"} {
		in.Services[name] = serviceOf(name, 8080)
	}
	for _, change := range changes {
		change(&in)
	}
	return in
}

func serviceOf(name string, ports ...int32) *corev1.Service {
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	for _, port := range ports {
		s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Port: port})
	}
	return s
}

func inMesh(controllers ...string) func(*Input) {
	return func(in *Input) {
		in.Request.ParentRefs = []split.ParentRef{{Kind: "Service", Name: "foobar"}}
		in.Controllers = [][]string{controllers}
	}
}

func behind(controller string) func(*Input) {
	return func(in *Input) { in.Controllers = [][]string{{controller}} }
}

func weights(w ...int64) func(*Input) {
	return func(in *Input) {
		for i := range w {
			in.Split.Spec.Backends[i].Weight = w[i]
		}
	}
}

func service(s *corev1.Service) func(*Input) {
	return func(in *Input) { in.Services[s.Name] = s }
}

func without(names ...string) func(*Input) {
	return func(in *Input) {
		for _, name := range names {
			delete(in.Services, name)
		}
	}
}

func matching(matches ...specs.HTTPMatch) func(*Input) {
	return func(in *Input) {
		in.Split.Spec.Matches = []split.RouteReference{{Kind: "HTTPRouteGroup", Name: "ab"}}
		in.Groups["ab"] = &specs.HTTPRouteGroup{Spec: specs.HTTPRouteGroupSpec{Matches: matches}}
	}
}

func speaking(protocol string) func(*Input) {
	return func(in *Input) { in.Services["foobar"].Spec.Ports[0].AppProtocol = ptr.To(protocol) }
}

// brief is a route in a line for each rule: what it is attached to, what matches, where that goes.
func brief(r Route) []string {
	line := r.Kind() + " " + r.Meta().Name + " of"
	for _, ref := range r.ParentRefs() {
		line += " " + describe(ref)
	}
	lines := []string{line}
	add := func(matches, backends []string) {
		lines = append(lines, strings.Join(matches, " | ")+" -> "+strings.Join(backends, ", "))
	}
	to := func(ref gatewayv1.BackendRef) string {
		return strings.Join([]string{string(ref.Name), itoa(*ref.Port), itoa(*ref.Weight)}, ":")
	}
	if r.GRPC != nil {
		for _, rule := range r.GRPC.Spec.Rules {
			var matches, backends []string
			for _, m := range rule.Matches {
				for _, h := range m.Headers {
					matches = append(matches, string(h.Name)+"="+h.Value)
				}
			}
			for _, ref := range rule.BackendRefs {
				backends = append(backends, to(ref.BackendRef))
			}
			add(matches, backends)
		}
		return lines
	}
	for _, rule := range r.HTTP.Spec.Rules {
		var matches, backends []string
		for _, m := range rule.Matches {
			text := strings.TrimSpace(string(ptr.Deref(m.Method, "")) + " " + map[gatewayv1.PathMatchType]string{
				gatewayv1.PathMatchExact: "exactly ", gatewayv1.PathMatchRegularExpression: "~", gatewayv1.PathMatchPathPrefix: "",
			}[*m.Path.Type] + *m.Path.Value)
			for _, h := range m.Headers {
				text += " " + string(h.Name) + map[gatewayv1.HeaderMatchType]string{
					gatewayv1.HeaderMatchExact: "=", gatewayv1.HeaderMatchRegularExpression: "~",
				}[*h.Type] + h.Value
			}
			matches = append(matches, text)
		}
		for _, ref := range rule.BackendRefs {
			backends = append(backends, to(ref.BackendRef))
		}
		add(matches, backends)
	}
	return lines
}

func itoa(n int32) string {
	text, _ := yaml.Marshal(n)
	return strings.TrimSpace(string(text))
}

// many are matches of which one rule takes 64 and a route 127.
func many(n int) []specs.HTTPMatch {
	var all []specs.HTTPMatch
	for range n {
		all = append(all, specs.HTTPMatch{Name: "m", PathRegex: "^/a$"})
	}
	return all
}

func TestBuild(t *testing.T) {
	gateway := []string{`HTTPRoute foobar of Gateway "edge"`, "/ -> foobar-v1:8080:90, foobar-v2:8080:10"}
	rest := "/ -> foobar:8080:1"
	cases := map[string]struct {
		in       Input
		routes   [][]string
		problems []string
		keeps    bool
		blocked  bool
	}{
		"a Gateway": {in: shop(), routes: [][]string{gateway}},
		"a mesh: a route for each port": {
			in: shop(inMesh(), service(serviceOf("foobar", 80, 8080)), service(serviceOf("foobar-v1", 80, 8080)), service(serviceOf("foobar-v2", 8080))),
			routes: [][]string{
				{`HTTPRoute foobar-80 of Service "foobar" port 80`, "/ -> foobar-v1:80:90"},
				{`HTTPRoute foobar-8080 of Service "foobar" port 8080`, "/ -> foobar-v1:8080:90, foobar-v2:8080:10"},
			},
			problems: []string{`Service "foobar-v2" has no port 80, so it gets no request of that port`},
		},
		"a backend of weight 0 may be missing": {
			in: shop(weights(100, 0), without("foobar-v2")), routes: [][]string{{gateway[0], "/ -> foobar-v1:8080:100"}},
		},
		"a missing backend with a weight does not land": {
			in: shop(without("foobar-v2")), routes: [][]string{{gateway[0], "/ -> foobar-v1:8080:90"}}, blocked: true,
			problems: []string{`Service "foobar-v2" does not exist, so its weight 10 goes to the other backends`},
		},
		"no backend is left": {
			in: shop(without("foobar-v1"), weights(100, 0)), keeps: true, blocked: true,
			problems: []string{
				`Service "foobar-v1" does not exist, so its weight 100 goes to the other backends`,
				"no backend with a weight above 0 exists; the last good route stays",
			},
		},
		"all weights are 0": {
			in: shop(weights(0, 0)), keeps: true, blocked: true,
			problems: []string{"every backend has weight 0, so no request would be answered; the last good route stays"},
		},
		"a split that was not understood": {
			in:    shop(func(in *Input) { in.Split.Spec.Problems = []string{"spec.backends is empty"} }),
			keeps: true, blocked: true, problems: []string{"the TrafficSplit cannot be carried out: spec.backends is empty"},
		},
		"the apex is missing": {
			in: shop(without("foobar")), keeps: true, blocked: true,
			problems: []string{`Service "foobar", which the split divides, does not exist`},
		},
		"the apex is ExternalName": {
			in:    shop(service(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "foobar"}, Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName}})),
			keeps: true, blocked: true, problems: []string{`Service "foobar" is of type ExternalName, which no route can divide`},
		},
		"the apex is headless": {
			in:    shop(service(&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "foobar"}, Spec: corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone}})),
			keeps: true, blocked: true, problems: []string{`Service "foobar" is headless, which no route can divide`},
		},
		"a Gateway and several ports": {
			in: shop(service(serviceOf("foobar", 8080, 9090))), keeps: true, blocked: true,
			problems: []string{`Service "foobar" has the ports 8080, 9090, of which none is named http or is 80, so it is unclear which one a Gateway ` +
				"leads to; write the route yourself and name it as existing"},
		},
		"hostnames in a mesh": {
			in:    shop(inMesh(), func(in *Input) { in.Request.Hostnames = []string{"a.example"} }),
			keeps: true, blocked: true, problems: []string{"hostnames are for Gateways: a route whose parent is a Service has none"},
		},
		"another Service as parent": {
			in:    shop(func(in *Input) { in.Request.ParentRefs = []split.ParentRef{{Kind: "Service", Name: "other"}} }),
			keeps: true, blocked: true, problems: []string{`the parent Service "other" is not "foobar", which the split divides; a mesh takes no other`},
		},
		"more backends than a rule takes": {
			in: shop(func(in *Input) {
				for range 15 {
					in.Split.Spec.Backends = append(in.Split.Spec.Backends, split.Backend{Service: "x"})
				}
			}),
			keeps: true, blocked: true, problems: []string{"the split has 17 backends; a rule of a route has at most 16"},
		},
		"gRPC": {
			in:     shop(inMesh(), speaking("kubernetes.io/h2c")),
			routes: [][]string{{`GRPCRoute foobar-8080 of Service "foobar" port 8080`, " -> foobar-v1:8080:90, foobar-v2:8080:10"}},
		},
		"gRPC with a header": {
			in:     shop(speaking("grpc"), matching(specs.HTTPMatch{Name: "m", Headers: map[string]string{"X-Test": "^yes$"}})),
			routes: [][]string{{`GRPCRoute foobar of Gateway "edge"`, "x-test=yes -> foobar-v1:8080:90, foobar-v2:8080:10", " -> foobar:8080:1"}},
		},
		"gRPC with a path": {
			in: shop(speaking("grpc"), matching(specs.HTTPMatch{Name: "m", PathRegex: "/api"})), keeps: true, blocked: true,
			problems: []string{`match "m" of HTTPRouteGroup "ab" cannot be written as a route: a GRPCRoute matches headers only: a path and a method mean something else in it`},
		},
		"matches": {
			in: shop(matching(
				specs.HTTPMatch{Name: "a", PathRegex: "/api", Methods: []string{"GET", "POST"}},
				specs.HTTPMatch{Name: "b", PathRegex: ".*", Headers: map[string]string{"User-Agent": "Firefox", ":authority": "^a-b$"}},
				specs.HTTPMatch{Name: "c", PathRegex: "^/only$"},
			)),
			routes: [][]string{{gateway[0], "GET ~^(?:/api) | POST ~^(?:/api) | / host=a-b user-agent~Firefox | exactly /only -> foobar-v1:8080:90, foobar-v2:8080:10", rest}},
		},
		"matches for Linkerd": {
			in:     shop(inMesh(linkerd), matching(specs.HTTPMatch{Name: "a", PathRegex: "/api|/admin", Headers: map[string]string{"x": "1"}})),
			routes: [][]string{{`HTTPRoute foobar-8080 of Service "foobar" port 8080`, "~^(?:/api|/admin).*$ x~.*(?:1).* -> foobar-v1:8080:90, foobar-v2:8080:10", rest}},
		},
		"matches for two meshes at once": {
			in:     shop(inMesh(linkerd, istio), matching(specs.HTTPMatch{Name: "a", PathRegex: "/api"})),
			routes: [][]string{{`HTTPRoute foobar-8080 of Service "foobar" port 8080`, "~^(?:/api).*$ -> foobar-v1:8080:90, foobar-v2:8080:10", rest}},
		},
		"matches for a mesh that has not answered yet": {
			in:     shop(inMesh(), matching(specs.HTTPMatch{Name: "a", PathRegex: "/api"})),
			routes: [][]string{{`HTTPRoute foobar-8080 of Service "foobar" port 8080`, rest}}, blocked: true,
			problems: []string{`it is not known yet which mesh answers for Service "foobar", and so how to write its matches; a route that changes nothing was written to find out`},
		},
		"matches for an implementation that Serin does not know": {
			in: shop(behind("example.com/gateway"), matching(specs.HTTPMatch{Name: "a", PathRegex: "/api"})), keeps: true, blocked: true,
			problems: []string{`match "a" of HTTPRouteGroup "ab" cannot be written as a route: it is not known how example.com/gateway matches a regular expression, and a guess could route requests wrongly`},
		},
		"matches that every implementation reads alike": {
			in:     shop(behind("example.com/gateway"), matching(specs.HTTPMatch{Name: "a", PathRegex: "^/api$"})),
			routes: [][]string{{gateway[0], "exactly /api -> foobar-v1:8080:90, foobar-v2:8080:10", rest}},
		},
		"a method that no route can name": {
			in: shop(matching(specs.HTTPMatch{Name: "a", Methods: []string{"BREW"}})), keeps: true, blocked: true,
			problems: []string{`match "a" of HTTPRouteGroup "ab" cannot be written as a route: method "BREW" is none that a route can name`},
		},
		"an expression that breaks out of its group": {
			in: shop(matching(specs.HTTPMatch{Name: "a", PathRegex: "a)|(?:b"})), keeps: true, blocked: true,
			problems: []string{`match "a" of HTTPRouteGroup "ab" cannot be written as a route: its expression is not a regular expression (unexpected ))`},
		},
		"a group that is missing": {
			in:    shop(matching(), func(in *Input) { in.Groups = nil }),
			keeps: true, blocked: true, problems: []string{`HTTPRouteGroup "ab", which the split's matches name, does not exist`},
		},
		"more matches than a route takes": {
			in: shop(matching(many(128)...)), keeps: true, blocked: true,
			problems: []string{"the split's matches need 128 of a route's matches; a route has at most 128, of which the rest of the requests takes one"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := Build(tc.in)
			var routes [][]string
			for _, r := range got.Routes {
				routes = append(routes, brief(r))
			}
			var problems []string
			for _, p := range got.Problems {
				problems = append(problems, p.Message)
			}
			if diff := cmp.Diff(tc.routes, routes); diff != "" {
				t.Errorf("routes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.problems, problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if got.Keep != tc.keeps || got.Blocked() != tc.blocked {
				t.Errorf("keeps %v, blocked %v; want %v, %v", got.Keep, got.Blocked(), tc.keeps, tc.blocked)
			}
		})
	}
	t.Run("64 matches are a rule", func(t *testing.T) {
		rules := Build(shop(matching(many(127)...))).Routes[0].HTTP.Spec.Rules
		if len(rules) != 3 || len(rules[0].Matches) != 64 || len(rules[1].Matches) != 63 || len(rules[2].Matches) != 1 {
			t.Errorf("127 matches are in %d rules", len(rules))
		}
	})
}
