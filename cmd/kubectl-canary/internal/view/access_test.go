package view_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"
	"github.com/serin-dev/serin/policy"

	"github.com/charmbracelet/x/ansi"
)

func accountOf(namespace, name string) policy.Identity {
	return policy.Identity{Namespace: namespace, ServiceAccount: name}
}

var (
	toCart = policy.Request{
		Source: accountOf("shop", "frontend"), Destination: accountOf("shop", "cart"), Port: 8080, Protocol: policy.HTTP,
		Method: "GET", Path: "/api/cart/7?page=2",
	}
	routeGone = policy.Problem{
		Kind: "TrafficTarget", Namespace: "shop", Name: "batch-cart", Reason: "RouteNotFound",
		Message: "its rule names HTTPRouteGroup shop/gone, which does not exist",
	}
	allowedByRead = policy.Decision{
		Allowed: true, Target: "shop/frontend-cart", Rule: "HTTPRouteGroup/cart", Match: "read",
		Reason: "TrafficTarget shop/frontend-cart allows match read of HTTPRouteGroup cart on the ports of TCPRoute http",
	}
	deniedToAll = policy.Decision{Reason: "no TrafficTarget in namespace shop names shop/frontend as a source of shop/cart"}
)

func accessPictures() map[string]func(view.Options) []string {
	connection := toCart
	connection.Protocol, connection.Method, connection.Path = policy.TCP, "", ""
	grants := []policy.Grant{
		{
			Target: "shop/frontend-cart", Destination: accountOf("shop", "cart"), Sources: []policy.Identity{accountOf("edge", "gateway"), accountOf("shop", "frontend")},
			Ports: []int32{8080, 9090}, Matches: []policy.GrantedMatch{
				{Group: "cart", Name: "read", PathRegex: "/api/cart/[0-9]+$", Methods: []string{"GET", "HEAD"}},
				{Group: "cart", Name: "beta", Headers: []policy.GrantedHeader{{Name: "x-beta", Regex: "^yes$"}, {Name: ":authority", Regex: `^shop\.example$`}}},
			},
		},
		{Target: "shop/operators", Destination: accountOf("shop", "cart"), Sources: []policy.Identity{accountOf("ops", "debug")}, EveryPort: true, AnyTraffic: true},
	}
	return map[string]func(view.Options) []string{
		"access-allowed": func(o view.Options) []string {
			return view.Decided(view.Access{Request: toCart, Decision: allowedByRead}, o)
		},
		"access-denied": func(o view.Options) []string {
			return view.Decided(view.Access{Request: connection, Decision: deniedToAll, Problems: []policy.Problem{routeGone}}, o)
		},
		"access-callers": func(o view.Options) []string {
			return view.Who(view.Granted{Of: accountOf("shop", "cart"), Grants: grants, Problems: []policy.Problem{routeGone}}, o)
		},
		"access-called": func(o view.Options) []string {
			return view.Who(view.Granted{Of: accountOf("ops", "debug"), Side: view.Called, Grants: grants[1:]}, o)
		},
		"access-nobody": func(o view.Options) []string {
			return append(view.Who(view.Granted{Of: accountOf("shop", "cart")}, o), view.Who(view.Granted{Of: accountOf("shop", "cart"), Side: view.Called}, o)...)
		},
		"access-tested": func(o view.Options) []string {
			return view.Tested([]view.Expected{
				{Access: view.Access{Request: toCart, Decision: allowedByRead}, Want: "allow"},
				{Access: view.Access{Request: toCart, Decision: allowedByRead}, Want: "deny", Name: "not before the move"},
				{Access: view.Access{Request: connection, Decision: deniedToAll}, Want: "allow", Name: "one that writes\nits name in two lines"},
				{Access: view.Access{Request: connection, Decision: deniedToAll}, Want: "deny"},
			}, o)
		},
	}
}

func TestAccess(t *testing.T) {
	for name, draw := range accessPictures() {
		for _, width := range []int{80, 120} {
			golden(t, name+"-"+strconv.Itoa(width), draw(view.Options{Now: now, Paint: view.Plain, Width: width}))
		}
		if name == "access-callers" {
			golden(t, name+"-wide", draw(view.Options{Now: now, Paint: view.Plain, Width: 80, Detail: view.Wide}))
		}
		for width := 1; width < 200; width++ {
			for _, line := range draw(view.Options{Now: now, Paint: view.Plain, Width: width}) {
				if w := ansi.StringWidth(line); w > width {
					t.Fatalf("%s: a line has %d columns, more than %d: %s", name, w, width, line)
				}
			}
		}
		plain := strings.Join(draw(view.Options{Now: now, Paint: view.Plain, Width: 80}), "\n")
		if got := ansi.Strip(strings.Join(draw(view.Options{Now: now, Paint: view.Colours(), Width: 80}), "\n")); got != plain {
			t.Errorf("%s: colours change the text:\n%s\n%s", name, plain, got)
		}
	}
}
