package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cli"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/yaml"
)

// offline runs a command line where there is no cluster.
func offline(t *testing.T, in string, args ...string) (code int, out, errOut string) {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "nowhere"))
	var o, e bytes.Buffer
	w := cli.World{IOStreams: genericiooptions.IOStreams{In: strings.NewReader(in), Out: &o, ErrOut: &e}, Now: time.Now}
	code = cli.Run(t.Context(), w, args)
	return code, o.String(), e.String()
}

const shopFolder = "testdata/shop"

func TestAccessCheck(t *testing.T) {
	const problem = "\nproblems of objects that are about shop/cart\n" +
		"└─ TrafficTarget shop/batch-cart  RouteNotFound  its rule names HTTPRouteGroup shop/gone, which does not exist\n"
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"allowed by a match": {
			[]string{"--from", "shop/frontend", "--to", "shop/cart", "--port", "8080", "--path", "/api/cart/7?page=2"}, 0,
			"ALLOW shop/frontend -> shop/cart:8080 GET /api/cart/7?page=2\n" +
				"├─ why     TrafficTarget shop/frontend-cart allows match read of HTTPRouteGroup cart on the ports of TCPRoute http\n" +
				"├─ target  shop/frontend-cart\n├─ rule    HTTPRouteGroup/cart\n└─ match   read\n" + problem,
		},
		"a header is missing": {
			[]string{"--from", "edge/gateway", "--to", "shop/cart", "--port", "8080", "--path", "/api/cart", "--method", "POST"}, 1,
			"DENY edge/gateway -> shop/cart:8080 POST /api/cart\n" +
				"└─ why  TrafficTarget shop/frontend-cart allows edge/gateway to call shop/cart, but none of its rules matches POST /api/cart\n" + problem,
		},
		"a header is there": {
			[]string{"--from", "edge/gateway", "--to", "shop/cart", "--port", "8080", "--path", "/api/cart", "--method", "POST", "--header", "X-Session=v1-a=b", "--header", "X-Other="}, 0,
			"ALLOW edge/gateway -> shop/cart:8080 POST /api/cart\n" +
				"├─ why     TrafficTarget shop/frontend-cart allows match write of HTTPRouteGroup cart on the ports of TCPRoute http\n" +
				"├─ target  shop/frontend-cart\n├─ rule    HTTPRouteGroup/cart\n└─ match   write\n" + problem,
		},
		"by the port of an old version": {
			[]string{"--from", "shop/reports", "--to", "shop/cart", "--port", "9090", "--path", "/metrics"}, 0,
			"ALLOW shop/reports -> shop/cart:9090 GET /metrics\n" +
				"├─ why     TrafficTarget shop/reports-cart allows match metrics of HTTPRouteGroup cart on port 9090\n" +
				"├─ target  shop/reports-cart\n├─ rule    HTTPRouteGroup/cart\n└─ match   metrics\n" + problem,
		},
		"a connection": {
			[]string{"--from", "shop/cart", "--to", "shop/redis", "--port", "6379"}, 0,
			"ALLOW shop/cart -> shop/redis:6379 TCP\n├─ why     TrafficTarget shop/cart-redis allows the ports of TCPRoute redis\n" +
				"├─ target  shop/cart-redis\n└─ rule    TCPRoute/redis\n",
		},
		"nobody is allowed": {
			[]string{"--from", "shop/cart", "--to", "shop/nobody", "--port", "80", "--protocol", "http"}, 1,
			"DENY shop/cart -> shop/nobody:80 GET /\n└─ why  no TrafficTarget in namespace shop has shop/nobody as its destination\n",
		},
		"an encoded slash": {
			[]string{"--from", "shop/frontend", "--to", "shop/cart", "--port", "8080", "--path", "/api/cart/..%2fadmin"}, 1,
			"DENY shop/frontend -> shop/cart:8080 GET /api/cart/..%2fadmin\n└─ why  TrafficTarget shop/frontend-cart allows shop/frontend to call shop/cart, " +
				"but the path is refused: it holds an encoded slash, backslash or NUL\n" + problem,
		},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := offline(t, "", append([]string{"access", "check", "-f", shopFolder}, test.args...)...)
			if diff := cmp.Diff(test.want, out); code != test.code || errOut != "" || diff != "" {
				t.Errorf("code %d, want %d: %s(-want +got):\n%s", code, test.code, errOut, diff)
			}
		})
	}
}

