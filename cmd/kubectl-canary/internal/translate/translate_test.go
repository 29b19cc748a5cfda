package translate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/translate"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	istio "istio.io/api/security/v1beta1"
	networkingv1 "k8s.io/api/networking/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

// shop has a caller in another namespace, two workloads of one ServiceAccount, and matches of all kinds that can be exported.
func shop(t testing.TB) translate.Input {
	return read(t,
		target("a,c-b", tcp("http")+", "+http("g", "read", "exact", "json", "beta", "all")),
		target("c-b", tcp("metrics")+", "+http("g", "metrics")),
		strings.Replace(target("a-db", tcp("db")), "sources: [", "sources: [{kind: ServiceAccount, name: batch, namespace: pay}, ", 1),
		group("g", "{name: read, pathRegex: /api, methods: [GET, HEAD]}", "{name: exact, pathRegex: ^/order$, methods: [POST]}",
			`{name: json, pathRegex: '.*\.json$'}`, "{name: beta, pathRegex: '/.*', headers: {X-Beta: ^yes$, X-Version: ^v2, X-Any: '', X-End: 'end$'}}",
			"{name: all, pathRegex: '.*'}", "{name: metrics, pathRegex: /metrics, methods: [GET]}"),
		ports("http", "8080"), ports("metrics", "9090"), ports("db", "5432, 5433"),
		deployment("b", "b-v1", "app: b, track: v1"), deployment("b", "b-v2", "app: b, track: v2"), pods("a", "c", "db"),
		strings.Replace(deployment("batch", "batch", "app: batch"), "{name: batch}", "{name: batch, namespace: pay}", 1),
	)
}

func TestTranslate(t *testing.T) {
	for _, what := range translate.For() {
		t.Run(what, func(t *testing.T) {
			in := shop(t)
			in.HTTPRules, in.Paths = translate.LeaveHTTP, translate.PathsAsSent
			result, err := translate.Translate(what, in)
			if err != nil || len(result.Refusals) > 0 || len(result.Notes) == 0 {
				t.Fatalf("%v: %v", err, result.Refusals)
			}
			golden(t, what, written(t, result.Objects))
			for _, o := range result.Objects {
				known(t, o)
			}
		})
	}
}

func TestDatagramsAreOpenedByANetworkPolicy(t *testing.T) {
	in := read(t, target("a-b", "{kind: UDPRoute, name: dns}"), pods("a", "b"),
		"apiVersion: specs.smi-spec.io/v1alpha4\nkind: UDPRoute\nmetadata: {name: dns}\nspec: {matches: {ports: [53]}}")
	result, err := translate.Translate(translate.ForNetworkPolicy, in)
	if err != nil || len(result.Refusals) > 0 {
		t.Fatalf("%v: %v", err, result.Refusals)
	}
	if text := written(t, result.Objects); !strings.Contains(text, "- port: 53\n      protocol: UDP") || strings.Contains(text, "protocol: TCP") {
		t.Errorf("got\n%s", text)
	}
}

// known reads an object as those do for whom it is, who know every field.
func known(t *testing.T, object any) {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	var head struct {
		APIVersion, Kind string
		Spec             json.RawMessage
	}
	if err := json.Unmarshal(text, &head); err != nil {
		t.Fatal(err)
	}
	switch head.APIVersion + " " + head.Kind {
	case "networking.k8s.io/v1 NetworkPolicy":
		err = yaml.UnmarshalStrict(text, &networkingv1.NetworkPolicy{})
	case "security.istio.io/v1 AuthorizationPolicy":
		err = protojson.Unmarshal(head.Spec, &istio.AuthorizationPolicy{})
	case "gateway.networking.k8s.io/v1 HTTPRoute":
		err = yaml.UnmarshalStrict(text, &gatewayv1.HTTPRoute{})
	case "policy.linkerd.io/v1beta3 Server", "policy.linkerd.io/v1alpha1 MeshTLSAuthentication", "policy.linkerd.io/v1alpha1 AuthorizationPolicy":
	default:
		t.Errorf("nobody knows %s %s", head.APIVersion, head.Kind)
	}
	if err != nil {
		t.Errorf("%s is not as it is published: %v\n%s", head.Kind, err, text)
	}
}

func TestOneNamespace(t *testing.T) {
	in := shop(t)
	in.Namespace = "pay"
	result, err := translate.Translate(translate.ForIstio, in)
	if err != nil || len(result.Objects) != 0 || len(result.Refusals) != 0 {
		t.Errorf("%v: %v", err, result)
	}
}

