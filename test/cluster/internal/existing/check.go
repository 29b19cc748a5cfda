package existing

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// requestTimeout bounds one request to the cluster.
const requestTimeout = "10s"

// Cluster is what is known about a cluster that answers.
type Cluster struct {
	Server, Version string
}

// Check asks the cluster of a KUBECONFIG whether it is ready.
func Check(ctx context.Context, kubectl, kubeconfig string) (Cluster, error) {
	ask := func(args ...string) (string, error) { return run(ctx, kubectl, kubeconfig, args...) }
	var cluster Cluster
	if err := findFile(kubeconfig); err != nil {
		return cluster, err
	}
	if _, err := ask("get", "--raw=/readyz"); err != nil {
		return cluster, fmt.Errorf("the cluster of KUBECONFIG=%s is not ready: %w", kubeconfig, err)
	}
	server, err := ask("config", "view", "--minify", "--output=jsonpath={.clusters[0].cluster.server}")
	if err != nil {
		return cluster, err
	}
	text, err := ask("get", "--raw=/version")
	if err != nil {
		return cluster, err
	}
	var reported struct {
		GitVersion string `json:"gitVersion"`
	}
	if err := json.Unmarshal([]byte(text), &reported); err != nil {
		return cluster, fmt.Errorf("the version of the cluster at %s: %w", server, err)
	}
	return Cluster{Server: server, Version: reported.GitVersion}, nil
}

// findFile checks that there is a kubeconfig: without any, kubectl asks whatever listens on port 8080.
func findFile(kubeconfig string) error {
	var problem error
	for _, path := range filepath.SplitList(kubeconfig) {
		_, err := os.Stat(path)
		if err == nil {
			return nil
		}
		problem = err
	}
	return fmt.Errorf("KUBECONFIG=%s: %w", kubeconfig, problem)
}

// run runs kubectl and returns what it prints, without the space around it.
func run(ctx context.Context, kubectl, kubeconfig string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, kubectl, append(args, "--request-timeout="+requestTimeout)...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(problem.String()))
	}
	return strings.TrimSpace(out.String()), nil
}
