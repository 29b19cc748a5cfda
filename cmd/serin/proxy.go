package main

import (
	"errors"

	"github.com/serin-dev/serin/proxy"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
)

func proxyCommand(shared *common) *cobra.Command {
	o := &proxy.Options{}
	cmd := &cobra.Command{
		Use:   "proxy",
		Short: "Carry the requests to the apexes",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.PodName == "" || o.PodNamespace == "" || o.AdvertiseIP == "" {
				return errors.New("--pod-name, --pod-namespace and --pod-ip are needed: set them from the downward API")
			}
			log, err := shared.logger()
			if err != nil {
				return err
			}
			config, err := shared.config()
			if err != nil {
				return err
			}
			o.Log, o.RestConfig = log, rest.CopyConfig(config)
			o.RestConfig.UserAgent = "serin-proxy"
			p, err := proxy.New(*o)
			if err != nil {
				return err
			}
			return p.Run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.PodName, "pod-name", "", "name of the pod this proxy runs in")
	flags.StringVar(&o.PodNamespace, "pod-namespace", "", "namespace of that pod")
	flags.StringVar(&o.AdvertiseIP, "pod-ip", "", "address at which the callers of an apex reach this proxy")
	flags.StringVar(&o.AdminAddress, "admin-bind-address", ":9102", "address of /metrics, /healthz, /readyz and /debug/table")
	flags.DurationVar(&o.WithdrawGrace, "withdraw-grace", 0, "time to keep serving after leaving the apexes; default 5s")
	flags.DurationVar(&o.DrainTimeout, "drain-timeout", 0, "time for requests in flight when stopping; default 30s")
	return cmd
}
