package authz

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
)

// Modes of an authoriser.
const (
	// Enforce denies what no TrafficTarget allows.
	Enforce = "Enforce"
	// Audit lets everything pass, and counts and logs what Enforce would deny.
	Audit = "Audit"
)

// Evidence is one way to know who calls.
const (
	// EvidencePrincipal is source.principal, which Envoy takes from the caller's certificate.
	EvidencePrincipal = "principal"
	// EvidenceXFCC is the last element of the header x-forwarded-client-cert.
	EvidenceXFCC = "xfcc"
	// EvidenceLinkerd is the header l5d-client-id.
	EvidenceLinkerd = "linkerd"
	// EvidenceAddress is the address of the caller's pod.
	EvidenceAddress = "address"
)

// everyEvidence lists them in the order in which they are asked.
var everyEvidence = []string{EvidencePrincipal, EvidenceXFCC, EvidenceLinkerd, EvidenceAddress}

const (
	defaultTrustDomain  = "cluster.local"
	defaultDrainGrace   = 5 * time.Second
	defaultDrainTimeout = 10 * time.Second
)

// Options are what a Server needs to know. Those that say no default are required.
type Options struct {
	// RestConfig leads to the API server. No default.
	RestConfig *rest.Config
	// Log receives what an operator should know. The zero Logger discards it.
	Log logr.Logger
	// Mode is Enforce or Audit. Default Enforce.
	Mode string

	// GRPCAddress, HTTPAddress and AdminAddress are the host:port of ext_authz, of forward-auth, and of /metrics, /healthz and
	// /readyz. Port 0 takes any, and empty means none.
	GRPCAddress, HTTPAddress, AdminAddress string

	// Evidence are the ways to know the caller that are trusted. Default none: every caller is denied.
	Evidence []string
	// TrustDomains are those whose namespaces and ServiceAccounts are this cluster's. Default cluster.local.
	TrustDomains []string
	// OSMOrder reads spiffe://DOMAIN/SERVICEACCOUNT/NAMESPACE, the order of Open Service Mesh, beside the usual form.
	OSMOrder bool
	// HeadersFrom are the addresses of data planes whose x-forwarded-client-cert and l5d-client-id are believed: those that overwrite
	// or remove what a client sends under these names. Default none.
	HeadersFrom []netip.Prefix
	// AddressFrom are the addresses of gateways that ask over forward-auth and whose word about the caller's address is believed.
	// Default none.
	AddressFrom []netip.Prefix

	// CertFile and KeyFile are the serving certificate of both wire forms, and ClientCAFile the authorities of those who may ask; the
	// files are followed when they change. Without CertFile nothing is encrypted; without ClientCAFile anybody may ask.
	CertFile, KeyFile, ClientCAFile string

	// DrainGrace is how long a server that stops keeps answering, so that nobody is led to it any longer. Default 5 s.
	DrainGrace time.Duration
	// DrainTimeout is how long it then waits for answers under way. Default 10 s.
	DrainTimeout time.Duration
}

// complete returns the options with the defaults filled in.
func (o Options) complete() Options {
	o.Mode = cmp.Or(o.Mode, Enforce)
	o.DrainGrace = cmp.Or(o.DrainGrace, defaultDrainGrace)
	o.DrainTimeout = cmp.Or(o.DrainTimeout, defaultDrainTimeout)
	if len(o.TrustDomains) == 0 {
		o.TrustDomains = []string{defaultTrustDomain}
	}
	if o.Log.GetSink() == nil {
		o.Log = logr.Discard()
	}
	return o
}

// validate reports everything that is wrong.
func (o Options) validate() error {
	var problems []error
	if o.RestConfig == nil {
		problems = append(problems, errors.New("no RestConfig"))
	}
	if o.Mode != "" && o.Mode != Enforce && o.Mode != Audit {
		problems = append(problems, fmt.Errorf("mode %q is neither Enforce nor Audit", o.Mode))
	}
	for _, evidence := range o.Evidence {
		if !slices.Contains(everyEvidence, evidence) {
			problems = append(problems, fmt.Errorf("evidence %q is none of %q", evidence, everyEvidence))
		}
	}
	for _, domain := range o.TrustDomains {
		if domain == "" {
			problems = append(problems, errors.New("a trust domain is empty"))
		}
	}
	if o.GRPCAddress == "" && o.HTTPAddress == "" {
		problems = append(problems, errors.New("neither a gRPC nor an HTTP address to answer at"))
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		problems = append(problems, errors.New("a certificate and its key are needed together"))
	}
	if o.ClientCAFile != "" && o.CertFile == "" {
		problems = append(problems, errors.New("client certificates cannot be asked for without a serving certificate"))
	}
	return errors.Join(problems...)
}
