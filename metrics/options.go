package metrics

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/serin-dev/serin/metrics/prometheus"
	"github.com/serin-dev/serin/metrics/scrape"
)

// Defaults of Options.
const (
	DefaultScrapeInterval = time.Second
	DefaultRetention      = 5 * time.Minute
)

var (
	defaultProxyService = types.NamespacedName{Namespace: "serin-system", Name: "serin-proxy"}
	defaultService      = types.NamespacedName{Namespace: "serin-system", Name: "serin-metrics"}
	defaultProfiles     = types.NamespacedName{Namespace: "serin-system", Name: "serin-metrics-profiles"}
)

// Options say how to run a server. Only RestConfig has no default.
type Options struct {
	// RestConfig leads to the cluster: for what is watched, and to have callers authenticated and authorised.
	RestConfig *rest.Config
	// ProxyService is the headless Service whose endpoints are the bundled proxies, by default serin-system/serin-proxy. Its
	// port named "admin" has /metrics.
	ProxyService types.NamespacedName
	// Service is the Service the APIService refers to, by default serin-system/serin-metrics. A certificate that the server
	// makes for itself is valid for its names and for localhost.
	Service types.NamespacedName

	// BindAddress is the address to listen on, by default all of the machine's.
	BindAddress string
	// Port is the port to listen on; 0 takes a free one, which Server.Port tells.
	Port int
	// CertDir has the serving certificate in tls.crt and tls.key, followed when they change. If it is empty, and CertSecret
	// is, the server makes a certificate in memory.
	CertDir string

	// ScrapeInterval is the time between two scrapes: whole seconds, or a part of one second. Scrapes are made at its
	// multiples since the epoch. Default 1s.
	ScrapeInterval time.Duration
	// Retention is the longest window that can be asked for. Default 5m.
	Retention time.Duration
	// Dial opens connections to proxies; nil dials the address as it is.
	Dial scrape.DialFunc

	// Prometheus is where numbers come from if its Address is set, instead of the bundled proxies.
	Prometheus prometheus.Options
	// Profiles is the ConfigMap whose values are profiles that are added to the built-in ones, by default
	// serin-system/serin-metrics-profiles. It need not exist.
	Profiles types.NamespacedName

	// Log takes what an operator should know. The zero value discards it.
	Log logr.Logger

	// CertSecret is a Secret in which the server keeps an authority and a certificate that it makes and rotates, and whose
	// authority it writes into the APIService; replicas share it. It excludes CertDir.
	CertSecret types.NamespacedName
}

func (o *Options) complete() error {
	if o.RestConfig == nil {
		return errors.New("the TrafficMetrics server needs a RestConfig")
	}
	if o.CertDir != "" && o.CertSecret != (types.NamespacedName{}) {
		return fmt.Errorf("the serving certificate is in the folder %s or in the Secret %s, and not in both", o.CertDir, o.CertSecret)
	}
	if o.ProxyService == (types.NamespacedName{}) {
		o.ProxyService = defaultProxyService
	}
	if o.Service == (types.NamespacedName{}) {
		o.Service = defaultService
	}
	if o.Profiles == (types.NamespacedName{}) {
		o.Profiles = defaultProfiles
	}
	if o.ScrapeInterval == 0 {
		o.ScrapeInterval = DefaultScrapeInterval
	}
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	if o.Log.GetSink() == nil {
		o.Log = logr.Discard()
	}
	return nil
}
