package certificate

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"time"

	"github.com/open-policy-agent/cert-controller/pkg/rotator"
	corev1 "k8s.io/api/core/v1"
)

// authorityKey is where cert-controller keeps the certificate of the authority; its other keys are those of a TLS Secret.
const authorityKey = "ca.crt"

// errEmpty is the reason not to serve a Secret that nobody has filled yet.
var errEmpty = errors.New("empty")

// judge returns why the content of a Secret is not to be served under a name, or nil. It asks the rotator's own question, so
// that what is refused here is what the rotator replaces.
func judge(data map[string][]byte, name string, now time.Time) error {
	authority, certificate, key := data[authorityKey], data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey]
	if len(authority)+len(certificate)+len(key) == 0 {
		return errEmpty
	}
	_, err := rotator.ValidCert(authority, certificate, key, name, &[]x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, now)
	return err
}

// ends is when a certificate ends that was judged to be good.
func ends(certificate []byte) time.Time {
	if block, _ := pem.Decode(certificate); block != nil {
		if parsed, err := x509.ParseCertificate(block.Bytes); err == nil {
			return parsed.NotAfter
		}
	}
	return time.Time{}
}

// fingerprint names an authority for people: the first 8 bytes of the SHA-256 of its PEM, which sha256sum prints as well.
func fingerprint(authority []byte) string {
	sum := sha256.Sum256(authority)
	return hex.EncodeToString(sum[:8])
}
