package split

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
)

// A bridge carries a TrafficSplit out by the Gateway API. It and whoever wrote the split meet in two annotations: one asks,
// the other answers. A split has no status in most of the CRDs that are installed.
const (
	// RouteAnnotation asks for a route; its value is a RouteRequest as JSON. A split without it is no bridge's business.
	RouteAnnotation = "gateway.serin.dev/route"
	// LandingAnnotation answers; its value is a Landing as JSON. Only the bridge writes it.
	LandingAnnotation = "gateway.serin.dev/landing"
)

// RouteRequest says which route carries a split out. Either ParentRefs or Existing is set.
type RouteRequest struct {
	// ParentRefs are the Gateways, or the Services of a mesh, that a route of the bridge's own is attached to. A Service
	// parent without a port means every port of that Service.
	ParentRefs []ParentRef `json:"parentRefs,omitempty"`
	// Hostnames of a route with Gateway parents; empty means every host of the listener. Never set with a Service parent.
	Hostnames []string `json:"hostnames,omitempty"`
	// Existing is a route of the user's own, in the split's namespace, of which only the backendRefs that lead to the apex are
	// taken over. They are put back when the request or the split goes; a finalizer keeps the split for so long.
	Existing *RouteRef `json:"existing,omitempty"`
}

// ParentRef names what a route is attached to, as in the Gateway API.
type ParentRef struct {
	// Group of the parent: gateway.networking.k8s.io when the kind is Gateway, "" (core) when it is Service.
	Group string `json:"group,omitempty"`
	// Kind is Gateway or Service; empty means Gateway.
	Kind string `json:"kind,omitempty"`
	// Namespace of the parent; empty means the split's.
	Namespace string `json:"namespace,omitempty"`
	// Name of the parent.
	Name string `json:"name"`
	// SectionName is one listener of a Gateway; empty means all.
	SectionName string `json:"sectionName,omitempty"`
	// Port of the parent; zero means all.
	Port int32 `json:"port,omitempty"`
}

// RouteRef names a route in the split's namespace.
type RouteRef struct {
	// Kind is HTTPRoute or GRPCRoute; empty means HTTPRoute.
	Kind string `json:"kind,omitempty"`
	// Name of the route.
	Name string `json:"name"`
}

// Landing says what became of a split.
type Landing struct {
	// Generation is the split's metadata.generation that this speaks of; an older one says nothing about the split as it is.
	Generation int64 `json:"generation"`
	// Request is a digest of the RouteAnnotation that this answers, because an annotation has no part in the generation.
	Request string `json:"request"`
	// Weights are what the data plane has accepted, by backend Service: those of every backend of the split, or none until all of
	// its routes are accepted as they are now.
	Weights map[string]int64 `json:"weights,omitempty"`
	// Message says in a sentence what the bridge did, what it waits for, or what is wrong.
	Message string `json:"message,omitempty"`
}

// RouteRequest reads what a split asks of a bridge; nil when it asks nothing.
func (s *TrafficSplit) RouteRequest() (*RouteRequest, error) {
	text, ok := s.Annotations[RouteAnnotation]
	if !ok {
		return nil, nil
	}
	request := &RouteRequest{}
	if err := json.Unmarshal([]byte(text), request); err != nil {
		return nil, fmt.Errorf("annotation %s cannot be read: %w", RouteAnnotation, err)
	}
	return request, nil
}

// Answer begins what a bridge answers to a split as it is now.
func (s *TrafficSplit) Answer() Landing {
	digest := fnv.New64a()
	_, _ = digest.Write([]byte(s.Annotations[RouteAnnotation]))
	return Landing{Generation: s.Generation, Request: fmt.Sprintf("%016x", digest.Sum64())}
}

// Landing reads what a bridge answered; nil when it did not, or not to the split as it is now.
func (s *TrafficSplit) Landing() *Landing {
	landing, now := &Landing{}, s.Answer()
	if json.Unmarshal([]byte(s.Annotations[LandingAnnotation]), landing) != nil ||
		landing.Generation != now.Generation || landing.Request != now.Request {
		return nil
	}
	return landing
}