func TestAccessCheckAsData(t *testing.T) {
	args := []string{"access", "check", "-f", shopFolder, "--from", "shop/batch", "--to", "shop/cart", "--port", "8080", "--header", "a=1", "--header", "a=2"}
	code, out, errOut := offline(t, "", append(args, "-o", "json")...)
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 1 || errOut != "" {
		t.Fatalf("code %d: %v: %s", code, err, errOut)
	}
	want := map[string]any{
		"allowed": false, "from": "shop/batch", "to": "shop/cart", "port": 8080.0, "protocol": "HTTP", "method": "GET", "path": "/",
		"headers": map[string]any{"a": []any{"1", "2"}},
		"reason": "TrafficTarget shop/batch-cart allows shop/batch to call shop/cart, but none of its rules matches GET /; " +
			"its rule names HTTPRouteGroup shop/gone, which does not exist",
		"problems": []any{map[string]any{
			"kind": "TrafficTarget", "namespace": "shop", "name": "batch-cart", "reason": "RouteNotFound",
			"message": "its rule names HTTPRouteGroup shop/gone, which does not exist",
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	code, out, _ = offline(t, "", append(args, "-o", "yaml")...)
	if err := yaml.Unmarshal([]byte(out), &got); err != nil || code != 1 || got["from"] != "shop/batch" {
		t.Errorf("code %d: %v: %s", code, err, out)
	}
}

func TestAccessCheckTest(t *testing.T) {
	code, out, errOut := offline(t, "", "access", "check", "-f", shopFolder, "--test", "testdata/expectations.yaml")
	want := `ok  ALLOW  shop/frontend -> shop/cart:8080 GET /api/cart/7
ok  ALLOW  edge/gateway -> shop/cart:8080 POST /api/cart
ok  DENY   edge/gateway -> shop/cart:8080 POST /api/cart (without a session)
ok  ALLOW  shop/cart -> shop/redis:6379 TCP
ok  DENY   shop/frontend -> shop/redis:6379 TCP
`
	if diff := cmp.Diff(want, out); code != 0 || errOut != "" || diff != "" {
		t.Errorf("code %d: %s(-want +got):\n%s", code, errOut, diff)
	}
	wrong := "- {from: shop/cart, to: shop/redis, port: 6379, want: deny}\n- {from: shop/cart, to: shop/redis, port: 6379, want: allow}\n"
	code, out, errOut = offline(t, wrong, "access", "check", "-f", shopFolder, "--test", "-")
	want = "FAIL  ALLOW  shop/cart -> shop/redis:6379 TCP: want deny, but TrafficTarget shop/cart-redis allows the ports of TCPRoute redis\n" +
		"ok    ALLOW  shop/cart -> shop/redis:6379 TCP\n"
	if diff := cmp.Diff(want, out); code != 1 || errOut != "1 of 2 expectations are not met\n" || diff != "" {
		t.Errorf("code %d: %s(-want +got):\n%s", code, errOut, diff)
	}
	code, out, _ = offline(t, wrong, "access", "check", "-f", shopFolder, "--test", "-", "-o", "json")
	var got []struct {
		Met    bool
		Target string
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 1 || got[0].Met || !got[1].Met || got[0].Target != "shop/cart-redis" {
		t.Errorf("code %d: %v: %s", code, err, out)
	}
}

func TestAccessErrorsAreNoDenials(t *testing.T) {
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "a.yaml"), []byte("kind: Service\n---\nkind: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	nowhere := filepath.Join(broken, "nowhere")
	check := func(more ...string) []string {
		return append([]string{"access", "check", "--from", "shop/a", "--to", "shop/b", "--port", "80"}, more...)
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no place":               {check(), "access check reads -f DIR or --cluster: give one of them"},
		"two places":             {check("-f", shopFolder, "--cluster"), "-f and --cluster are two places to read: give one of them"},
		"no request":             {[]string{"access", "check", "-f", shopFolder}, "access check needs --from NS/SA, --to NS/SA and --port PORT, or --test FILE"},
		"no ServiceAccount":      {check("-f", shopFolder, "--from", "web"), `from: "web" is no ServiceAccount: write NAMESPACE/NAME, for example shop/cart`},
		"no port":                {check("-f", shopFolder, "--port", "70000"), "port 70000 is not between 1 and 65535"},
		"no protocol":            {check("-f", shopFolder, "--protocol", "udp"), `protocol "udp" is not known: use tcp or http`},
		"no header":              {check("-f", shopFolder, "--header", "x"), `--header "x" is no header: write NAME=VALUE`},
		"a path without HTTP":    {check("-f", shopFolder, "--protocol", "tcp", "--path", "/"), "a request of protocol tcp has no method, path, host or headers"},
		"no format":              {check("-f", shopFolder, "-o", "tea"), "-o tea is no format: use json, yaml, wide"},
		"no flag":                {check("--tea"), "unknown flag: --tea"},
		"no folder":              {check("-f", nowhere), "open " + nowhere + ": no such file or directory"},
		"a folder of nothing":    {check("-f", t.TempDir()), ""},
		"a file that is no YAML": {check("-f", broken), broken + "/a.yaml: document 2 is no YAML: line 1: did not find expected node content"},
		"the input is no YAML":   {check("-f", "-"), ""},
		"no cluster":             {check("--cluster"), ""},
		"a request and a test":   {check("-f", shopFolder, "--test", "-"), "--test has its own requests: leave --from, --to and --port out"},
		"an input twice":         {[]string{"access", "check", "-f", "-", "--test", "-"}, "only one of -f and --test can be -: the standard input is read once"},
		"no expectations":        {[]string{"access", "check", "-f", shopFolder, "--test", nowhere}, "open " + nowhere + ": no such file or directory"},
		"who of nobody":          {[]string{"access", "who", "-f", shopFolder}, "access who needs a ServiceAccount: give its NAMESPACE/NAME, or --from NAMESPACE/NAME"},
		"who of two": {[]string{"access", "who", "-f", shopFolder, "shop/a", "--from", "shop/b"},
			"access who is about one ServiceAccount: give its NAMESPACE/NAME, or --from NAMESPACE/NAME"},
		"who of a name":   {[]string{"access", "who", "-f", shopFolder, "cart"}, `"cart" is no ServiceAccount: write NAMESPACE/NAME, for example shop/cart`},
		"export for what": {[]string{"access", "export", "-f", shopFolder}, `access export needs --for with one of networkpolicy, istio, linkerd, not ""`},
		"export of raw paths": {[]string{"access", "export", "-f", shopFolder, "--for", "istio", "--raw-paths"},
			"--raw-paths is for linkerd alone, and not for istio"},
		"export of L4": {[]string{"access", "export", "-f", shopFolder, "--for", "istio", "--l4-only"},
			"--l4-only is for networkpolicy alone: istio knows rules about HTTP"},
		"no command": {[]string{"access", "tea"}, `kubectl canary access has no command "tea": use check, export, who`},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := offline(t, "{{", test.args...)
			if code != 2 || out != "" || strings.Count(errOut, "\n") != 1 || !strings.HasPrefix(errOut, "error: ") {
				t.Errorf("code %d, printed %q: %s", code, out, errOut)
			}
			if diff := cmp.Diff("error: "+test.want+"\n", errOut); test.want != "" && diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAccessWho(t *testing.T) {
	code, out, errOut := offline(t, "", "access", "who", "shop/cart", "-f", shopFolder+"/access")
	want := lines(
		"SOURCE          TARGET               PORTS   METHODS    PATHS         HEADERS",
		"edge/gateway    shop/frontend-cart   8080    GET,HEAD   /api/cart     -",
		"edge/gateway    shop/frontend-cart   8080    POST       ^/api/cart$   x-session~^v1-",
		"shop/frontend   shop/frontend-cart   8080    GET,HEAD   /api/cart     -",
		"shop/frontend   shop/frontend-cart   8080    POST       ^/api/cart$   x-session~^v1-",
		"shop/reports    shop/reports-cart    9090    GET        /metrics      -",
		"", "problems of objects",
		"└─ TrafficTarget shop/batch-cart  RouteNotFound  its rule names HTTPRouteGroup shop/gone, which does not exist")
	if diff := cmp.Diff(want, out); code != 0 || errOut != "" || diff != "" {
		t.Errorf("code %d: %s(-want +got):\n%s", code, errOut, diff)
	}
	code, out, errOut = offline(t, "", "access", "who", "--from", "shop/frontend", "-f", shopFolder, "-o", "json")
	var got struct {
		Grants []struct {
			Target, Destination string
			Sources             []string
			Ports               []int32
			Matches             []struct{ Group, Name, PathRegex string }
		}
		Problems []any
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || errOut != "" || len(got.Grants) != 1 || got.Problems == nil || len(got.Problems) > 0 {
		t.Fatalf("code %d: %v: %s%s", code, err, out, errOut)
	}
	g := got.Grants[0]
	if diff := cmp.Diff([]string{"shop/frontend"}, g.Sources); diff != "" || g.Target != "shop/frontend-cart" || g.Destination != "shop/cart" || len(g.Matches) != 2 {
		t.Errorf("%+v (-want +got):\n%s", g, diff)
	}
	code, out, _ = offline(t, "", "access", "who", "shop/nobody", "-f", shopFolder, "-o", "wide")
	if code != 0 || out != "nobody may call shop/nobody\n" {
		t.Errorf("code %d: %s", code, out)
	}
}

func TestAccessExport(t *testing.T) {
	const note = "note: TrafficTarget shop/batch-cart: its rule names HTTPRouteGroup shop/gone, which does not exist\n"
	refused := func(verb string) string {
		var all string
		for _, name := range []string{"frontend", "reports"} {
			all += "TrafficTarget shop/" + name + "-cart " + verb + ": it names HTTPRouteGroups, and a NetworkPolicy knows no methods, paths and headers, so it would " +
				"allow more (--l4-only exports its callers and ports, for where something else enforces the rest)\n"
		}
		return all
	}
	for name, test := range map[string]struct {
		args    []string
		code    int
		kinds   string
		wantErr string
	}{
		"istio":           {[]string{"--for", "istio"}, 0, "AuthorizationPolicy AuthorizationPolicy AuthorizationPolicy", note},
		"what it cannot":  {[]string{"--for", "networkpolicy"}, 1, "", note + refused("cannot be exported") + "nothing is exported (--skip-unsupported exports the rest)\n"},
		"the rest":        {[]string{"--for", "networkpolicy", "--skip-unsupported"}, 0, "NetworkPolicy NetworkPolicy", note + refused("is left out")},
		"L4 alone":        {[]string{"--for", "networkpolicy", "--l4-only"}, 0, "NetworkPolicy NetworkPolicy NetworkPolicy", note},
		"one namespace":   {[]string{"--for", "istio", "-n", "edge"}, 0, "", "There are no TrafficTargets to export.\n"},
		"every namespace": {[]string{"--for", "istio", "-n", "edge", "-A"}, 0, "AuthorizationPolicy AuthorizationPolicy AuthorizationPolicy", note},
		"linkerd": {[]string{"--for", "linkerd", "--raw-paths"}, 0, "Server HTTPRoute MeshTLSAuthentication AuthorizationPolicy Server HTTPRoute MeshTLSAuthentication AuthorizationPolicy " +
			"Server MeshTLSAuthentication AuthorizationPolicy", note},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := offline(t, "", append([]string{"access", "export", "-f", shopFolder}, test.args...)...)
			if diff := cmp.Diff(test.wantErr, errOut); code != test.code || diff != "" {
				t.Errorf("code %d, want %d (-want +got):\n%s", code, test.code, diff)
			}
			var kinds []string
			for _, document := range strings.Split(out, "---\n")[1:] {
				var object struct{ Kind string }
				if err := yaml.Unmarshal([]byte(document), &object); err != nil {
					t.Fatal(err)
				}
				kinds = append(kinds, object.Kind)
				if object.Kind == "NetworkPolicy" {
					if err := yaml.UnmarshalStrict([]byte(document), &networkingv1.NetworkPolicy{}); err != nil {
						t.Error(err)
					}
				}
			}
			if diff := cmp.Diff(test.kinds, strings.Join(kinds, " ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestRoutes(t *testing.T) {
	openapi := "openapi: 3.0.3\ninfo: {title: Carts, version: '1'}\npaths: {'/carts/{id}': {get: {operationId: getCart, responses: {'200': {description: d}}}}}\n"
	code, out, errOut := offline(t, openapi, "routes", "--openapi", "-", "-n", "shop", "--base-path", "/v1")
	want := lines("apiVersion: specs.smi-spec.io/v1alpha4", "kind: HTTPRouteGroup", "metadata:", "  name: carts", "  namespace: shop", "spec:", "  matches:",
		"  - methods:", "    - GET", "    name: getCart", "    pathRegex: /v1/carts/[^/]+$")
	if diff := cmp.Diff(want, out); code != 0 || errOut != "" || diff != "" {
		t.Errorf("code %d: %s(-want +got):\n%s", code, errOut, diff)
	}
	one, two := file(t, "one.proto", "syntax = \"proto3\"; package a; service B { rpc C(D) returns (D); }"), file(t, "two.proto", "syntax = \"proto3\"; service E { rpc F(D) returns (D); }")
	code, out, errOut = offline(t, "", "routes", "--proto", one, "--proto", two, "--name", "both")
	want = lines("apiVersion: specs.smi-spec.io/v1alpha4", "kind: HTTPRouteGroup", "metadata:", "  name: both", "spec:", "  matches:",
		"  - methods:", "    - POST", "    name: E.F", "    pathRegex: /E/F$", "  - methods:", "    - POST", "    name: a.B.C", `    pathRegex: /a\.B/C$`)
	if diff := cmp.Diff(want, out); code != 0 || errOut != "" || diff != "" {
		t.Errorf("code %d: %s(-want +got):\n%s", code, errOut, diff)
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing":            {nil, "routes needs --openapi FILE or --proto FILE, and not both"},
		"both":               {[]string{"--openapi", "a", "--proto", "b"}, "routes needs --openapi FILE or --proto FILE, and not both"},
		"a base of gRPC":     {[]string{"--proto", one, "--base-path", "/a"}, "--base-path is for --openapi: gRPC has no path before its own"},
		"one file twice":     {[]string{"--proto", one, "--proto", one}, "the name of match a.B.C is used more than once, so none of them grants anything"},
		"no description":     {[]string{"--openapi", one}, ""},
		"a bad name":         {[]string{"--proto", one, "--name", "A"}, ""},
		"no file":            {[]string{"--proto", one + "x"}, "open " + one + "x: no such file or directory"},
		"the wrong language": {[]string{"--proto", "-"}, ""},
	} {
		code, out, errOut := offline(t, openapi, append([]string{"routes"}, test.args...)...)
		if code != 1 || out != "" || strings.Count(errOut, "\n") != 1 || test.want != "" && errOut != "error: "+test.want+"\n" {
			t.Errorf("%s: code %d, printed %q: %s", name, code, out, errOut)
		}
	}
}

func TestCompletionOfAccess(t *testing.T) {
	for args, want := range map[string]string{
		"access|":                  "check Say whether a request is allowed export Write TrafficTargets as policies of Istio, Linkerd or Kubernetes who List who may call a ServiceAccount, or whom it may call :4",
		"access|export|--for|":     "networkpolicy istio linkerd :4",
		"access|check|--protocol|": "tcp http :4",
		"access|check|--method|":   "GET HEAD POST PUT PATCH DELETE OPTIONS :4",
		"access|check|-o|":         "json yaml wide :4",
		"access|check|--test|":     "yaml yml json :8",
		"access|check|--filename|": "yaml yml json :8",
		"routes|--proto|":          "proto :8",
		"access|who|":              ":4",
	} {
		_, out, _ := offline(t, "", append([]string{"__complete"}, strings.Split(args, "|")...)...)
		if diff := cmp.Diff(want, strings.Join(strings.Fields(out), " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", args, diff)
		}
	}
}
