package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/access"
	"github.com/serin-dev/serin/controllers/canary"
	"github.com/serin-dev/serin/controllers/canary/config"
	"github.com/serin-dev/serin/controllers/gateway"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// controllerOptions are the flags of `serin controller`.
type controllerOptions struct {
	namespace      string
	metricsAddress string
	healthAddress  string
	leaderElection bool
	leaderNS       string
	workers        int
	slackAPI       string
	prometheus     string
	access         bool
	gateway        bool
	secrets        []string
}

func controllerCommand(shared *common) *cobra.Command {
	o := &controllerOptions{}
	cmd := &cobra.Command{
		Use:   "controller",
		Short: "Carry rollouts out",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := shared.logger()
			if err != nil {
				return err
			}
			config, err := shared.config()
			if err != nil {
				return err
			}
			return o.run(cmd.Context(), config, log)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.namespace, "namespace", "", "the only namespace to look at; default: all")
	flags.StringVar(&o.metricsAddress, "metrics-bind-address", ":8080", "address of /metrics; 0 turns it off")
	flags.StringVar(&o.healthAddress, "health-bind-address", ":8081", "address of /healthz and /readyz; 0 turns it off")
	flags.BoolVar(&o.leaderElection, "leader-elect", true, "let only one of several controllers act")
	flags.StringVar(&o.leaderNS, "leader-elect-namespace", "", "namespace of the lease; default: the pod's own")
	flags.IntVar(&o.workers, "workers", 8, "Canaries looked at at the same time")
	flags.StringVar(&o.slackAPI, "slack-api-url", "", "base URL of Slack's API; default: Slack's own")
	flags.StringVar(&o.prometheus, "prometheus-address", "", "URL of the Prometheus that answers the queries of Canaries that name none, without /api/v1")
	flags.BoolVar(&o.access, "access", true, "read TrafficTargets and the routes that they name: say what is wrong with them, and hold rollouts whose "+
		"candidate a caller of stable may not call; without it, a rollout with spec.access.mode Enforce to another ServiceAccount stays held")
	flags.BoolVar(&o.gateway, "gateway", true, "carry out TrafficSplits that ask for it by routes of the Gateway API; without it, "+
		"routes that are there stay as they are, and a split for which a route of yours is taken over cannot be deleted")
	flags.StringSliceVar(&o.secrets, "secret-namespaces", nil, "namespaces in which the controller may read Secrets, for notifications and webhooks, and "+
		"to copy those of pod templates; * for all; elsewhere every version uses the Secrets that the target names, and changing one is no rollout; default none")
	return cmd
}

func (o *controllerOptions) run(ctx context.Context, restConfig *rest.Config, log logr.Logger) error {
	client := rest.CopyConfig(restConfig)
	client.UserAgent = "serin-controller"
	client.QPS = -1 // the API server's own fairness limits what Serin asks
	mgr, err := ctrl.NewManager(client, o.managerOptions(log))
	if err != nil {
		return err
	}
	options := canary.Options{
		Workers: o.workers, Namespace: ownNamespace(), SlackAPIURL: o.slackAPI, PrometheusAddress: o.prometheus,
		SecretScope: config.Only(o.secrets...), Registerer: ctrlmetrics.Registry, Log: log,
	}
	if o.access {
		book, err := access.Setup(mgr, access.Options{Namespace: o.namespace, Log: log})
		if err != nil {
			return err
		}
		options.Grants = book
	}
	if err := canary.Setup(ctx, mgr, options); err != nil {
		return err
	}
	if o.gateway {
		if err := gateway.Setup(ctx, mgr, gateway.Options{Namespace: o.namespace, Log: log}); err != nil {
			return err
		}
	}
	for name, add := range map[string]func(string, healthz.Checker) error{"ping": mgr.AddHealthzCheck, "ready": mgr.AddReadyzCheck} {
		if err := add(name, healthz.Ping); err != nil {
			return err
		}
	}
	return mgr.Start(ctx)
}

func (o *controllerOptions) managerOptions(log logr.Logger) ctrl.Options {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme, split.AddToScheme} {
		if err := add(scheme); err != nil {
			panic(fmt.Sprintf("a kind is registered twice: %v", err))
		}
	}
	options := ctrl.Options{
		Scheme:                        scheme,
		Logger:                        log,
		Metrics:                       server.Options{BindAddress: o.metricsAddress},
		HealthProbeBindAddress:        o.healthAddress,
		LeaderElection:                o.leaderElection,
		LeaderElectionID:              "serin-controller",
		LeaderElectionNamespace:       o.leaderNS,
		LeaderElectionReleaseOnCancel: true,
		Cache:                         canary.CacheOptions(config.Only(o.secrets...)),
	}
	if o.namespace != "" {
		options.Cache.DefaultNamespaces = map[string]cache.Config{o.namespace: {}}
		// The bundled proxy lies in the controller's own namespace.
		options.Cache.ByObject[&corev1.Service{}] = cache.ByObject{Namespaces: map[string]cache.Config{o.namespace: {}, ownNamespace(): {}}}
	}
	return options
}

// ownNamespace is where the controller runs: its pod's namespace, and outside of a pod the one in which Serin is installed by
// default. Where the lease lies says nothing about it.
func ownNamespace() string {
	if text, err := os.ReadFile("/var/run/secrets/kubernetes.io/serviceaccount/namespace"); err == nil {
		return strings.TrimSpace(string(text))
	}
	return "serin-system"
}
