package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"slices"
	"testing"
	"time"
)

func TestServerCertificateIsGoodForItsHostsOnly(t *testing.T) {
	authority := newAuthority(t, "ca")
	pair, err := authority.Server("server", "127.0.0.1", "::1", "localhost")
	if err != nil {
		t.Fatal(err)
	}
	cert := parse(t, pair)
	for host, want := range map[string]bool{"127.0.0.1": true, "::1": true, "localhost": true, "example.com": false, "127.0.0.2": false} {
		_, err := cert.Verify(x509.VerifyOptions{DNSName: host, Roots: pool(authority), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
		if (err == nil) != want {
			t.Errorf("for %s the certificate is judged %v, want good: %t", host, err, want)
		}
	}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: pool(newAuthority(t, "ca"))}); err == nil {
		t.Error("another authority of the same name vouches for the certificate")
	}
}

func TestClientCertificateNamesUserAndGroups(t *testing.T) {
	authority := newAuthority(t, "ca")
	pair, err := authority.Client("ada", "others", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	cert := parse(t, pair)
	if cert.Subject.CommonName != "ada" || !slices.Equal(cert.Subject.Organization, []string{"others", "system:masters"}) {
		t.Errorf("the subject is %v", cert.Subject)
	}
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if _, err := cert.Verify(x509.VerifyOptions{Roots: pool(authority), KeyUsages: usages}); err != nil {
		t.Error(err)
	}
	usages[0] = x509.ExtKeyUsageServerAuth
	if _, err := cert.Verify(x509.VerifyOptions{Roots: pool(authority), KeyUsages: usages}); err == nil {
		t.Error("a client's certificate is good for a server")
	}
}

func TestCertificatesAreValidNowAndHaveTheirOwnSerialNumbers(t *testing.T) {
	authority := newAuthority(t, "ca")
	seen := map[string]bool{}
	for range 3 {
		pair, err := authority.Client("ada")
		if err != nil {
			t.Fatal(err)
		}
		cert := parse(t, pair)
		if now := time.Now(); now.Before(cert.NotBefore.Add(time.Minute)) || now.After(cert.NotAfter.Add(-24*time.Hour)) {
			t.Errorf("valid from %s to %s", cert.NotBefore, cert.NotAfter)
		}
		seen[cert.SerialNumber.String()] = true
	}
	if len(seen) != 3 {
		t.Errorf("serial numbers repeat: %v", seen)
	}
}

func TestServerAndClientMeetOverTLS(t *testing.T) {
	authority := newAuthority(t, "ca")
	serving := keyPair(t, must(authority.Server("server", "localhost")))
	user := keyPair(t, must(authority.Client("ada")))
	near, far := net.Pipe()
	defer near.Close()
	server := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{serving}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool(authority)})
	shaken := make(chan error, 1)
	go func() { shaken <- server.Handshake() }()
	client := tls.Client(near, &tls.Config{Certificates: []tls.Certificate{user}, RootCAs: pool(authority), ServerName: "localhost"})
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	if got := server.ConnectionState().PeerCertificates[0].Subject.CommonName; got != "ada" {
		t.Errorf("the server sees %q", got)
	}
}

func TestSigningKeyHalvesBelongTogether(t *testing.T) {
	private, public, err := SigningKey()
	if err != nil {
		t.Fatal(err)
	}
	privateBlock, _ := pem.Decode(private)
	publicBlock, _ := pem.Decode(public)
	key, err := x509.ParseECPrivateKey(privateBlock.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.ParsePKIXPublicKey(publicBlock.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !key.PublicKey.Equal(other) {
		t.Error("the public key is of another private key")
	}
}

// must is for pairs whose making cannot fail here.
func must(pair Pair, err error) Pair {
	if err != nil {
		panic(err)
	}
	return pair
}

func newAuthority(t *testing.T, name string) *Authority {
	t.Helper()
	authority, err := NewAuthority(name)
	if err != nil {
		t.Fatal(err)
	}
	return authority
}

func keyPair(t *testing.T, pair Pair) tls.Certificate {
	t.Helper()
	cert, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func parse(t *testing.T, pair Pair) *x509.Certificate {
	t.Helper()
	return keyPair(t, pair).Leaf
}

func pool(authority *Authority) *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.Cert)
	return roots
}
