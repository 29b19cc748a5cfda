package metrics

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/types"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"

	"github.com/serin-dev/serin/metrics/certificate"
)

const servingName = "serving-cert"

// ownValidity is how long a certificate is valid that the server makes for itself; a restart makes another.
const ownValidity = 10 * 365 * 24 * time.Hour

// serving is the certificate the server shows.
type serving struct {
	certificate dynamiccertificates.CertKeyContentProvider
	// bundle verifies a certificate that the server made in memory.
	bundle []byte
	// kept is the certificate in a Secret, or nil.
	kept *certificate.Kept
}

func newServing(o Options) (*serving, error) {
	if o.CertDir != "" {
		files, err := dynamiccertificates.NewDynamicServingContentFromFiles(servingName,
			filepath.Join(o.CertDir, "tls.crt"), filepath.Join(o.CertDir, "tls.key"))
		return &serving{certificate: files}, err
	}
	name := o.Service.Name + "." + o.Service.Namespace + ".svc"
	if o.CertSecret != (types.NamespacedName{}) {
		return keptServing(o, name)
	}
	shown, key, err := selfSigned(name, time.Now())
	if err != nil {
		return nil, err
	}
	made, err := dynamiccertificates.NewStaticCertKeyContent(servingName, shown, key)
	return &serving{certificate: made, bundle: shown}, err
}

// selfSigned makes a certificate and its key, as PEM, for the name and for this machine itself. Its key is on a curve because
// that takes no time to make.
func selfSigned(name string, now time.Time) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: name},
		DNSNames:              []string{name, "localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:             now.Add(-time.Hour), // for clocks that are behind
		NotAfter:              now.Add(ownValidity),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, nil, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), nil
}

// info says how to serve; authorities are those of the client certificates that are asked for.
func (s *serving) info(listener net.Listener, authorities dynamiccertificates.CAContentProvider) *genericapiserver.SecureServingInfo {
	return &genericapiserver.SecureServingInfo{Listener: listener, Cert: s.certificate, ClientCA: authorities}
}
