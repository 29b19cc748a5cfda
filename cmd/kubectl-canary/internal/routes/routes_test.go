package routes_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/routes"
	"github.com/serin-dev/serin/policy"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func described(t testing.TB, name string) routes.API {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	read := func(text []byte) (routes.API, error) { return routes.OpenAPI(text, nil) }
	if strings.HasSuffix(name, ".proto") {
		read = func(text []byte) (routes.API, error) { return routes.Proto(name, text) }
	}
	api, err := read(text)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

func TestDescriptions(t *testing.T) {
	for _, name := range []string{"shop.openapi.yaml", "shop.swagger.json", "shop.proto"} {
		t.Run(name, func(t *testing.T) {
			var first string
			for range 5 { // Maps have no order.
				api := described(t, name)
				g, err := routes.Group(routes.Name(api.Title), "", api.Matches)
				if err != nil {
					t.Fatal(err)
				}
				text, err := yaml.Marshal(g)
				if err != nil {
					t.Fatal(err)
				}
				if first == "" {
					first = string(text)
					golden(t, name, first)
				}
				if diff := cmp.Diff(first, string(text)); diff != "" {
					t.Fatalf("the same description gives another text:\n%s", diff)
				}
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// asked is the match that allows a request, as a TrafficTarget on the group has it; empty when none does.
func asked(t *testing.T, g *specs.HTTPRouteGroup, method, path string) string {
	t.Helper()
	someone := access.Subject{Kind: "ServiceAccount", Name: "a"}
	tt := access.TrafficTarget{Spec: access.TrafficTargetSpec{
		Destination: someone, Sources: []access.Subject{someone}, Rules: []access.Rule{{Kind: "HTTPRouteGroup", Name: g.Name}},
	}}
	tt.Namespace = g.Namespace
	graph := policy.Build(policy.Snapshot{TrafficTargets: []access.TrafficTarget{tt}, HTTPRouteGroups: []specs.HTTPRouteGroup{*g}})
	if problems := graph.Problems(); len(problems) > 0 {
		t.Fatal(problems)
	}
	id := policy.Identity{Namespace: g.Namespace, ServiceAccount: "a"}
	return graph.Authorize(policy.Request{Source: id, Destination: id, Port: 80, Protocol: policy.HTTP, Method: method, Path: path}).Match
}

func TestEachOperationIsAllowedAndItsNeighboursAreNot(t *testing.T) {
	for name, requests := range map[string]map[string]string{
		"shop.openapi.yaml": {
			"GET /v1/carts": "listCarts", "GET /v1/carts?page=2": "listCarts", "POST /v1/carts": "addCart", "GET /v1/carts/7": "getCart",
			"GET /v1/carts/a%20b": "getCart", "DELETE /v1/carts/7": "delete-carts-id", "PUT /v1/carts/7/items/tea.json": "putItem",
			"GET /v1/reports%20(old)/%C3%A9": "get-reports-old", "GET /v1/carts/mine": "myCart",
			"PUT /v1/carts": "", "GET /v1/carts/": "", "GET /v1/cartsy": "", "GET /carts": "", "POST /v1/carts/7": "", "GET /v1/carts/7/": "",
			"GET /v1/carts/7/items": "", "PUT /v1/carts/7/items/teaxjson": "", "PUT /v1/carts/7/items/.json": "", "PUT /v1/carts/7/8/items/tea.json": "",
			"GET /v1/carts/..": "", "GET /v1/carts/%2F": "", "GET /x/v1/carts": "",
		},
		"shop.swagger.json": {"GET /old/users/7": "getUser", "GET /users/7": "", "GET /old/users/": "", "POST /old/users/7": ""},
		"shop.proto": {
			"POST /shop.v1.Carts/Get": "shop.v1.Carts.Get", "POST /shop.v1.Carts/Watch": "shop.v1.Carts.Watch", "POST /shop.v1.Payments/Get": "shop.v1.Payments.Get",
			"GET /shop.v1.Carts/Get": "", "POST /shop.v1.Carts/GetAll": "", "POST /shopxv1.Carts/Get": "", "POST /Carts/Get": "", "POST /shop.v1.Carts/Get/x": "",
		},
	} {
		api := described(t, name)
		g, err := routes.Group("g", "shop", api.Matches)
		if err != nil {
			t.Fatal(err)
		}
		for request, want := range requests {
			method, path, _ := strings.Cut(request, " ")
			if got := asked(t, g, method, path); got != want {
				t.Errorf("%s: %s is allowed by %q, want %q", name, request, got, want)
			}
		}
	}
}

func TestAPathWithAParameterMeetsOthers(t *testing.T) {
	want := []string{"match getCart meets GET /v1/carts/mine too, which is match myCart: who may use the one may use the other"}
	if diff := cmp.Diff(want, described(t, "shop.openapi.yaml").Notes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// openapi is a description with paths.
func openapi(servers, paths string) string {
	return "openapi: 3.0.3\ninfo: {title: T, version: '1'}\nservers: [" + servers + "]\npaths:\n  " + paths + "\n"
}

func TestDescriptionsAreRefused(t *testing.T) {
	const get = ": {get: {operationId: o, responses: {'200': {description: d}}}}"
	long := "/" + strings.Repeat("long", 300)
	for name, test := range map[string]struct{ text, want string }{
		"no YAML":         {"{{", "it is no YAML or JSON: "},
		"a list":          {"[1]", "it is no OpenAPI description: "},
		"something else":  {"kind: Service", `it is no OpenAPI description: it has neither "openapi: 3..." nor "swagger: 2.0"`},
		"not 3":           {"openapi: 3.0.3\npaths: 7", "it is no OpenAPI description: "},
		"not 2":           {"swagger: '2.0'\npaths: 7", "it is no OpenAPI description: "},
		"another file":    {openapi("", "/a: {get: {responses: {'200': {$ref: 'other.yaml#/a'}}}}"), "it is no OpenAPI description: "},
		"two bases":       {openapi("{url: /a}, {url: /b}", "/a"+get), `its servers have different paths (["/a" "/b"]): --base-path says which of them holds`},
		"a relative base": {openapi("{url: a}", "/a"+get), `the path "a" of its servers is relative: --base-path gives one that begins with a slash`},
		"no URL":          {openapi("{url: ':'}", "/a"+get), `the URL ":" of its servers has no path: --base-path gives one`},
		"a wildcard":      {openapi("", "'/a/{b*}'"+get), `the path "/a/{b*}" cannot be read: its parameters are to be {name}, and it must have no query`},
		"a query":         {openapi("", "'/a?b'"+get), `the path "/a?b" cannot be read: its parameters are to be {name}, and it must have no query`},
		"dot segments":    {openapi("", "/a/../b"+get), `no request has the path "/a/../b" once it is spelled as it is compared: dot segments, // or escapes change in it`},
		"no operation":    {openapi("", "/a: {}"), "it describes no operation"},
		"a name twice":    {openapi("", "/a"+get+"\n  /b"+get), "the name of match o is used more than once, so none of them grants anything"},
		"a long path":     {openapi("{url: "+long+"}", "/a"+get), "the pathRegex of match o is 1204 bytes long, more than the 1024 that are allowed, so the match grants nothing"},
		"no slash":        {openapi("", "a"+get), `the path "a" does not begin with a slash`},
	} {
		t.Run(name, func(t *testing.T) {
			api, err := routes.OpenAPI([]byte(test.text), nil)
			if err == nil {
				_, err = routes.Group("g", "", api.Matches)
			}
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestBasePath(t *testing.T) {
	for base, want := range map[string]string{"": "/carts$", "/": "/carts$", "/a.b/": `/a\.b/carts$`} {
		api, err := routes.OpenAPI([]byte(openapi("{url: /x}, {url: /y}", "/carts: {get: {responses: {'200': {description: d}}}}")), &base)
		if err != nil || api.Matches[0].PathRegex != want {
			t.Errorf("%q: %v %v, want %s", base, api.Matches, err, want)
		}
	}
	base := "x"
	_, err := routes.OpenAPI([]byte(openapi("", "/a: {}")), &base)
	if want := `the base path "x" does not begin with a slash`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestGroupAndProtoRefuse(t *testing.T) {
	_, err := routes.Group("A B", "", nil)
	if want := `"A B" cannot be the name of an HTTPRouteGroup: `; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = routes.Proto("a.proto", []byte("syntax = \"proto3\";\nservice {"))
	if want := "it is no .proto file: a.proto:2:9: "; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if got := routes.Name("  Ünusable -- "); got != "nusable" {
		t.Errorf("got %s", got)
	}
	if got := routes.Name("?"); got != "routes" {
		t.Errorf("got %s", got)
	}
}

func FuzzOpenAPI(f *testing.F) {
	f.Add([]byte(openapi("{url: /a}", "'/a/{b}': {get: {operationId: o}}")))
	f.Add([]byte(openapi("null", "/a: null")))
	f.Add([]byte(`{"swagger": "2.0", "paths": {"/b": null}}`))
	f.Add([]byte(`{"swagger": "2.0", "basePath": "/a", "paths": {"/b": {"get": {}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		api, err := routes.OpenAPI(text, nil)
		if err == nil {
			_, err = routes.Group("g", "", api.Matches)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("the error has several lines: %q", err)
		}
	})
}

func FuzzProto(f *testing.F) {
	f.Add([]byte("syntax = \"proto3\"; package a; service B { rpc C(D) returns (D); }"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := routes.Proto("a.proto", text); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("the error has several lines: %q", err)
		}
	})
}
