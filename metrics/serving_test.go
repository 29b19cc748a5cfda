package metrics

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// writeCertificate puts a certificate into a folder, each file at once, and returns what is to be shown.
func writeCertificate(t *testing.T, folder string) []byte {
	t.Helper()
	certificate, key, err := selfSigned(servingHost, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"tls.crt": certificate, "tls.key": key} {
		if err := os.WriteFile(filepath.Join(folder, "new"), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(folder, "new"), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	block, _ := pem.Decode(certificate)
	return block.Bytes
}

func TestTheFilesOfCertDirAreFollowed(t *testing.T) {
	folder := t.TempDir()
	want := writeCertificate(t, folder)
	s := run(t, Options{RestConfig: newFakeCluster(t), CertDir: folder})
	for range 2 {
		eventually(t, "the certificate of the files is shown", func() error {
			shown, err := shownAt(s.Port())
			if err == nil && !bytes.Equal(shown.Raw, want) {
				err = errors.New("another is shown")
			}
			return err
		})
		want = writeCertificate(t, folder)
	}
}

func TestACertificateIsInAFolderOrInASecret(t *testing.T) {
	_, err := New(Options{RestConfig: &rest.Config{}, CertDir: "/certificate", CertSecret: types.NamespacedName{Namespace: "n", Name: "s"}})
	want := "the serving certificate is in the folder /certificate or in the Secret n/s, and not in both"
	if err == nil {
		t.Fatal("both were accepted")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}

// TestARenewedAuthorityOfTheSameKeyVerifiesCertificatesOfBefore holds the chart to what it says of metrics.tls.certManager: the
// servers show the certificate of before for as long as the kubelet takes, and the caBundle may already be the new one. It also
// says why the chart does not let the certificate sign itself, which would be half as long.
func TestARenewedAuthorityOfTheSameKeyVerifiesCertificatesOfBefore(t *testing.T) {
	authority, server := newKey(t), newKey(t)
	before, renewed := authority.signs(t, nil, "serin-metrics-authority"), authority.signs(t, nil, "serin-metrics-authority")
	if err := verifiedBy(renewed, server.signs(t, &signer{authority, before}, servingHost)); err != nil {
		t.Errorf("a certificate of the authority of before: %v", err)
	}
	if err := verifiedBy(server.signs(t, nil, servingHost), server.signs(t, nil, servingHost)); err == nil {
		t.Error("a certificate that signs itself is verified by its successor: the chart can be simpler")
	}
}

// testKey is a key, and signer one with its certificate.
type (
	testKey struct{ *ecdsa.PrivateKey }
	signer  struct {
		key         testKey
		certificate *x509.Certificate
	}
)

func newKey(t *testing.T) testKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return testKey{key}
}

// signs returns a certificate of the key for a name, signed by an authority, or else by itself.
func (k testKey) signs(t *testing.T, by *signer, name string) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		BasicConstraintsValid: true, IsCA: by == nil,
	}
	if by == nil {
		by = &signer{k, template}
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, by.certificate, k.Public(), by.key.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func verifiedBy(root, shown *x509.Certificate) error {
	roots := x509.NewCertPool()
	roots.AddCert(root)
	_, err := shown.Verify(x509.VerifyOptions{DNSName: servingHost, Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err
}
