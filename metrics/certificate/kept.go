package certificate

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apiserver/pkg/server/dynamiccertificates"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// Options say whose certificate is kept where. All are needed.
type Options struct {
	// Config leads to the cluster.
	Config *rest.Config
	// Secret is where the certificate is kept.
	Secret types.NamespacedName
	// DNSName is the name that callers verify.
	DNSName string
	// APIService is the name of the object whose caBundle is kept.
	APIService string
	// Now reads the clock.
	Now func() time.Time
	// Log takes what an operator should know.
	Log logr.Logger
}

// Kept is the certificate in the Secret, as a dynamiccertificates.CertKeyContentProvider. It is no ControllerRunner: it has to
// run before anything is served, and whoever runs it knows when it has ended.
type Kept struct {
	options  Options
	informer cache.SharedIndexInformer
	synced   cache.InformerSynced
	there    chan struct{}

	mu        sync.Mutex
	pair      pair
	said      string
	listeners []dynamiccertificates.Listener
}

// pair is what is served, and what verifies it.
type pair struct{ authority, certificate, key []byte }

func (p pair) equal(other pair) bool {
	return bytes.Equal(p.authority, other.authority) && bytes.Equal(p.certificate, other.certificate) && bytes.Equal(p.key, other.key)
}

var _ dynamiccertificates.CertKeyContentProvider = &Kept{}

// New returns a certificate that is not there until Run has found or made it. It asks the cluster nothing.
func New(options Options) (*Kept, error) {
	k := newKept(options)
	return k, k.watch()
}

func newKept(options Options) *Kept { return &Kept{options: options, there: make(chan struct{})} }

// There is closed as soon as there is a certificate to serve.
func (k *Kept) There() <-chan struct{} { return k.there }

// Name says where the certificate comes from.
func (k *Kept) Name() string { return "Secret " + k.options.Secret.String() }

// CurrentCertKeyContent returns the certificate and its key as PEM, which are empty until There is closed.
func (k *Kept) CurrentCertKeyContent() (certificate, key []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pair.certificate, k.pair.key
}

// AddListener adds somebody to tell when the certificate has changed.
func (k *Kept) AddListener(listener dynamiccertificates.Listener) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.listeners = append(k.listeners, listener)
}

// take serves what is in the Secret from now on, unless callers would refuse it.
func (k *Kept) take(secret *corev1.Secret) {
	switch err := judge(secret.Data, k.options.DNSName, k.options.Now()); {
	case errors.Is(err, errEmpty):
		k.refuse(fmt.Sprintf("%s is empty: a certificate is made and put into it", k.Name()))
	case err != nil:
		k.refuse(fmt.Sprintf("%s has no certificate that is valid for %s now, and is replaced: %v", k.Name(), k.options.DNSName, err))
	default:
		k.serve(pair{secret.Data[authorityKey], secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey]})
	}
}

func (k *Kept) serve(next pair) {
	k.mu.Lock()
	first, same, listeners := k.pair.certificate == nil, k.pair.equal(next), slices.Clone(k.listeners)
	k.pair, k.said = next, ""
	k.mu.Unlock()
	if same {
		return
	}
	k.options.Log.Info("a serving certificate", "secret", k.options.Secret.String(), "validUntil", ends(next.certificate).UTC().Format(time.RFC3339),
		"authority", fingerprint(next.authority))
	if first {
		close(k.there)
	}
	for _, listener := range listeners {
		listener.Enqueue()
	}
}

// refuse says why the Secret is of no use, once as long as the cause is the same. What was served before is served on: callers
// that trust it lose nothing, and others are no worse off than with nothing.
func (k *Kept) refuse(because string) {
	k.mu.Lock()
	repeated, waiting := k.said == because, k.pair.certificate == nil
	k.said = because
	k.mu.Unlock()
	switch {
	case repeated:
	case waiting:
		k.options.Log.Info("nothing is served until there is a certificate", "because", because)
	default:
		k.options.Log.Info("the certificate of before is served on", "because", because)
	}
}
