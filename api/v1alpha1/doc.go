// Package v1alpha1 is the API of Serin: the Canary, its conditions and reasons, and the names its parts meet by.
//
// In: what a user wrote, defaulted and checked by the CRD schema. Out: types, and one sentence per condition and reason. It
// imports apimachinery only and must not decide, read a cluster, or keep time.
//
// +kubebuilder:object:generate=true
// +groupName=serin.dev
package v1alpha1
