// Package certificate keeps the serving certificate of the TrafficMetrics server in one Secret, which all replicas share.
//
// In: the Secret, which exists and may be empty, and the name that callers verify. Out: a certificate for k8s.io/apiserver that
// follows the Secret without a restart; in the cluster, a certificate in the Secret that is renewed long before it ends, and the
// authority that verifies it as the caBundle of the APIService. It must not create or delete an object, read another Secret,
// write a key to a file or to a log, or hand out a certificate that callers would refuse.
//
// Two parts meet in the Secret only. Kept watches it and serves what is in it, if that is valid: it does not wait for the
// kubelet to mount anything. cert-controller's rotator (github.com/open-policy-agent/cert-controller) writes it, and the
// APIService; every replica runs one, and a replica whose write comes second finds a conflict, looks again, and is content.
//
// cert-controller's defaults hold: an authority is valid for 10 years and a certificate for 1 year, and both are replaced 90
// days before they end. A new certificate of the same authority disturbs nobody. A new authority makes the API unavailable
// from the moment a server shows the new certificate until the APIService has the new caBundle, which the same event causes.
//
// What becomes of a Secret that is not as it should be:
//
//   - empty, garbage, for another name, about to end, or signed by an authority that is not in it: it is replaced;
//   - not there, or not readable: a server that has a certificate keeps it, another one waits; one line in the log says why;
//   - there again: it is filled as at the first start, and everybody follows.
//
// An APIService that is not there gets its caBundle when it is. One that may not be read keeps the rotator from working: a server
// serves what is in the Secret, says that it is not rotated, and tries again each minute.
//
// What the server needs to be allowed: get, list, watch and update this one Secret and this one APIService, by name.
package certificate
