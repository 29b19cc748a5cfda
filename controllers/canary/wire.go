package canary

import (
	"context"
	"errors"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/canary/config"
	"github.com/serin-dev/serin/controllers/canary/hooks"
	"github.com/serin-dev/serin/controllers/canary/queries"
	"github.com/serin-dev/serin/controllers/canary/telemetry"
	"github.com/serin-dev/serin/notifier"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Options configure the controller. Only Workers is required.
type Options struct {
	// Workers is the number of Canaries looked at at the same time.
	Workers int
	// Namespace is the controller's own, where the Secrets of ClusterRolloutPolicies lie.
	Namespace string
	// SlackAPIURL is the base of Slack's API; default Slack's own.
	SlackAPIURL string
	// PrometheusAddress is the Prometheus of Canaries that name none, without /api/v1; empty if there is none.
	PrometheusAddress string
	// SecretScope is where Secrets may be read; the same as that of the cache.
	SecretScope config.Scope
	// Grants says what TrafficTargets allow; nil if nobody reads them, and then a rollout that depends on them is held.
	Grants Grants
	// Registerer gets the controller's metrics; nil leaves them unregistered.
	Registerer prometheus.Registerer
	// Log gets what no Event tells.
	Log logr.Logger
}

// Setup puts the controller and everything it works with into a manager, whose cache should be made with CacheOptions.
func Setup(ctx context.Context, mgr ctrl.Manager, o Options) error {
	metrics, err := rest.RESTClientForConfigAndClient(rawConfig(mgr.GetConfig()), mgr.GetHTTPClient())
	if err != nil {
		return err
	}
	secrets := secretReader(mgr.GetAPIReader())
	nudger := &Nudger{}
	receipts := &Receipts{Nudge: nudger.Nudge}
	outbox := notifier.NewOutbox(notifier.Options{
		Secrets: secrets, Log: o.Log.WithName("notifier"), SlackAPIURL: o.SlackAPIURL, Registerer: o.Registerer, Settled: receipts.Settled,
	})
	caller := hooks.New(hooks.Options{
		Secrets: secrets, Log: o.Log.WithName("webhooks"), Registerer: o.Registerer, Answered: nudger.Nudge,
	})
	book := config.NewBook(mgr.GetClient(), mgr.GetAPIReader())
	book.Secrets = o.SecretScope
	r := &Reconciler{
		Client:    mgr.GetClient(),
		Live:      mgr.GetAPIReader(),
		Metrics:   NewMetricsReader(metrics, time.Now),
		Splits:    &Splits{Cache: mgr.GetCache(), Live: mgr.GetAPIReader(), Changed: nudger.Nudge},
		Grants:    o.Grants,
		Configs:   book,
		Hooks:     caller,
		Queries:   queries.New(queries.Options{Address: o.PrometheusAddress, Client: mgr.GetAPIReader()}),
		Events:    mgr.GetEventRecorder("serin"),
		Outbox:    outbox,
		Receipts:  receipts,
		Nudger:    nudger,
		Telemetry: telemetry.New(telemetry.Options{Canaries: mgr.GetClient(), Elected: mgr.Elected(), Registerer: o.Registerer}),
		Namespace: o.Namespace,
		Now:       time.Now,
	}
	post := postman{Outbox: outbox, receipts: receipts, client: mgr.GetClient(), live: mgr.GetAPIReader()}
	return errors.Join(mgr.Add(post), mgr.Add(caller), r.SetupWithManager(ctx, mgr, o.Workers))
}

// secretReader reads one Secret by name, past the cache.
func secretReader(reader client.Reader) func(ctx context.Context, namespace, name string) (map[string][]byte, error) {
	return func(ctx context.Context, namespace, name string) (map[string][]byte, error) {
		secret := &corev1.Secret{}
		if err := reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, secret); err != nil {
			return nil, err
		}
		return secret.Data, nil
	}
}

// rawConfig is for requests whose paths are spelled out.
func rawConfig(config *rest.Config) *rest.Config {
	raw := rest.CopyConfig(config)
	raw.GroupVersion = &v1alpha1.GroupVersion
	raw.NegotiatedSerializer = clientgoscheme.Codecs.WithoutConversion()
	return raw
}
