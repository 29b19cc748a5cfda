package metrics

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/cert-controller/pkg/rotator"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

var certSecret = types.NamespacedName{Namespace: "serin-system", Name: "serin-metrics-certificate"}

const servingHost = "serin-metrics.serin-system.svc"

// TestCertificate runs two servers that share a Secret behind a real kube-apiserver, with the rights of config/rbac, and spoils
// the Secret in every way. At last it shows what a server that is down does to the deletion of namespaces.
func TestCertificate(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	c := &certificateTest{testCluster: startCluster(t), log: &logLines{}}
	ctrllog.SetLogger(funcr.New(c.log.add, funcr.Options{})) // cert-controller knows no other log.
	for _, file := range []string{"default/namespace.yaml", "rbac/metrics_role.yaml", "rbac/metrics.yaml", "rbac/metrics_certificate.yaml"} {
		c.apply("../config/" + file)
	}
	c.apply("testdata/certificate.yaml")
	c.account = c.asServiceAccount("serin-system", "serin-metrics")

	t.Run("the rights are for one Secret and one APIService", c.rights)
	c.one = c.start(0)
	t.Run("without the Secret the server waits and says so once", c.waits)
	t.Run("an empty Secret is filled and the API is available", c.filled)
	c.two = c.start(0)
	t.Run("two servers show one authority", c.shared)
	t.Run("a certificate that ends soon is renewed without a restart", c.renewed)
	t.Run("a certificate that is taken out is made again by the same authority", c.forced)
	t.Run("an empty Secret is filled again", c.emptied)
	t.Run("garbage is replaced", c.garbage)
	t.Run("a certificate of another authority is replaced", c.otherAuthority)
	t.Run("an APIService that was made again gets its caBundle", c.madeAgain)
	t.Run("without the Secret a server serves on, and follows the next one", c.deleted)
	t.Run("without rights a server waits, and goes on with them", c.unreadable)
	t.Run("without rights on the APIService a server serves, and says that it does not rotate", c.unwritable)
	t.Run("a server that is down blocks the deletion of namespaces until the APIService is deleted", c.blockedUntilDeleted)
	t.Run("a server that is down blocks the deletion of namespaces until it is back", c.blockedUntilBack)
	t.Run("no key was logged", func(t *testing.T) {
		if c.log.count("PRIVATE KEY")+c.log.count("BEGIN") > 0 {
			t.Error("the log has PEM in it")
		}
	})
	t.Run("nothing of a server is left", c.nothingLeft)
}

