package authz

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/serin-dev/serin/policy"
)

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

var serial int64

// issue makes a certificate, of itself if the authority is nil, and returns it and its key as PEM.
func issue(t *testing.T, by *authority, name string) (made *authority, certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, IsCA: by == nil,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	made = &authority{certificate: template, key: private}
	signer := by
	if by == nil {
		signer = made
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer.certificate, &private.PublicKey, signer.key)
	if err != nil {
		t.Fatal(err)
	}
	if made.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	made.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return made, made.pem, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})
}

func TestTLSFollowsItsFilesAndAsksForClientCertificates(t *testing.T) {
	folder := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path+".new", content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil { // whole, as a kubelet does it
			t.Fatal(err)
		}
		return path
	}
	ca, caPEM, _ := issue(t, nil, "authority")
	stranger, _, _ := issue(t, nil, "stranger")
	_, certificate, key := issue(t, ca, "first")
	l := newLab(t, func(o *Options) {
		everything(o)
		o.CertFile, o.KeyFile, o.ClientCAFile = file("tls.crt", certificate), file("tls.key", key), file("ca.crt", caPEM)
	})
	// as asks over both wire forms as a client that an authority signed, and returns the name of the certificate served.
	as := func(by *authority) (served string, err error) {
		config := &tls.Config{RootCAs: x509.NewCertPool(), VerifyConnection: func(state tls.ConnectionState) error {
			served = state.PeerCertificates[0].Subject.CommonName
			return nil
		}}
		config.RootCAs.AddCert(ca.certificate)
		if by != nil {
			_, certificate, key := issue(t, by, "envoy")
			pair, err := tls.X509KeyPair(certificate, key)
			if err != nil {
				t.Fatal(err)
			}
			config.Certificates = []tls.Certificate{pair}
		}
		connection, err := grpc.NewClient(l.server.GRPCAddr().String(), grpc.WithTransportCredentials(credentials.NewTLS(config)))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		response, err := authv3.NewAuthorizationClient(connection).Check(t.Context(), asked())
		if err != nil {
			return served, err
		}
		if response.GetStatus().GetCode() != 0 {
			t.Errorf("Check: %v", response)
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: config.Clone(), ForceAttemptHTTP2: true, DisableKeepAlives: true}}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+l.server.HTTPAddr().String()+nginxWeb, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range spoken("nginx", clientIP) {
			name, value, _ := strings.Cut(line, ": ")
			request.Header.Set(name, value)
		}
		answer, err := client.Do(request)
		if err != nil {
			return served, err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK || answer.ProtoMajor != 2 {
			t.Errorf("forward-auth: %s %s", answer.Proto, answer.Status)
		}
		return served, nil
	}
	l.server.put(newState(policy.Build(snapshot()), pods()))
	if served, err := as(ca); served != "first" || err != nil {
		t.Errorf("served %s, error %v", served, err)
	}
	for name, by := range map[string]*authority{"nobody's": nil, "a stranger's": stranger} {
		if _, err := as(by); err == nil {
			t.Errorf("a client without a certificate of the authority was answered: %s", name)
		}
	}
	_, certificate, key = issue(t, ca, "second")
	file("tls.key", key)
	file("tls.crt", certificate)
	eventually(t, "the second certificate", func() bool { served, err := as(ca); return err == nil && served == "second" })
}

func TestCertificatesThatCannotBeReadEndTheStart(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "tls.crt")
	s, err := New(Options{
		RestConfig: newLab(t, nil).options.RestConfig, GRPCAddress: "127.0.0.1:0", CertFile: missing, KeyFile: missing,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("the serving certificate: open %s: no such file or directory", missing)
	if err := s.Run(t.Context()); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
