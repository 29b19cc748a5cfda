package main

import (
	"fmt"
	"net/netip"

	"github.com/serin-dev/serin/authz"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
)

func authzCommand(shared *common) *cobra.Command {
	o := &authz.Options{}
	headersFrom, addressFrom := []string{}, []string{}
	cmd := &cobra.Command{
		Use:   "authz",
		Short: "Answer whether a request may pass, for data planes that ask",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.HeadersFrom, err = prefixes("--trust-headers-from", headersFrom); err != nil {
				return err
			}
			if o.AddressFrom, err = prefixes("--trust-address-from", addressFrom); err != nil {
				return err
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
			s, err := authz.New(*o)
			if err != nil {
				return err
			}
			return s.Run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	addAuthzFlags(flags, o)
	flags.StringSliceVar(&headersFrom, "trust-headers-from", nil,
		"networks of the data planes whose x-forwarded-client-cert and l5d-client-id are believed; they must overwrite what clients send; default none")
	flags.StringSliceVar(&addressFrom, "trust-address-from", nil,
		"networks of the gateways whose word about the caller's address is believed over forward-auth; default none")
	return cmd
}

func addAuthzFlags(flags *pflag.FlagSet, o *authz.Options) {
	flags.StringVar(&o.Mode, "mode", authz.Enforce, "Enforce, or Audit: let everything pass, count and log what Enforce would deny")
	flags.StringVar(&o.GRPCAddress, "grpc-bind-address", ":9000", "address of Envoy's ext_authz v3; empty for none")
	flags.StringVar(&o.HTTPAddress, "http-bind-address", ":9001", "address of forward-auth; empty for none")
	flags.StringVar(&o.AdminAddress, "admin-bind-address", ":9103", "address of /metrics, /healthz and /readyz")
	flags.StringSliceVar(&o.Evidence, "identity", []string{authz.EvidencePrincipal},
		"how the caller is known: principal (Envoy's source.principal), xfcc, linkerd, address; what is not named is ignored")
	flags.StringSliceVar(&o.TrustDomains, "trust-domain", nil,
		"trust domains whose namespaces and ServiceAccounts are this cluster's; every other is foreign; default cluster.local")
	flags.BoolVar(&o.OSMOrder, "osm-identities", false, "also read spiffe://DOMAIN/SERVICEACCOUNT/NAMESPACE, the order of Open Service Mesh")
	flags.StringVar(&o.CertFile, "tls-cert-file", "", "serving certificate of both wire forms, followed when it changes; without it nothing is encrypted")
	flags.StringVar(&o.KeyFile, "tls-key-file", "", "key of that certificate")
	flags.StringVar(&o.ClientCAFile, "client-ca-file", "", "authorities of those who may ask; without it anybody who reaches the port may")
	flags.DurationVar(&o.DrainGrace, "drain-grace", 0, "time to keep answering when stopping; default 5s")
}

// prefixes reads networks, or single addresses.
func prefixes(flag string, texts []string) ([]netip.Prefix, error) {
	var read []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			address, single := netip.ParseAddr(text)
			if single != nil {
				return nil, fmt.Errorf("%s: %q is neither a network such as 10.0.0.0/8 nor an address", flag, text)
			}
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
		read = append(read, prefix.Masked())
	}
	return read, nil
}
