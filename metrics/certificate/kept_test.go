package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/cert-controller/pkg/rotator"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

const name = "serin-metrics.serin-system.svc"

var noon = time.Date(2026, 8, 22, 12, 0, 0, 0, time.UTC)

// an authority of the tests, as cert-controller makes them.
type authority struct {
	t    *testing.T
	pair *rotator.KeyPairArtifacts
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	maker := &rotator.CertRotator{CAName: authorityName, CAOrganization: "serin"}
	pair, err := maker.CreateCACert(noon.Add(-time.Hour), noon.Add(1000*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return &authority{t: t, pair: pair}
}

// secret has a certificate of the authority for a name, from an hour before noon until some hours after.
func (a *authority) secret(holder string, hours int) *corev1.Secret {
	a.t.Helper()
	maker := &rotator.CertRotator{DNSName: holder, ExtKeyUsages: &[]x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	certificate, key, err := maker.CreateCertPEM(a.pair, noon.Add(-time.Hour), noon.Add(time.Duration(hours)*time.Hour))
	if err != nil {
		a.t.Fatal(err)
	}
	return &corev1.Secret{Data: map[string][]byte{authorityKey: a.pair.CertPEM, "ca.key": a.pair.KeyPEM, "tls.crt": certificate, "tls.key": key}}
}

// with is a Secret with one value in the place of another.
func with(secret *corev1.Secret, key, value string) *corev1.Secret {
	secret = secret.DeepCopy()
	secret.Data[key] = []byte(value)
	return secret
}

// lines are what was logged.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) add(_, line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, line)
}

// enqueued counts what a listener was told.
type enqueued int

func (e *enqueued) Enqueue() { *e++ }

func keptAt(now *time.Time) (*Kept, *lines) {
	log := &lines{}
	return newKept(Options{
		Secret:  types.NamespacedName{Namespace: "serin-system", Name: "kept"},
		DNSName: name,
		Now:     func() time.Time { return *now },
		Log:     funcr.New(log.add, funcr.Options{}),
	}), log
}

func TestWhatIsNotValidIsNotServed(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	good := ours.secret(name, 100)
	for what, test := range map[string]struct {
		secret *corev1.Secret
		want   string // in the reason; nothing if it is served
	}{
		"as it should be":            {good, ""},
		"nothing":                    {&corev1.Secret{}, "Secret serin-system/kept is empty: a certificate is made and put into it"},
		"something else":             {&corev1.Secret{Data: map[string][]byte{"a": []byte("b")}}, "Secret serin-system/kept is empty: a certificate is made and put into it"},
		"for another name":           {ours.secret("other.svc", 100), "x509: certificate is valid for other.svc, not " + name},
		"ended":                      {ours.secret(name, 0), "x509: certificate has expired or is not yet valid"},
		"garbage in the certificate": {with(good, "tls.crt", "moo"), "has no certificate that is valid for " + name + " now, and is replaced: building key pair"},
		"garbage in the key":         {with(good, "tls.key", "moo"), "building key pair"},
		"the key of another":         {with(good, "tls.key", string(ours.secret(name, 100).Data["tls.key"])), "private key does not match public key"},
		"garbage in the authority":   {with(good, authorityKey, "moo"), "bad CA cert"},
		"no authority":               {with(good, authorityKey, ""), "empty cert"},
		"of an authority of before":  {with(good, authorityKey, string(theirs.pair.CertPEM)), "x509: certificate signed by unknown authority"},
		"no server's certificate":    {with(with(good, "tls.crt", string(ours.pair.CertPEM)), "tls.key", string(ours.pair.KeyPEM)), "x509: certificate is valid for serin-metrics-ca, not " + name},
	} {
		t.Run(what, func(t *testing.T) {
			now := noon.Add(time.Minute)
			kept, log := keptAt(&now)
			kept.take(test.secret)
			certificate, key := kept.CurrentCertKeyContent()
			if got := string(certificate) + string(key); test.want != "" && got != "" {
				t.Errorf("it is served")
			} else if test.want == "" && got != string(good.Data["tls.crt"])+string(good.Data["tls.key"]) {
				t.Errorf("it is not served")
			}
			if len(log.all) != 1 || !strings.Contains(log.all[0], test.want) {
				t.Errorf("logged %q, want one line with %q", log.all, test.want)
			}
		})
	}
}

func TestTheCertificateIsFollowed(t *testing.T) {
	ours := newAuthority(t)
	first, second := ours.secret(name, 100), ours.secret(name, 200)
	now, told := noon, enqueued(0)
	kept, log := keptAt(&now)
	kept.AddListener(&told)
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "kept", errors.New("no"))

	served := func(want *corev1.Secret, times enqueued) {
		t.Helper()
		got, _ := kept.CurrentCertKeyContent()
		if string(got) != string(want.Data["tls.crt"]) || told != times {
			t.Errorf("told %d times, want %d; served as wanted: %v", told, times, string(got) == string(want.Data["tls.crt"]))
		}
	}
	there := func() bool {
		select {
		case <-kept.There():
			return true
		default:
			return false
		}
	}

	kept.absent()
	kept.absent()
	kept.take(&corev1.Secret{})
	kept.take(&corev1.Secret{})
	if there() {
		t.Error("a certificate is there before one was made")
	}
	served(&corev1.Secret{}, 0)
	kept.take(first)
	kept.take(first)
	if !there() {
		t.Error("no certificate is there")
	}
	served(first, 1)
	kept.take(second)
	served(second, 2)
	kept.take(with(second, "tls.crt", "moo"))
	kept.absent()
	kept.lost(t.Context(), nil, io.EOF)
	kept.lost(t.Context(), nil, fmt.Errorf("the list: %w", forbidden))
	kept.lost(t.Context(), nil, fmt.Errorf("the list: %w", forbidden))
	served(second, 2)
	now = noon.Add(300 * time.Hour)
	kept.take(second)
	served(second, 2)

	want := []string{
		`"msg"="nothing is served until there is a certificate" "because"="Secret serin-system/kept does not exist: create it empty, and a certificate is made and put into it"`,
		`"msg"="nothing is served until there is a certificate" "because"="Secret serin-system/kept is empty: a certificate is made and put into it"`,
		`"msg"="a serving certificate" "secret"="serin-system/kept" "validUntil"="2026-08-26T16:00:00Z" "authority"="` + fingerprint(ours.pair.CertPEM) + `"`,
		`"msg"="a serving certificate" "secret"="serin-system/kept" "validUntil"="2026-08-30T20:00:00Z" "authority"="` + fingerprint(ours.pair.CertPEM) + `"`,
		`"msg"="the certificate of before is served on" "because"="Secret serin-system/kept has no certificate that is valid for ` + name + ` now, and is replaced: building key pair`,
		`"msg"="the certificate of before is served on" "because"="Secret serin-system/kept does not exist: create it empty`,
		`"msg"="the certificate of before is served on" "because"="Secret serin-system/kept cannot be read: the list: secrets \"kept\" is forbidden: no"`,
		`"msg"="the certificate of before is served on" "because"="Secret serin-system/kept has no certificate that is valid for ` + name + ` now, and is replaced: verifying cert: x509: certificate has expired`,
	}
	var got []string
	for i, line := range log.all {
		line = strings.TrimPrefix(line, `"level"=0 `)
		if i < len(want) && strings.HasPrefix(line, want[i]) {
			line = want[i]
		}
		got = append(got, line)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if all := strings.Join(log.all, ""); strings.Contains(all, "PRIVATE") || strings.Contains(all, "BEGIN") {
		t.Error("a key is in the log")
	}
}

// FuzzJudge puts anything into a Secret: what is accepted can be served.
func FuzzJudge(f *testing.F) {
	f.Add([]byte("moo"), []byte(""), []byte("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, authority, certificate, key []byte) {
		data := map[string][]byte{authorityKey: authority, corev1.TLSCertKey: certificate, corev1.TLSPrivateKeyKey: key}
		if judge(data, name, noon) != nil {
			return
		}
		if _, err := tls.X509KeyPair(certificate, key); err != nil {
			t.Error(err)
		}
	})
}
