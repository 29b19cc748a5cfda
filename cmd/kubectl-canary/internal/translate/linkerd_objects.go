package translate

import (
	"fmt"

	"github.com/serin-dev/serin/policy"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Groups of the objects that Linkerd reads.
const (
	linkerdGroup = "policy.linkerd.io"
	gatewayGroup = "gateway.networking.k8s.io"
)

// linkerdObject is an object that Linkerd reads.
type linkerdObject struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec any `json:"spec"`
}

func (o *linkerdObject) kind() string { return o.Kind }

// serverSpec is that of a Server: a port of pods, of which everything is denied that nothing allows.
type serverSpec struct {
	PodSelector metav1.LabelSelector `json:"podSelector"`
	Port        int32                `json:"port"`
}

// reference names another object of the same namespace.
type reference struct {
	Group string `json:"group,omitempty"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	// Namespace is that of a ServiceAccount.
	Namespace string `json:"namespace,omitempty"`
}

// authenticationSpec is that of a MeshTLSAuthentication: callers of whom one is enough.
type authenticationSpec struct {
	IdentityRefs []reference `json:"identityRefs"`
}

// authorizationSpec is that of an AuthorizationPolicy: who may do what its target describes.
type authorizationSpec struct {
	TargetRef                  reference   `json:"targetRef"`
	RequiredAuthenticationRefs []reference `json:"requiredAuthenticationRefs"`
}

// httpRouteSpec is that of an HTTPRoute of a Server, which has no backends.
type httpRouteSpec struct {
	ParentRefs []reference     `json:"parentRefs"`
	Rules      []httpRouteRule `json:"rules"`
}

type httpRouteRule struct {
	Matches []httpRouteMatch `json:"matches"`
}

type httpRouteMatch struct {
	Path    httpValue   `json:"path"`
	Headers []httpValue `json:"headers,omitempty"`
	Method  string      `json:"method,omitempty"`
}

// httpValue is a condition on the path, which has no name, or on a header.
type httpValue struct {
	Type  string `json:"type"`
	Name  string `json:"name,omitempty"`
	Value string `json:"value"`
}

// writer writes the objects of one Server.
type writer struct {
	destination
	server string
	port   int32
	out    []any
}

func (w *writer) add(apiVersion, kind string, m metav1.ObjectMeta, spec any) {
	w.out = append(w.out, &linkerdObject{metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}, m, spec})
}

// allow lets sources do what a Server or an HTTPRoute describes.
func (w *writer) allow(target reference, sources []policy.Identity, grants []policy.Grant) {
	refs := make([]reference, 0, len(sources))
	for _, s := range sources {
		refs = append(refs, reference{Kind: "ServiceAccount", Name: s.ServiceAccount, Namespace: s.Namespace})
	}
	w.add(linkerdGroup+"/v1alpha1", "MeshTLSAuthentication", metadata(w.Namespace, target.Name, grants...), authenticationSpec{refs})
	w.add(linkerdGroup+"/v1alpha1", "AuthorizationPolicy", metadata(w.Namespace, target.Name, grants...), authorizationSpec{
		TargetRef:                  target,
		RequiredAuthenticationRefs: []reference{{Group: linkerdGroup, Kind: "MeshTLSAuthentication", Name: target.Name}},
	})
}

// write writes a Server, and what is allowed on it.
func (w *writer) write(s selector, onPort portGrants) {
	w.server = fmt.Sprintf("%s-%d", nameOf(w.destination, s), w.port)
	w.add(linkerdGroup+"/v1beta3", "Server", metadata(w.Namespace, w.server, onPort.grants...),
		serverSpec{metav1.LabelSelector{MatchLabels: s.labels}, w.port})
	if len(onPort.anyTraffic) > 0 {
		w.allow(reference{Group: linkerdGroup, Kind: "Server", Name: w.server}, onPort.anyTraffic, onPort.grants)
	}
	for i, group := range onPort.groups {
		name := fmt.Sprintf("%s-%d", w.server, i+1)
		w.add(gatewayGroup+"/v1", "HTTPRoute", metadata(w.Namespace, name, group.grants...), httpRouteSpec{
			ParentRefs: []reference{{Group: linkerdGroup, Kind: "Server", Name: w.server}}, Rules: group.rules(),
		})
		w.allow(reference{Group: gatewayGroup, Kind: "HTTPRoute", Name: name}, group.sources, group.grants)
	}
}
