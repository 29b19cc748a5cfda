package main

import (
	"fmt"
	"strings"

	"github.com/serin-dev/serin/metrics"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

func metricsCommand(shared *common) *cobra.Command {
	o := &metrics.Options{}
	var proxyService, service, profiles, certSecret string
	asked := &asked{}
	cmd := &cobra.Command{
		Use:   "metrics",
		Short: "Serve TrafficMetrics as an aggregated API",
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
			for flag, into := range map[*string]*types.NamespacedName{
				&proxyService: &o.ProxyService, &service: &o.Service, &profiles: &o.Profiles,
			} {
				if *into, err = serviceName(*flag); err != nil {
					return err
				}
			}
			if o.CertSecret, err = secretName(certSecret); err != nil {
				return err
			}
			o.Log, o.RestConfig = log, rest.CopyConfig(config)
			o.RestConfig.UserAgent = "serin-metrics"
			if o.Prometheus, err = asked.options(); err != nil {
				return err
			}
			server, err := metrics.New(*o)
			if err != nil {
				return err
			}
			return server.Run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&proxyService, "proxy-service", "serin-system/serin-proxy", "headless Service of the bundled proxies")
	flags.StringVar(&service, "service", "serin-system/serin-metrics", "Service that the APIService refers to")
	flags.StringVar(&o.BindAddress, "bind-address", "", "address to listen on; default: all")
	flags.IntVar(&o.Port, "secure-port", 8443, "port to listen on")
	flags.StringVar(&o.CertDir, "cert-dir", "", "folder with tls.crt and tls.key, which are followed: a mounted Secret, of cert-manager for example")
	flags.DurationVar(&o.ScrapeInterval, "scrape-interval", metrics.DefaultScrapeInterval, "time between two scrapes")
	flags.DurationVar(&o.Retention, "retention", metrics.DefaultRetention, "longest window that can be asked for")
	asked.addFlags(flags)
	flags.StringVar(&profiles, "profiles", "serin-system/serin-metrics-profiles", "ConfigMap whose values are more profiles; it need not exist")
	flags.StringVar(&certSecret, "cert-secret", "", "Secret, as namespace/name, in which the server keeps a certificate that it makes and rotates; replicas share "+
		"it, and the APIService gets its caBundle. With neither this nor --cert-dir a certificate is made at start, which nobody can verify")
	return cmd
}

// serviceName reads namespace/name.
func serviceName(text string) (types.NamespacedName, error) {
	namespace, name, ok := strings.Cut(text, "/")
	if !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
		return types.NamespacedName{}, fmt.Errorf("%q is not namespace/name", text)
	}
	return types.NamespacedName{Namespace: namespace, Name: name}, nil
}

// secretName reads the namespace/name of a Secret, or nothing.
func secretName(text string) (types.NamespacedName, error) {
	if text == "" {
		return types.NamespacedName{}, nil
	}
	name, err := serviceName(text)
	if err != nil {
		return name, fmt.Errorf("--cert-secret %q is not a Secret: write namespace/name", text)
	}
	return name, nil
}
