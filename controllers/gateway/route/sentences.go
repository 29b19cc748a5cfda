package route

import (
	"errors"
	"fmt"
	"strings"

	"github.com/serin-dev/serin/api/smi/split"

	corev1 "k8s.io/api/core/v1"
)

var errNotForGRPC = errors.New("a GRPCRoute matches headers only: a path and a method mean something else in it")

const badRequest = "annotation " + split.RouteAnnotation + " must have either parentRefs or existing"

func noApex(name string) string {
	return fmt.Sprintf("Service %q, which the split divides, does not exist", name)
}

func externalApex(name string) string {
	return fmt.Sprintf("Service %q is of type ExternalName, which no route can divide", name)
}

func headlessApex(name string) string {
	return fmt.Sprintf("Service %q is headless, which no route can divide", name)
}

func tooManyBackends(n int) string {
	return fmt.Sprintf("the split has %d backends; a rule of a route has at most %d", n, maxBackends)
}

func noBackend(b split.Backend) string {
	return fmt.Sprintf("Service %q does not exist, so its weight %d goes to the other backends", b.Service, b.Weight)
}

func externalBackend(b split.Backend) string {
	return fmt.Sprintf("Service %q is of type ExternalName, which no route may lead to, so its weight %d goes to the other backends", b.Service, b.Weight)
}

func noPort(b split.Backend, port int32) string {
	return fmt.Sprintf("Service %q has no port %d, so it gets no request of that port", b.Service, port)
}

func noPortAtAll(b split.Backend) string {
	return fmt.Sprintf("Service %q has none of the ports that are routed, so its weight %d cannot land", b.Service, b.Weight)
}

func nobodyOnPort(port int32) string {
	return fmt.Sprintf("no backend with a weight above 0 has port %d, so no route is made for it", port)
}

func noMeshPort(name string) string {
	return fmt.Sprintf("Service %q has no port for HTTP that a parent of the request names", name)
}

func whichPort(name string, ports []corev1.ServicePort) string {
	var numbers []string
	for _, p := range ports {
		numbers = append(numbers, fmt.Sprint(p.Port))
	}
	if len(numbers) == 0 {
		return fmt.Sprintf("Service %q has no TCP port", name)
	}
	return fmt.Sprintf("Service %q has the ports %s, of which none is named http or is 80, so it is unclear which one a Gateway leads to; "+
		"write the route yourself and name it as existing", name, strings.Join(numbers, ", "))
}

func oddParent(group, kind string) string {
	return fmt.Sprintf("a parent of kind %.40q in group %.60q is not supported; it must be a Gateway or a Service", kind, group)
}

func otherParent(name, apex string) string {
	return fmt.Sprintf("the parent Service %q is not %q, which the split divides; a mesh takes no other", name, apex)
}

func tooManyMatches(n int) string {
	return fmt.Sprintf("the split's matches need %d of a route's matches; a route has at most %d, of which the rest of the requests takes one", n, maxMatches)
}

func askingMesh(apex string) string {
	return fmt.Sprintf("it is not known yet which mesh answers for Service %q, and so how to write its matches; "+
		"a route that changes nothing was written to find out", apex)
}

func unknownGateway(name string) string {
	return fmt.Sprintf("it is not known yet which implementation Gateway %q belongs to, and so how to write the split's matches", name)
}

func otherGroup(name, group string) string {
	return fmt.Sprintf("the split's matches name %q of API group %.60q; only specs.smi-spec.io has HTTPRouteGroups", name, group)
}

func noGroup(name string) string {
	return fmt.Sprintf("HTTPRouteGroup %q, which the split's matches name, does not exist", name)
}

func badGroup(name, problem string) string {
	return fmt.Sprintf("HTTPRouteGroup %q is not understood: %s", name, problem)
}

func badMatch(group, match string, err error) string {
	return fmt.Sprintf("match %q of HTTPRouteGroup %q cannot be written as a route: %s", match, group, err)
}

func oddMethod(method string) error {
	return fmt.Errorf("method %.20q is none that a route can name", method)
}

func sameHeader(name string) error {
	return fmt.Errorf("header %q is given twice in different spellings", name)
}

func unknownReader(controller string) error {
	return fmt.Errorf("it is not known how %s matches a regular expression, and a guess could route requests wrongly", controller)
}

func tooLong(what string, n, most int) error {
	return fmt.Errorf("its %s would be %d long; a route takes at most %d", what, n, most)
}
