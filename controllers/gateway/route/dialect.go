package route

import (
	"strings"
)

// dialect is how a regular expression must be written so that an implementation reads it as SMI means it.
type dialect struct {
	// path writes an expression that must match at the start of a path.
	path func(pattern string) string
	// header writes an expression that may match anywhere in a value.
	header func(pattern string) string

	nobody  bool   // no implementation is known yet
	unknown string // the controllerName of an implementation that Serin does not know
}

// Implementation is a Gateway API implementation whose regular expressions Serin knows how to write.
type Implementation struct {
	// Name is what people call it.
	Name string
	// Controller is its controllerName; one that ends with / is the beginning of several.
	Controller string
	// Mesh says that it takes a Service as parent.
	Mesh bool
	// Engine says how it matches a path.
	Engine string

	write *dialect
}

var (
	// fullMatch is for engines that must match the whole path.
	fullMatch = &dialect{path: func(p string) string { return "(?:" + p + ").*" }, header: within}
	// anchoredFull is for one that takes the first match and then asks whether it is the whole; every engine reads it rightly.
	anchoredFull = &dialect{path: func(p string) string { return "^(?:" + p + ").*$" }, header: within}
	// unanchored is for engines that search.
	unanchored = &dialect{path: func(p string) string { return "^(?:" + p + ")" }, header: func(p string) string { return p }}
	// prefixed is for engines that put ^ before what they are given, without a group.
	prefixed = &dialect{path: func(p string) string { return "(?:" + p + ")" }, header: within}
)

// within matches anywhere in a value under an engine that must match all of it.
func within(p string) string { return ".*(?:" + p + ").*" }

const (
	engineFull       = "RE2, the whole path"
	engineRust       = "Rust regex, the first match must be the whole path"
	engineUnanchored = "Go regexp, anywhere in the path"
	enginePrefix     = "a prefix of the path, ^ put before it"
)

// Implementations are those that Serin knows.
var Implementations = []Implementation{
	{"Istio", "istio.io/gateway-controller", true, engineFull, fullMatch},
	{"Envoy Gateway", "gateway.envoyproxy.io/gatewayclass-controller", false, engineFull, fullMatch},
	{"Kuma", "gateways.kuma.io/controller", true, engineFull, fullMatch},
	{"Cilium", "io.cilium/gateway-controller", true, engineFull, fullMatch},
	{"Contour", "projectcontour.io/gateway-controller", false, engineFull + ", ^ put before it", fullMatch},
	{"Linkerd", "linkerd.io/policy-controller", true, engineRust, anchoredFull},
	{"Traefik", "traefik.io/gateway-controller", false, engineUnanchored, unanchored},
	{"NGINX Gateway Fabric", "gateway.nginx.org/nginx-gateway-controller", false, "PCRE, " + enginePrefix, prefixed},
	{"Kong", "konghq.com/", false, enginePrefix, prefixed},
}

// implementation finds one by its controllerName.
func implementation(controller string) (Implementation, bool) {
	for _, i := range Implementations {
		if controller == i.Controller || strings.HasSuffix(i.Controller, "/") && strings.HasPrefix(controller, i.Controller) {
			return i, true
		}
	}
	return Implementation{}, false
}

// isMesh says whether a controllerName is of a mesh that Serin knows.
func isMesh(controller string) bool {
	i, ok := implementation(controller)
	return ok && i.Mesh
}

// dialectOf is the one that all who answer for the parents read rightly.
func dialectOf(parents []parent) *dialect {
	var of *dialect
	for _, p := range parents {
		if len(p.controllers) == 0 {
			return &dialect{path: anchoredFull.path, header: anchoredFull.header, nobody: true}
		}
		for _, controller := range p.controllers {
			i, ok := implementation(controller)
			switch {
			case !ok:
				return &dialect{unknown: controller}
			case of == nil || of == i.write:
				of = i.write
			default:
				of = anchoredFull
			}
		}
	}
	return of
}
