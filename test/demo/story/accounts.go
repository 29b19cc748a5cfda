package story

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Accounts of the parts, as config/rbac has them. Every part acts as its own, so that the demo shows that what an
// installation grants is enough.
const (
	controllerAccount = "system:serviceaccount:serin-system:serin-controller"
	metricsAccount    = "system:serviceaccount:serin-system:serin-metrics"
	proxyAccount      = "system:serviceaccount:serin-system:serin-proxy"
)

// groups are those of every ServiceAccount of serin-system.
var groups = []string{"system:serviceaccounts", "system:serviceaccounts:serin-system", "system:authenticated"}

// grant applies what an installation applies for its parts' accounts.
func (w *World) grant(ctx context.Context, o WorldOptions) error {
	if err := w.apply(ctx, "00-namespace.yaml"); err != nil {
		return err
	}
	folder := filepath.Join(o.Root, "config", "rbac")
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := w.applyText(ctx, string(text)); err != nil {
			return err
		}
	}
	// The right to read Secrets is given for one namespace: kubectl apply -k config/secrets -n shop.
	text, err := os.ReadFile(filepath.Join(o.Root, "config", "secrets", "role.yaml"))
	if err != nil {
		return err
	}
	return w.applyText(ctx, strings.ReplaceAll(string(text), "\nmetadata:\n", "\nmetadata:\n  namespace: "+shop+"\n"))
}

// as is the configuration of a part that acts as its account.
func (w *World) as(account string) *rest.Config {
	config := rest.CopyConfig(w.Plane.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: account, Groups: groups}
	return config
}

// kubeconfigAs writes the same for a process, and returns its path.
func (w *World) kubeconfigAs(account string) (string, error) {
	config, err := clientcmd.LoadFromFile(w.Plane.Kubeconfig)
	if err != nil {
		return "", err
	}
	for _, user := range config.AuthInfos {
		user.Impersonate, user.ImpersonateGroups = account, groups
	}
	path := filepath.Join(w.Plane.Dir, "controller.kubeconfig")
	return path, clientcmd.WriteToFile(*config, path)
}
