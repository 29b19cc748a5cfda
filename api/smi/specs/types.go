package specs

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// HTTPRouteGroup names sets of HTTP requests, so that TrafficTargets and TrafficSplits can refer to them.
//
// +kubebuilder:object:root=true
type HTTPRouteGroup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec HTTPRouteGroupSpec `json:"spec,omitempty"`
	// Status is what Serin says about the object. Nothing in it grants or denies anything.
	Status Status `json:"status,omitzero"`
}

// HTTPRouteGroupSpec is the hub form of a group's specification.
type HTTPRouteGroupSpec struct {
	// Matches are the named sets; a request belongs to the group when it belongs to any of them.
	Matches []HTTPMatch `json:"matches,omitempty"`
	// Problems say in a sentence each what was not understood in the object that was read. An object that has any must be
	// refused whole; a match that was not understood is not in Matches.
	Problems []string `json:"-"`
}

// HTTPMatch is a set of HTTP requests: those that meet every condition given.
type HTTPMatch struct {
	// Name identifies the match within its group.
	Name string `json:"name"`
	// PathRegex is an RE2 expression that must match at the start of the path; empty means any path.
	PathRegex string `json:"pathRegex,omitempty"`
	// Methods are HTTP methods, compared as written; none, or one that is "*", means any method.
	Methods []string `json:"methods,omitempty"`
	// Headers map a header name to an RE2 expression that any value of it must contain.
	Headers map[string]string `json:"headers,omitempty"`
}

// HTTPRouteGroupList is a list of HTTPRouteGroups.
//
// +kubebuilder:object:root=true
type HTTPRouteGroupList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []HTTPRouteGroup `json:"items"`
}

// TCPRoute names a set of TCP connections by port.
//
// +kubebuilder:object:root=true
type TCPRoute struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec TCPRouteSpec `json:"spec,omitempty"`
	// Status is what Serin says about the object. Nothing in it grants or denies anything.
	Status Status `json:"status,omitzero"`
}

// TCPRouteSpec is the hub form of a TCP route's specification.
type TCPRouteSpec struct {
	// Matches hold the ports.
	Matches TCPMatch `json:"matches,omitempty"`
	// Problems say in a sentence each what was not understood in the object that was read. An object that has any must be
	// refused whole: the ports that are left may be none, which would mean every port.
	Problems []string `json:"-"`
}

// TCPMatch is a set of TCP connections.
type TCPMatch struct {
	// Name identifies the match.
	Name string `json:"name,omitempty"`
	// Ports are pod ports; none means every port.
	Ports []int32 `json:"ports,omitempty"`
}

// TCPRouteList is a list of TCPRoutes.
//
// +kubebuilder:object:root=true
type TCPRouteList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []TCPRoute `json:"items"`
}

// UDPRoute names a set of UDP datagrams by port. Only v1alpha4 has it.
//
// +kubebuilder:object:root=true
type UDPRoute struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec UDPRouteSpec `json:"spec,omitempty"`
	// Status is what Serin says about the object. Nothing in it grants or denies anything.
	Status Status `json:"status,omitzero"`
}

// UDPRouteSpec is the hub form of a UDP route's specification.
type UDPRouteSpec struct {
	// Matches hold the ports.
	Matches UDPMatch `json:"matches,omitempty"`
	// Problems say in a sentence each what was not understood in the object that was read. An object that has any must be
	// refused whole: the ports that are left may be none, which would mean every port.
	Problems []string `json:"-"`
}

// UDPMatch is a set of UDP datagrams.
type UDPMatch struct {
	// Name identifies the match.
	Name string `json:"name,omitempty"`
	// Ports are pod ports; none means every port.
	Ports []int32 `json:"ports,omitempty"`
}

// UDPRouteList is a list of UDPRoutes.
//
// +kubebuilder:object:root=true
type UDPRouteList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []UDPRoute `json:"items"`
}

// Status is what Serin says about an object.
type Status struct {
	// Conditions has Accepted, which is False while something about the object is wrong.
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
