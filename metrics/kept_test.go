package metrics

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/open-policy-agent/cert-controller/pkg/rotator"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

type certificateTest struct {
	*testCluster

	account  *rest.Config
	log      *logLines
	one, two *keptServer
}

// keptServer is a server with its certificate in the Secret.
type keptServer struct {
	port int
	log  *logLines
	stop func()
}

type logLines struct {
	mu  sync.Mutex
	all []string
}

func (l *logLines) add(_, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, line)
}

func (l *logLines) count(part string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}

// wantOnce waits for a line that has the part, and wants no second one.
func (l *logLines) wantOnce(t *testing.T, part string) {
	t.Helper()
	eventually(t, part, func() error {
		if n := l.count(part); n != 1 {
			l.mu.Lock()
			defer l.mu.Unlock()
			return fmt.Errorf("%d lines in %s", n, strings.Join(l.all, "\n"))
		}
		return nil
	})
}

// start runs a server on a port, or a free one.
func (c *certificateTest) start(port int) *keptServer {
	c.t.Helper()
	k := &keptServer{log: &logLines{}}
	log := funcr.New(func(prefix, line string) {
		k.log.add(prefix, line)
		c.log.add(prefix, line)
	}, funcr.Options{})
	s, err := New(Options{RestConfig: c.account, CertSecret: certSecret, BindAddress: "127.0.0.1", Port: port, Log: log})
	if err != nil {
		c.t.Fatal(err)
	}
	k.port = s.Port()
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	k.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			c.t.Errorf("Run: %v", err)
		}
	})
	c.t.Cleanup(k.stop)
	return k
}

func (k *keptServer) shown() (*x509.Certificate, error) { return shownAt(k.port) }

// shownAt is the certificate that a server shows to a new connection.
func shownAt(port int) (*x509.Certificate, error) {
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: time.Second}, Config: &tls.Config{InsecureSkipVerify: true, ServerName: servingHost}}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	connection, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	return connection.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

// verify is what the cluster's API server does with its caBundle.
func (k *keptServer) verify(bundle []byte) (*x509.Certificate, error) {
	shown, err := k.shown()
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bundle)
	_, err = shown.Verify(x509.VerifyOptions{DNSName: servingHost, Roots: roots})
	return shown, err
}

func (c *certificateTest) secret() *corev1.Secret {
	c.t.Helper()
	found, err := c.admin.CoreV1().Secrets(certSecret.Namespace).Get(c.t.Context(), certSecret.Name, metav1.GetOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return found
}

func (c *certificateTest) createSecret() {
	c.t.Helper()
	empty := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: certSecret.Namespace, Name: certSecret.Name}}
	if _, err := c.admin.CoreV1().Secrets(certSecret.Namespace).Create(c.t.Context(), empty, metav1.CreateOptions{}); err != nil {
		c.t.Fatal(err)
	}
}

// spoil changes the Secret.
func (c *certificateTest) spoil(change func(data map[string][]byte) map[string][]byte) {
	c.t.Helper()
	eventually(c.t, "the Secret takes the change", func() error {
		secret := c.secret()
		secret.Data = change(secret.Data)
		_, err := c.admin.CoreV1().Secrets(certSecret.Namespace).Update(c.t.Context(), secret, metav1.UpdateOptions{})
		return err
	})
}

// settled waits until the servers show a certificate that is not the one of before, and that the caBundle of an available
// APIService verifies; it returns the certificate and the caBundle.
func (c *certificateTest) settled(t *testing.T, before []byte, servers ...*keptServer) (certificate, bundle []byte) {
	t.Helper()
	within(t, time.Minute, "the servers show another certificate, and the caBundle verifies it", func() error {
		found, err := c.aggregator.APIServices().Get(t.Context(), apiService, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if bundle = found.Spec.CABundle; found.Spec.InsecureSkipTLSVerify || !bytes.Equal(bundle, c.secret().Data["ca.crt"]) {
			return fmt.Errorf("insecureSkipTLSVerify %v, caBundle %.40s", found.Spec.InsecureSkipTLSVerify, bundle)
		}
		certificate = nil
		for _, server := range servers {
			shown, err := server.verify(bundle)
			if err != nil {
				return err
			}
			if bytes.Equal(shown.Raw, before) || certificate != nil && !bytes.Equal(certificate, shown.Raw) {
				return fmt.Errorf("the certificate of before, or another than the other server's, until %s", shown.NotAfter)
			}
			certificate = shown.Raw
		}
		return nil
	})
	c.available(apiregistrationv1.ConditionTrue)
	c.want(t, group, 200, func([]byte) error { return nil })
	return certificate, bundle
}

// now is what the first server shows, and what verifies it.
func (c *certificateTest) now(t *testing.T) (certificate, bundle []byte) {
	t.Helper()
	return c.settled(t, nil, c.one, c.two)
}

func (c *certificateTest) createAPIService() {
	c.t.Helper()
	port := int32(c.one.port)
	service := &apiregistrationv1.APIService{ObjectMeta: metav1.ObjectMeta{Name: apiService}, Spec: apiregistrationv1.APIServiceSpec{
		Group: "metrics.smi-spec.io", Version: "v1alpha1", GroupPriorityMinimum: 100, VersionPriority: 100,
		Service: &apiregistrationv1.ServiceReference{Namespace: "serin-system", Name: "serin-metrics", Port: &port},
	}}
	if _, err := c.aggregator.APIServices().Create(c.t.Context(), service, metav1.CreateOptions{}); err != nil {
		c.t.Fatal(err)
	}
}

// issued is a certificate of an authority that ends soon.
func issued(t *testing.T, authority, authorityKey []byte, valid time.Duration) (certificate, key []byte) {
	t.Helper()
	pair, err := tls.X509KeyPair(authority, authorityKey)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(authorityKey)
	private, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	maker := &rotator.CertRotator{DNSName: servingHost, ExtKeyUsages: &[]x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	certificate, key, err = maker.CreateCertPEM(&rotator.KeyPairArtifacts{Cert: pair.Leaf, Key: private}, time.Now().Add(-time.Hour), time.Now().Add(valid))
	if err != nil {
		t.Fatal(err)
	}
	return certificate, key
}
