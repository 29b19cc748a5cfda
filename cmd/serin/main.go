// Command serin is every part of Serin that runs in a cluster, one part per subcommand.
//
// In: flags and the API server's address. Out: a running part. It wires packages together and must not decide anything.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/go-logr/zapr"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "serin:", err)
		os.Exit(1)
	}
}

// common are the flags that every part has.
type common struct {
	kubeconfig string
	logLevel   string
	logFormat  string
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "serin",
		Short:         "Progressive delivery for Kubernetes Deployments behind SMI TrafficSplits",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	shared := &common{}
	flags := root.PersistentFlags()
	flags.StringVar(&shared.kubeconfig, "kubeconfig", "", "kubeconfig file; default: the pod's own account, else $KUBECONFIG")
	flags.StringVar(&shared.logLevel, "log-level", "info", "debug, info, warn or error")
	flags.StringVar(&shared.logFormat, "log-format", "json", "json or console")
	root.AddCommand(controllerCommand(shared), metricsCommand(shared), proxyCommand(shared), authzCommand(shared), checkCommand(shared))
	return root
}

// logger makes the log of the process: zap behind logr, for Serin's own parts and for the libraries'.
func (c *common) logger() (logr.Logger, error) {
	level, err := zapcore.ParseLevel(c.logLevel)
	if err != nil {
		return logr.Discard(), fmt.Errorf("--log-level: %w", err)
	}
	config := zap.NewProductionConfig()
	config.Level = zap.NewAtomicLevelAt(level)
	config.Encoding = c.logFormat
	config.EncoderConfig.EncodeTime = zapcore.ISO8601TimeEncoder
	built, err := config.Build()
	if err != nil {
		return logr.Discard(), fmt.Errorf("--log-format: %w", err)
	}
	log := zapr.NewLogger(built)
	ctrllog.SetLogger(log)
	klog.SetLogger(log)
	return log, nil
}

// config finds the API server.
func (c *common) config() (*rest.Config, error) {
	if c.kubeconfig == "" {
		if config, err := rest.InClusterConfig(); err == nil {
			return config, nil
		}
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("no API server: %w", err)
	}
	return config, nil
}