func (c *certificateTest) rights(t *testing.T) {
	account, err := kubernetes.NewForConfig(c.account)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for what, ask := range map[string]func() error{
		"list the Secret": func() error {
			_, err := account.CoreV1().Secrets(certSecret.Namespace).List(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=" + certSecret.Name})
			return err
		},
		"list all Secrets of the namespace": func() error {
			_, err := account.CoreV1().Secrets(certSecret.Namespace).List(t.Context(), metav1.ListOptions{})
			return err
		},
		"list all Secrets": func() error {
			_, err := account.CoreV1().Secrets("").List(t.Context(), metav1.ListOptions{})
			return err
		},
		"get another Secret": func() error {
			_, err := account.CoreV1().Secrets(certSecret.Namespace).Get(t.Context(), "of-somebody-else", metav1.GetOptions{})
			return err
		},
		"delete the Secret": func() error {
			return account.CoreV1().Secrets(certSecret.Namespace).Delete(t.Context(), certSecret.Name, metav1.DeleteOptions{})
		},
		"create a Secret": func() error {
			_, err := account.CoreV1().Secrets(certSecret.Namespace).Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: certSecret.Name}}, metav1.CreateOptions{})
			return err
		},
		"get another APIService": func() error {
			return account.RESTClient().Get().AbsPath("/apis/apiregistration.k8s.io/v1/apiservices/v1.apps").Do(t.Context()).Error()
		},
	} {
		eventually(t, what, func() error {
			err := ask()
			if got[what] = err == nil; err != nil && (!apierrors.IsForbidden(err) || what == "list the Secret") {
				return err
			}
			return nil
		})
	}
	want := map[string]bool{"list the Secret": true, "list all Secrets of the namespace": false, "list all Secrets": false, "get another Secret": false,
		"delete the Secret": false, "create a Secret": false, "get another APIService": false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func (c *certificateTest) waits(t *testing.T) {
	c.one.log.wantOnce(t, `"nothing is served until there is a certificate" "because"="Secret serin-system/serin-metrics-certificate does not exist`)
	if _, err := c.one.shown(); err == nil {
		t.Error("a certificate is shown before there is one")
	}
}

func (c *certificateTest) filled(t *testing.T) {
	c.createAPIService()
	c.createSecret()
	c.settled(t, nil, c.one)
	c.one.log.wantOnce(t, `"msg"="a serving certificate" "secret"="serin-system/serin-metrics-certificate"`)
	c.one.log.wantOnce(t, "does not exist")
}

func (c *certificateTest) shared(t *testing.T) {
	c.settled(t, nil, c.one, c.two)
	if n := c.two.log.count("nothing is served"); n != 0 {
		t.Errorf("the second server waited for a certificate that was there, and said so %d times", n)
	}
}

func (c *certificateTest) renewed(t *testing.T) {
	before, bundle := c.now(t)
	secret := c.secret()
	certificate, key := issued(t, secret.Data["ca.crt"], secret.Data["ca.key"], 24*time.Hour)
	c.spoil(func(data map[string][]byte) map[string][]byte {
		data["tls.crt"], data["tls.key"] = certificate, key
		return data
	})
	soon, _ := pem.Decode(certificate)
	eventually(t, "the certificate that ends soon is replaced", func() error {
		if bytes.Equal(c.secret().Data["tls.crt"], certificate) {
			return errors.New("it is still there")
		}
		return nil
	})
	after, still := c.settled(t, before, c.one, c.two)
	if bytes.Equal(after, soon.Bytes) || !bytes.Equal(bundle, still) {
		t.Error("it is still served, or the authority was replaced as well")
	}
	if parsed, err := x509.ParseCertificate(after); err != nil || time.Until(parsed.NotAfter) < 360*24*time.Hour {
		t.Errorf("the new one ends at %v, %v", parsed.NotAfter, err)
	}
}

// another wants a new certificate of a new authority after a change.
func (c *certificateTest) another(t *testing.T, change func(data map[string][]byte) map[string][]byte) {
	t.Helper()
	before, bundle := c.now(t)
	c.spoil(change)
	if _, after := c.settled(t, before, c.one, c.two); bytes.Equal(after, bundle) {
		t.Error("the authority is still the one of before")
	}
}

// take takes something out of the Secret, as docs/trafficmetrics-operations.md says.
func (c *certificateTest) take(t *testing.T, path string) {
	t.Helper()
	if _, err := c.run(`-n serin-system patch secret serin-metrics-certificate --type=json -p=[{"op":"remove","path":"` + path + `"}]`); err != nil {
		t.Fatal(err)
	}
}

func (c *certificateTest) forced(t *testing.T) {
	before, bundle := c.now(t)
	c.take(t, "/data/tls.crt")
	if _, after := c.settled(t, before, c.one, c.two); !bytes.Equal(after, bundle) {
		t.Error("the authority was replaced as well")
	}
}

func (c *certificateTest) emptied(t *testing.T) {
	before, bundle := c.now(t)
	c.take(t, "/data")
	if _, after := c.settled(t, before, c.one, c.two); bytes.Equal(after, bundle) {
		t.Error("the authority is still the one of before")
	}
}

func (c *certificateTest) garbage(t *testing.T) {
	c.another(t, func(data map[string][]byte) map[string][]byte {
		for name := range data {
			data[name] = []byte("moo")
		}
		return data
	})
}

func (c *certificateTest) otherAuthority(t *testing.T) {
	maker := &rotator.CertRotator{CAName: "serin-metrics-ca"}
	other, err := maker.CreateCACert(time.Now().Add(-time.Hour), time.Now().Add(1000*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	c.another(t, func(data map[string][]byte) map[string][]byte {
		data["ca.crt"], data["ca.key"] = other.CertPEM, other.KeyPEM
		return data
	})
	if _, bundle := c.now(t); !bytes.Equal(bundle, other.CertPEM) {
		t.Error("the authority that was put into the Secret was replaced, although it is good")
	}
}

func (c *certificateTest) madeAgain(t *testing.T) {
	c.deleteAPIService(t)
	c.createAPIService()
	c.now(t)
}

func (c *certificateTest) deleteAPIService(t *testing.T) {
	t.Helper()
	if err := c.aggregator.APIServices().Delete(t.Context(), apiService, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (c *certificateTest) deleted(t *testing.T) {
	before, _ := c.now(t)
	if err := c.admin.CoreV1().Secrets(certSecret.Namespace).Delete(t.Context(), certSecret.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, server := range []*keptServer{c.one, c.two} {
		server.log.wantOnce(t, `"the certificate of before is served on" "because"="Secret serin-system/serin-metrics-certificate does not exist`)
		if shown, err := server.shown(); err != nil || !bytes.Equal(shown.Raw, before) {
			t.Errorf("another certificate is served, or none: %v", err)
		}
	}
	c.createSecret()
	c.settled(t, before, c.one, c.two)
}

func (c *certificateTest) unreadable(t *testing.T) {
	if _, err := c.run("delete -f ../config/rbac/metrics_certificate.yaml"); err != nil {
		t.Fatal(err)
	}
	account, err := kubernetes.NewForConfig(c.account)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the rights are gone", func() error {
		_, err := account.CoreV1().Secrets(certSecret.Namespace).Get(t.Context(), certSecret.Name, metav1.GetOptions{})
		if !apierrors.IsForbidden(err) {
			return fmt.Errorf("got %w", err)
		}
		return nil
	})
	c.now(t)
	three := c.start(0)
	three.log.wantOnce(t, `"nothing is served until there is a certificate" "because"="Secret serin-system/serin-metrics-certificate cannot be read:`)
	if _, err := three.shown(); err == nil {
		t.Error("a certificate is shown before the Secret could be read")
	}
	c.apply("../config/rbac/metrics_certificate.yaml")
	c.settled(t, nil, c.one, c.two, three)
	three.stop()
}

func (c *certificateTest) unwritable(t *testing.T) {
	if _, err := c.run("delete clusterrolebinding serin-metrics-certificate"); err != nil {
		t.Fatal(err)
	}
	account, err := kubernetes.NewForConfig(c.account)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the right is gone", func() error {
		err := account.RESTClient().Get().AbsPath("/apis/apiregistration.k8s.io/v1/apiservices/" + apiService).Do(t.Context()).Error()
		if !apierrors.IsForbidden(err) {
			return fmt.Errorf("got %w", err)
		}
		return nil
	})
	three := c.start(0)
	c.settled(t, nil, c.one, c.two, three)
	three.log.wantOnce(t, `"the certificate is not rotated; it is tried again" "error"="the APIService v1alpha1.metrics.smi-spec.io cannot be read: `+
		`apiservices.apiregistration.k8s.io \"v1alpha1.metrics.smi-spec.io\" is forbidden`)
	three.stop()
	c.apply("../config/rbac/metrics_certificate.yaml")
}

// nothingLeft ends all servers and looks for goroutines of theirs.
func (c *certificateTest) nothingLeft(t *testing.T) {
	c.one.stop()
	c.two.stop()
	eventually(t, "no goroutine is left", func() error {
		var stacks bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&stacks, 1); err != nil {
			return err
		}
		for _, stack := range strings.Split(stacks.String(), "\n\n") {
			if slices.ContainsFunc([]string{"metrics/certificate.", "cert-controller", "controller-runtime/pkg"}, func(part string) bool {
				return strings.Contains(stack, part)
			}) {
				return errors.New(stack)
			}
		}
		return nil
	})
}
