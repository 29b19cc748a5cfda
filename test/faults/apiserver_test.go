//go:build e2e

package faults

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/serin-dev/serin/test/controlplane"

	"k8s.io/client-go/rest"
)

// startAPIServer starts a second kube-apiserver beside the one of the control plane, with the same flags and the same etcd. All
// parts talk to this one, so that it can be killed: the control plane ends with its own.
func startAPIServer(ctx context.Context, plane *controlplane.ControlPlane) (*process, *rest.Config, error) {
	pid := plane.Pids["kube-apiserver"]
	if pid == 0 {
		return nil, nil, fmt.Errorf("the control plane tells no process id of its kube-apiserver: %v", plane.Pids)
	}
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return nil, nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, nil, err
	}
	var args []string
	for _, arg := range bytes.Split(bytes.TrimRight(line, "\x00"), []byte{0}) {
		if strings.HasPrefix(string(arg), "--secure-port=") {
			arg = fmt.Appendf(nil, "--secure-port=%d", port)
		}
		args = append(args, string(arg))
	}
	server := &process{
		path: filepath.Join(plane.AssetsDir, "kube-apiserver"), args: args[1:], log: filepath.Join(plane.Dir, "apiserver-of-the-parts.log"),
	}
	config := rest.CopyConfig(plane.Config)
	config.Host = fmt.Sprintf("https://127.0.0.1:%d", port)
	if err := server.start(); err != nil {
		return nil, nil, err
	}
	return server, config, apiServerReady(ctx, config)
}

// apiServerReady waits until an API server answers.
func apiServerReady(ctx context.Context, config *rest.Config) error {
	transport, err := rest.TransportFor(rest.CopyConfig(config))
	if err != nil {
		return err
	}
	client := &http.Client{Transport: transport, Timeout: 2 * time.Second}
	return poll(ctx, 2*time.Minute, func() (bool, error) {
		response, err := client.Get(config.Host + "/readyz")
		if err != nil {
			return false, nil
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK, nil
	})
}

func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
