package metrics

import (
	"net"
	"path/filepath"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/util/cert"
)

const servingName = "serving-cert"

// serving is the certificate the server shows.
type serving struct {
	certificate dynamiccertificates.CertKeyContentProvider
	// bundle verifies a certificate that the server made for itself.
	bundle []byte
}

func newServing(o Options) (*serving, error) {
	if o.CertDir != "" {
		files, err := dynamiccertificates.NewDynamicServingContentFromFiles(servingName,
			filepath.Join(o.CertDir, "tls.crt"), filepath.Join(o.CertDir, "tls.key"))
		return &serving{certificate: files}, err
	}
	inCluster := o.Service.Name + "." + o.Service.Namespace + ".svc"
	certificate, key, err := cert.GenerateSelfSignedCertKey(inCluster, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, []string{"localhost"})
	if err != nil {
		return nil, err
	}
	made, err := dynamiccertificates.NewStaticCertKeyContent(servingName, certificate, key)
	return &serving{certificate: made, bundle: certificate}, err
}

// info says how to serve; authorities are those of the client certificates that are asked for.
func (s *serving) info(listener net.Listener, authorities dynamiccertificates.CAContentProvider) *genericapiserver.SecureServingInfo {
	return &genericapiserver.SecureServingInfo{Listener: listener, Cert: s.certificate, ClientCA: authorities}
}
