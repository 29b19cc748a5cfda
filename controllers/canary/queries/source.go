package queries

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/canary/outbound"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
)

// noPrometheus is said where nobody named one.
const noPrometheus = "no Prometheus is known: set spec.analysis.prometheus.address, or start the controller with --prometheus-address"

// headersFor is how long headers serve before their Secret is read again.
const headersFor = time.Minute

// source is a Prometheus as one Canary reaches it.
type source struct {
	address *url.URL
	// shown is what people may see of the address.
	shown  string
	header http.Header
	// hide takes out of a text what must stay secret.
	hide *strings.Replacer
	base http.RoundTripper
	// own identifies the Prometheus and the headers: another tenant's header gets other answers.
	own key
	// refused is called when the headers were not good enough.
	refused func()
}

// held are headers that were read.
type held struct {
	header http.Header
	at     time.Time
}

// source finds out where the queries of a Canary are asked, or says in one sentence why nowhere.
func (r *Reader) source(ctx context.Context, canary *v1alpha1.Canary) (*source, string) {
	named, header, refused := r.opts.Address, http.Header{}, func() {}
	if spec := canary.Spec.Analysis.Prometheus; spec != nil {
		named = spec.Address
		if spec.HeadersFrom != nil {
			secret := types.NamespacedName{Namespace: canary.Namespace, Name: spec.HeadersFrom.Name}
			var problem string
			if header, problem = r.headersOf(ctx, secret); problem != "" {
				return nil, problem
			}
			refused = func() { r.forgetHeaders(secret) }
		}
	}
	if named == "" {
		return nil, noPrometheus
	}
	address, err := url.Parse(named)
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https") {
		return nil, "the address of Prometheus cannot be understood: it must be like http://prometheus.monitoring:9090"
	}
	src := &source{
		address: address, shown: strings.TrimRight(outbound.Address(address), "/"), header: header, hide: outbound.Hiding(header, address),
		base: r.opts.Transport, refused: refused,
	}
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%q\n", named) // a hash takes everything
	_ = header.Write(sum)
	sum.Sum(src.own[:0])
	return src, ""
}

// key identifies a query to this Prometheus.
func (s *source) key(q question) key {
	sum := sha256.New()
	_, _ = sum.Write(s.own[:])
	_, _ = io.WriteString(sum, q.query)
	var k key
	sum.Sum(k[:0])
	return k
}

// headersOf reads the headers that a Secret holds, or says in one sentence why it cannot.
func (r *Reader) headersOf(ctx context.Context, name types.NamespacedName) (http.Header, string) {
	now := r.opts.Now()
	r.mu.Lock()
	known, ok := r.headers[name]
	r.mu.Unlock()
	if ok && now.Sub(known.at).Abs() < headersFor {
		return known.header, ""
	}
	secret := &corev1.Secret{}
	if err := r.opts.Client.Get(ctx, name, secret); apierrors.IsNotFound(err) {
		return nil, fmt.Sprintf("Secret %q of spec.analysis.prometheus.headersFrom does not exist", name.Name)
	} else if err != nil {
		return nil, fmt.Sprintf("Secret %q could not be read: %s", name.Name, outbound.Cause(err, r.opts.Timeout))
	}
	header, problem := outbound.Headers(name.Name, secret.Data)
	if problem != "" {
		return nil, problem
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for other, h := range r.headers {
		if now.Sub(h.at).Abs() >= headersFor {
			delete(r.headers, other)
		}
	}
	r.headers[name] = held{header, now}
	return header, ""
}

// forgetHeaders has a Secret read again, because a token may have been replaced.
func (r *Reader) forgetHeaders(name types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.headers, name)
}
