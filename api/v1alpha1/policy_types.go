package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RolloutPolicy holds for every Canary of its namespace: a freeze, a limit on rollouts at a time, and services that are told.
// Where several policies apply, any freeze freezes, the least limit limits, and every service is told.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=rolloutpolicies,shortName=rp,categories=all
// +kubebuilder:printcolumn:name="Freeze",type=string,JSONPath=`.spec.freeze.reason`
// +kubebuilder:printcolumn:name="Until",type=string,JSONPath=`.spec.freeze.until`
// +kubebuilder:printcolumn:name="Max",type=integer,JSONPath=`.spec.maxRollouts`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type RolloutPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what holds.
	// +required
	Spec RolloutPolicySpec `json:"spec"`
}

// RolloutPolicyList is a list of RolloutPolicies.
//
// +kubebuilder:object:root=true
type RolloutPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []RolloutPolicy `json:"items"`
}

// ClusterRolloutPolicy is a RolloutPolicy for every Canary of the cluster.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=clusterrolloutpolicies,scope=Cluster,shortName=crp
// +kubebuilder:printcolumn:name="Freeze",type=string,JSONPath=`.spec.freeze.reason`
// +kubebuilder:printcolumn:name="Until",type=string,JSONPath=`.spec.freeze.until`
// +kubebuilder:printcolumn:name="Max",type=integer,JSONPath=`.spec.maxRollouts`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ClusterRolloutPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what holds.
	// +required
	Spec RolloutPolicySpec `json:"spec"`
}

// ClusterRolloutPolicyList is a list of ClusterRolloutPolicies.
//
// +kubebuilder:object:root=true
type ClusterRolloutPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []ClusterRolloutPolicy `json:"items"`
}

// RolloutPolicySpec is what a policy asks for.
type RolloutPolicySpec struct {
	// Freeze lets no rollout start and no weight rise. Rolling back goes on.
	// +optional
	Freeze *Freeze `json:"freeze,omitempty"`
	// MaxRollouts is the most rollouts that run at the same time.
	// +optional
	// +kubebuilder:validation:Minimum=1
	MaxRollouts *int32 `json:"maxRollouts,omitempty"`
	// Notifications are the services that are told of each transition of each Canary.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +listType=atomic
	Notifications []Notification `json:"notifications,omitempty"`
}

// Freeze is a time in which nothing is rolled out.
//
// +kubebuilder:validation:XValidation:rule="!has(self.from) || !has(self.until) || self.from < self.until",message="spec.freeze.until must be later than spec.freeze.from"
type Freeze struct {
	// Reason is shown to everybody who waits.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason"`
	// From is when it begins. Absent means at once.
	// +optional
	From *metav1.Time `json:"from,omitempty"`
	// Until is when it ends. Absent means when the policy is changed or deleted.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
}
