// Command part runs the bundled proxy or the TrafficMetrics server as a process of its own that lives on the simulated pod
// network of another process.
//
// In: which part, a kubeconfig and the address of the network's broker. Out: the part, which ends with SIGTERM. It gives the
// parts the options that cmd/serin gives them, and must not change anything of theirs but where their sockets lie.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"github.com/serin-dev/serin/metrics"
	"github.com/serin-dev/serin/proxy"
	"github.com/serin-dev/serin/test/sim/network"

	"github.com/go-logr/logr"
	"github.com/go-logr/zapr"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "part:", err)
		os.Exit(1)
	}
}

// common is what both parts are told.
type common struct {
	kubeconfig, broker, ip string
}

func command() *cobra.Command {
	shared := &common{}
	root := &cobra.Command{Use: "part", SilenceUsage: true}
	flags := root.PersistentFlags()
	flags.StringVar(&shared.kubeconfig, "kubeconfig", "", "kubeconfig file")
	flags.StringVar(&shared.broker, "broker", "", "address of the network's broker")
	flags.StringVar(&shared.ip, "pod-ip", "", "address of the part on the network")
	root.AddCommand(proxyCommand(shared), metricsCommand(shared))
	return root
}

// ready returns what every part needs.
func (c *common) ready() (*rest.Config, *network.Member, logr.Logger, error) {
	built, err := zap.NewProduction()
	if err != nil {
		return nil, nil, logr.Discard(), err
	}
	log := zapr.NewLogger(built)
	klog.SetLogger(log)
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	if err != nil {
		return nil, nil, log, err
	}
	return config, network.Join(c.broker), log, nil
}

func proxyCommand(shared *common) *cobra.Command {
	var namespace, name string
	var admin int
	cmd := &cobra.Command{Use: "proxy", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		config, member, log, err := shared.ready()
		if err != nil {
			return err
		}
		config.UserAgent = "serin-proxy"
		p, err := proxy.New(proxy.Options{
			RestConfig: config, Log: log, PodName: name, PodNamespace: namespace, AdvertiseIP: shared.ip,
			AdminAddress: "127.0.0.1:0", Listen: member.Listen, Dial: member.DialContext, Peer: member.Peer,
		})
		if err != nil {
			return err
		}
		if _, err := member.Expose(cmd.Context(), p.AdminAddr(), shared.ip, admin); err != nil {
			return err
		}
		return p.Run(cmd.Context())
	}}
	cmd.Flags().StringVar(&namespace, "pod-namespace", "", "namespace of the proxy's pod")
	cmd.Flags().StringVar(&name, "pod-name", "", "name of the proxy's pod")
	cmd.Flags().IntVar(&admin, "admin-port", 9102, "port of /metrics at the pod's address")
	return cmd
}

func metricsCommand(shared *common) *cobra.Command {
	var port int
	cmd := &cobra.Command{Use: "metrics", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		config, member, log, err := shared.ready()
		if err != nil {
			return err
		}
		if _, err := netip.ParseAddr(shared.ip); err != nil {
			return errors.New("--pod-ip is needed")
		}
		config.UserAgent = "serin-metrics"
		server, err := metrics.New(metrics.Options{
			RestConfig: config, Log: log, BindAddress: "127.0.0.1", Port: port, Dial: member.DialContext,
		})
		if err != nil {
			return err
		}
		return server.Run(cmd.Context())
	}}
	cmd.Flags().IntVar(&port, "secure-port", 0, "port to listen on, on loopback")
	return cmd
}
