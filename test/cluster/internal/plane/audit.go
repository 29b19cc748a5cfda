package plane

import "os"

// Audit says what the API server records of requests.
type Audit int

// What can be recorded.
const (
	// AuditNothing is the zero value.
	AuditNothing Audit = iota
	// AuditRequests records of each request who asked for what, when, and how it was answered, but no content.
	AuditRequests
)

// auditPolicy has each request recorded once when it ends, and a watch also when it begins.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata, omitManagedFields: true}]
`

// auditFlags are kube-apiserver's. Its own way to turn a long record over would lose the begin of it to whoever reads along.
func (l layout) auditFlags() []string {
	if l.audit == AuditNothing {
		return nil
	}
	return []string{
		"--audit-policy-file=" + l.at("audit-policy.yaml"),
		"--audit-log-path=" + l.log("audit"),
		"--audit-log-maxsize=100000", // megabytes
	}
}

// writeAuditPolicy writes what the flags refer to and returns the path of the record, empty if there is none.
func (l layout) writeAuditPolicy() (string, error) {
	if l.audit == AuditNothing {
		return "", nil
	}
	return l.log("audit"), os.WriteFile(l.at("audit-policy.yaml"), []byte(auditPolicy), 0o600)
}