func TestRefusals(t *testing.T) {
	all := []string{ports("r", "80"), ports("s", "80, 81"), ports("every", "")}
	one := func(match string, more ...string) []string {
		return append([]string{target("a-b", tcp("r")+", "+http("g")), group("g", match), pods("a", "b")}, more...)
	}
	l4 := func(more ...string) []string { return append([]string{target("a-b", tcp("r"))}, more...) }
	const limits = "match m of HTTPRouteGroup g: "
	for name, test := range map[string]struct {
		what      string
		documents []string
		want      string // of a-b
	}{
		"UDP in Istio": {translate.ForIstio, []string{target("a-b", tcp("r")+", {kind: UDPRoute, name: u}"), pods("a", "b")},
			"its rule UDPRoute u is about UDP, which istio does not decide about"},
		"callers by labels": {translate.ForNetworkPolicy, []string{
			strings.Replace(target("a-b", tcp("r")), "{kind: ServiceAccount, name: a}", "{kind: IdentityBinding, name: labelled}", 1), pods("a", "b"),
			"apiVersion: access.smi-spec.io/v1alpha4\nkind: IdentityBinding\nmetadata: {name: labelled}\n" +
				"spec: {schemes: {podLabelSelector: {matchLabels: {app: a}}}}"},
			"an IdentityBinding of it knows workloads by SPIFFE ids or labels, which is not translated"},
		"a name with a wildcard": {translate.ForIstio, []string{strings.Replace(target("a-b", tcp("r")), "name: a}", `name: "*"}`, 1), pods("a", "b")},
			`"shop/*" cannot be the name of a ServiceAccount`},
		"HTTP in a NetworkPolicy": {translate.ForNetworkPolicy, one("{name: m}"),
			"it names HTTPRouteGroups, and a NetworkPolicy knows no methods, paths and headers, so it would allow more " +
				"(--l4-only exports its callers and ports, for where something else enforces the rest)"},
		"no workload of the destination": {translate.ForIstio, l4(pods("a")),
			"no Pod and no workload that runs as ServiceAccount shop/b was read, so the labels of its pods are not known"},
		"no workload of the source": {translate.ForNetworkPolicy, l4(pods("b")),
			"no Pod and no workload that runs as ServiceAccount shop/a was read, so the labels of its pods are not known"},
		"labels of two ServiceAccounts": {translate.ForIstio, l4(deployment("b", "b", "app: x"), deployment("c", "c", "app: x, more: c"), pods("a")),
			"Deployment shop/b, which runs as ServiceAccount shop/b, cannot be told by its pods' labels (app=x,version=v1): " +
				"Deployment c, which runs as shop/c, has them as well"},
		"no labels": {translate.ForIstio, l4("apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {serviceAccountName: b}"),
			"Pod shop/b, which runs as ServiceAccount shop/b, gives its pods no labels by which they could be selected"},
		"a pathRegex in Istio": {translate.ForIstio, one(`{name: m, pathRegex: '/api/[0-9]+'}`),
			limits + "Istio compares paths with a whole text, a prefix or a suffix, and the pathRegex /api/[0-9]+ is none of them"},
		"a path that Istio decodes": {translate.ForIstio, one(`{name: m, pathRegex: '/a%20b'}`),
			limits + `the path "/a%20b" of its pathRegex has characters or segments that Istio would read otherwise`},
		"a path with a wildcard": {translate.ForIstio, one(`{name: m, pathRegex: '^/a\*$'}`),
			limits + `the path "/a*" of its pathRegex has characters or segments that Istio would read otherwise`},
		"a path that merges": {translate.ForIstio, one(`{name: m, pathRegex: '^/a//b$'}`),
			limits + `the path "/a//b" of its pathRegex has characters or segments that Istio would read otherwise`},
		"a header that is searched": {translate.ForIstio, one(`{name: m, headers: {x-a: beta}}`),
			limits + "Istio compares headers with a whole text, a prefix or a suffix, and the pattern beta of x-a is none of them: " +
				"it is searched for anywhere unless ^ or $ stands at its ends"},
		"a header with a comma": {translate.ForIstio, one(`{name: m, headers: {x-a: '^a,b$'}}`),
			limits + `the text "a,b" in the pattern of header x-a has characters that Istio would read otherwise`},
		"the host in Istio": {translate.ForIstio, one(`{name: m, headers: {Host: ^shop$}}`),
			limits + "it has a condition on the host, and Istio compares hosts without regard to upper and lower case"},
		"a header that is none": {translate.ForIstio, one(`{name: m, headers: {"x]": ^a$}}`), limits + `"x]" is no name of a header`},
		"a method that is none": {translate.ForIstio, one(`{name: m, methods: ["G*"]}`), limits + `"G*" is no method that Istio compares as it is written`},
		"every port in Linkerd": {translate.ForLinkerd, []string{target("a-b", tcp("every")), pods("a", "b")},
			"it allows every port, and a Server of Linkerd has one: name the ports by a TCPRoute"},
		"a method of no HTTPRoute": {translate.ForLinkerd, one(`{name: m, methods: [PURGE]}`), limits + `an HTTPRoute knows no method "PURGE"`},
		"the host in Linkerd": {translate.ForLinkerd, one(`{name: m, headers: {":authority": shop}}`),
			limits + "it has a condition on the host, for which an HTTPRoute has no regular expression"},
		"a header twice in Linkerd": {translate.ForLinkerd, one(`{name: m, headers: {x-a: a, X-A: b}}`),
			limits + "it has two conditions on header x-a, and an HTTPRoute heeds the first only"},
		"ends of words in Linkerd": {translate.ForLinkerd, one(`{name: m, headers: {x-a: '\bbeta'}}`),
			limits + "the pattern of header x-a looks for ends of words, which Linkerd finds elsewhere beyond ASCII"},
		"a path in Linkerd": {translate.ForLinkerd, one("{name: m, pathRegex: /open}"),
			"it has rules about paths, which Linkerd compares as they are sent, so that /open/../closed would pass as /open " +
				"(--raw-paths exports them, for servers that read paths as they are sent)"},
		"a long path in Linkerd": {translate.ForLinkerd, one("{name: m, pathRegex: '/abcdefg" + strings.Repeat("[A-Za-z0-9]", 92) + "'}"),
			limits + "its pathRegex is 1028 bytes long where 1024 are the most of an HTTPRoute"},
		"matches that overlap": {translate.ForLinkerd, []string{target("a-b", tcp("s")+", "+http("g", "m")), target("c-b", tcp("s")+", "+http("g", "o")),
			group("g", "{name: m, pathRegex: /api, methods: [GET]}", "{name: o, pathRegex: /api/x}"), pods("a", "b", "c")},
			"match m of HTTPRouteGroup g and match o of HTTPRouteGroup g may both meet one request on port 80 of shop/b and are not for the same callers, " +
				"and Linkerd binds a request to one route only"},
		"raw connections beside HTTP": {translate.ForLinkerd, []string{target("a-b", tcp("r")+", "+http("g")), target("c-b", tcp("r")), group("g", "{name: m}"), pods("a", "b", "c")},
			"port 80 of shop/b is open to anything by TrafficTarget shop/c-b and to some HTTP requests by others, and Linkerd binds a request to one route only"},
	} {
		t.Run(name, func(t *testing.T) {
			in := read(t, append(test.documents, all...)...)
			if name != "a path in Linkerd" {
				in.Paths = translate.PathsAsSent
			}
			result, err := translate.Translate(test.what, in)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, r := range result.Refusals {
				if r.Target == "shop/a-b" {
					got = r.Reason
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s\n%v", diff, result.Refusals)
			}
			if text := written(t, result.Objects); strings.Contains(text, "shop/a-b") {
				t.Errorf("it is exported in part:\n%s", text)
			}
		})
	}
}

func TestWhatIsRefusedLeavesTheOthers(t *testing.T) {
	in := read(t, target("a-b", tcp("two")+", "+http("g", "m")), target("c-b", tcp("one")+", "+http("g", "o")), target("d-b", tcp("three")),
		group("g", "{name: m, pathRegex: /api}", "{name: o, pathRegex: /api/x}"),
		ports("one", "80"), ports("two", "80, 81"), ports("three", "82"), pods("a", "b", "c", "d"))
	result, err := translate.Translate(translate.ForLinkerd, in)
	if err != nil || len(result.Refusals) != 2 {
		t.Fatalf("%v: %v", err, result.Refusals)
	}
	text := written(t, result.Objects)
	if !strings.Contains(text, "name: smi-b-82") || strings.Contains(text, "name: smi-b-81") {
		t.Errorf("got\n%s", text)
	}
}

func TestCallersOfOneMatchAreOneRoute(t *testing.T) {
	in := read(t, target("a-b", tcp("r")+", "+http("g", "m")), target("c-b", tcp("r")+", "+http("g", "m", "o")),
		group("g", "{name: m, pathRegex: /api, methods: [GET]}", "{name: o, pathRegex: /api, methods: [POST]}"), ports("r", "80"), pods("a", "b", "c"))
	in.Paths = translate.PathsAsSent
	result, err := translate.Translate(translate.ForLinkerd, in)
	if err != nil || len(result.Refusals) != 0 {
		t.Fatalf("%v: %v", err, result.Refusals)
	}
	golden(t, "linkerd-one-route", written(t, result.Objects))
}

func TestNamesThatMeet(t *testing.T) {
	in := read(t, target("a-b", tcp("r")), target("a-b-c", tcp("r")), ports("r", "80"), deployment("b", "c", "app: c"), deployment("b", "d", "app: d"), pods("a", "b-c"))
	in.Targets[1].Name = "other"
	_, err := translate.Translate(translate.ForIstio, in)
	want := "two objects would be called AuthorizationPolicy shop/smi-b-c: rename one of the ServiceAccounts or workloads that it is named after"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = translate.Translate("tea", in)
	if want := "--for=tea is not known: use networkpolicy, istio, linkerd"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
