package main

import (
	"fmt"

	"github.com/serin-dev/serin/metrics/prometheus"

	"github.com/prometheus/common/config"
	"github.com/spf13/pflag"
)

// asked are the flags about the Prometheus from which TrafficMetrics come.
type asked struct {
	prometheus prometheus.Options
	httpConfig string
}

func (a *asked) addFlags(flags *pflag.FlagSet) {
	o := &a.prometheus
	flags.StringVar(&o.Address, "prometheus-address", "", "take the numbers from this Prometheus, for example http://prometheus.monitoring:9090, "+
		"instead of the bundled proxies")
	flags.StringVar(&o.Profile, "prometheus-profile", prometheus.Auto, "which data plane's series to read; auto: the one whose series are there")
	flags.DurationVar(&o.ScrapeInterval, "prometheus-scrape-interval", prometheus.DefaultScrapeInterval,
		"how often that Prometheus scrapes the data plane; windows shorter than two scrapes are refused")
	flags.DurationVar(&o.Delay, "prometheus-delay", prometheus.DefaultDelay, "how long after its end a window is read, so that its last scrapes are in")
	flags.DurationVar(&o.Timeout, "prometheus-timeout", prometheus.DefaultTimeout, "the longest time to wait for an answer of that Prometheus")
	flags.StringVar(&a.httpConfig, "prometheus-http-config", "", "file that says how to connect to it, in the form of Prometheus's own http_config: "+
		"authorization, basic_auth, oauth2, tls_config, proxy_url, http_headers")
}

// options reads the file that the flags name, if they do.
func (a *asked) options() (prometheus.Options, error) {
	o := a.prometheus
	if a.httpConfig == "" {
		return o, nil
	}
	read, _, err := config.LoadHTTPConfigFile(a.httpConfig)
	if err != nil {
		return o, fmt.Errorf("--prometheus-http-config: %w", err)
	}
	if o.Transport, err = config.NewRoundTripperFromConfig(*read, "serin-metrics"); err != nil {
		return o, fmt.Errorf("--prometheus-http-config: %w", err)
	}
	return o, nil
}
