package v1alpha1

// TrafficSpec says who carries out the TrafficSplit.
//
// +kubebuilder:validation:XValidation:rule="!has(self.gatewayRefs) || !has(self.provider) || self.provider in ['Auto', 'Gateway']",message="spec.traffic.gatewayRefs needs spec.traffic.provider Auto or Gateway: no other provider makes a route"
// +kubebuilder:validation:XValidation:rule="!has(self.routeRef) || !has(self.provider) || self.provider in ['Auto', 'Gateway']",message="spec.traffic.routeRef needs spec.traffic.provider Auto or Gateway: no other provider uses a route"
// +kubebuilder:validation:XValidation:rule="!has(self.routeRef) || (!has(self.gatewayRefs) && !has(self.hostnames))",message="spec.traffic.routeRef is a route that you made, with parents and hostnames of its own: leave gatewayRefs and hostnames out"
// +kubebuilder:validation:XValidation:rule="!has(self.hostnames) || (has(self.gatewayRefs) && self.gatewayRefs.all(r, !has(r.kind) || r.kind == 'Gateway'))",message="spec.traffic.hostnames needs spec.traffic.gatewayRefs of kind Gateway: a mesh knows its callers' requests by the Service and not by the host"
type TrafficSpec struct {
	// Provider is the data plane: Auto picks by what the cluster has, Proxy is the bundled proxy, Split is a mesh that
	// reads TrafficSplits, Gateway is the Gateway API.
	// +optional
	// +kubebuilder:default=Auto
	Provider TrafficProvider `json:"provider,omitempty"`
	// GatewayRefs are what Serin's own HTTPRoute is attached to: Gateways, or Services of a mesh. With provider Gateway and
	// neither gatewayRefs nor routeRef it is attached to the apex Service.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	GatewayRefs []GatewayRef `json:"gatewayRefs,omitempty"`
	// Hostnames of Serin's own HTTPRoute; default every host of the Gateways' listeners.
	// +optional
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:Pattern=`^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +listType=atomic
	Hostnames []string `json:"hostnames,omitempty"`
	// RouteRef is a route of the user's own whose backends are divided while the Canary exists, and put back after.
	// +optional
	RouteRef *RouteRef `json:"routeRef,omitempty"`
}

// GatewayRef names a Gateway, or the Service of a mesh, as in the Gateway API.
//
// +kubebuilder:validation:XValidation:rule="!has(self.group) || (has(self.kind) && self.kind == 'Service' ? size(self.group) == 0 : self.group == 'gateway.networking.k8s.io')",message="spec.traffic.gatewayRefs: the group of a Gateway is gateway.networking.k8s.io and that of a Service is empty; leave it out"
// +kubebuilder:validation:XValidation:rule="!has(self.sectionName) || !has(self.kind) || self.kind != 'Service'",message="spec.traffic.gatewayRefs: sectionName is a listener of a Gateway; a Service has ports"
type GatewayRef struct {
	// Group of the kind; default the one that belongs to it.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Group *string `json:"group,omitempty"`
	// Kind is Gateway, or Service for a mesh.
	// +optional
	// +kubebuilder:default=Gateway
	// +kubebuilder:validation:Enum=Gateway;Service
	Kind string `json:"kind,omitempty"`
	// Namespace of the parent; default the Canary's.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
	// Name of the parent.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// SectionName is one listener of a Gateway; default all.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	SectionName string `json:"sectionName,omitempty"`
	// Port of the parent; default all.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`
}

// RouteRef names a route in the Canary's namespace.
type RouteRef struct {
	// Kind is HTTPRoute or GRPCRoute.
	// +optional
	// +kubebuilder:default=HTTPRoute
	// +kubebuilder:validation:Enum=HTTPRoute;GRPCRoute
	Kind string `json:"kind,omitempty"`
	// Name of the route.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// TrafficProvider names a data plane.
//
// +kubebuilder:validation:Enum=Auto;Split;Gateway;Proxy
type TrafficProvider string

// Traffic providers.
const (
	ProviderAuto    TrafficProvider = "Auto"
	ProviderSplit   TrafficProvider = "Split"
	ProviderGateway TrafficProvider = "Gateway"
	ProviderProxy   TrafficProvider = "Proxy"
)

// TrafficStatus is the data plane that carries the TrafficSplit out. It stays what it is while a rollout runs.
type TrafficStatus struct {
	// Provider is Split, Gateway or Proxy.
	Provider TrafficProvider `json:"provider"`
	// Reason says in one sentence why it is that one.
	// +optional
	Reason string `json:"reason,omitempty"`
}

// Plane is the data plane that is driven, empty while none was chosen yet.
func (s *CanaryStatus) Plane() TrafficProvider {
	if s.Traffic == nil {
		return ""
	}
	return s.Traffic.Provider
}
