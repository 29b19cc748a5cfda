package route

import (
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/api/smi/split"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

const (
	// KindHTTP is the kind of routes for HTTP.
	KindHTTP = "HTTPRoute"
	// KindGRPC is the kind of routes for gRPC.
	KindGRPC = "GRPCRoute"

	kindService = "Service"
	kindGateway = "Gateway"
	groupCore   = "core" // how Linkerd writes the group ""
)

// Input is all that decides which routes a split needs.
type Input struct {
	Split   *split.TrafficSplit
	Request split.RouteRequest
	// Services are those of the split's namespace, by name, as far as the split names them.
	Services map[string]*corev1.Service
	// Groups are the HTTPRouteGroups of the split's namespace, by name, as far as the split names them.
	Groups map[string]*specs.HTTPRouteGroup
	// Controllers are the controllerNames that answer for each of the request's parents, in the same order; none while unknown.
	Controllers [][]string
}

// Outcome is what a split needs.
type Outcome struct {
	// Routes are those that there must be, and no others.
	Routes []Route
	// Problems are what stands in the way, or what a person should know.
	Problems []Problem
	// Keep says that the routes that are there must stay as they are, because none can be made now.
	Keep bool
}

// Blocked says whether the weights of the split are not what the routes say, so that they cannot land.
func (o Outcome) Blocked() bool {
	for _, p := range o.Problems {
		if p.Blocks {
			return true
		}
	}
	return o.Keep
}

// Problem is one thing that is not as it should be.
type Problem struct {
	// Reason is one word of an Event.
	Reason string
	// Message is one sentence.
	Message string
	// Blocks says that the weights cannot land while it lasts.
	Blocks bool
}

// Reasons of problems.
const (
	ReasonNotUnderstood   = "NotUnderstood"
	ReasonUnsupported     = "Unsupported"
	ReasonServiceNotFound = "ServiceNotFound"
	ReasonPortMismatch    = "PortMismatch"
	ReasonNoWeight        = "NoWeight"
	ReasonConflicted      = "Conflicted"
	ReasonNotOwned        = "NotOwned"
	ReasonReverted        = "Reverted"
)

// Route is a route that there must be: one of the two is set.
type Route struct {
	HTTP *gatewayv1.HTTPRoute
	GRPC *gatewayv1.GRPCRoute
}

// Kind is HTTPRoute or GRPCRoute.
func (r Route) Kind() string {
	if r.GRPC != nil {
		return KindGRPC
	}
	return KindHTTP
}

// Meta is the route's metadata.
func (r Route) Meta() *metav1.ObjectMeta {
	if r.GRPC != nil {
		return &r.GRPC.ObjectMeta
	}
	return &r.HTTP.ObjectMeta
}

// ParentRefs are what the route is attached to.
func (r Route) ParentRefs() []gatewayv1.ParentReference {
	if r.GRPC != nil {
		return r.GRPC.Spec.ParentRefs
	}
	return r.HTTP.Spec.ParentRefs
}

// Spec is the route's specification.
func (r Route) Spec() any {
	if r.GRPC != nil {
		return r.GRPC.Spec
	}
	return r.HTTP.Spec
}
