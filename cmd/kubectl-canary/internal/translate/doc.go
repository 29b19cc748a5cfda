// Package translate writes what TrafficTargets allow as objects of what enforces access where Serin does not: NetworkPolicies, or the
// policies of Istio or Linkerd.
//
// In: policy.Grants, the TrafficTargets they come from, and the workloads by which ServiceAccounts become labels. Out: objects, and
// Refusals. What cannot be said exactly is refused and never approximated, and nothing is allowed that the grants do not. It must not
// read files or a cluster, and it must not print.
package translate
