//go:build linux

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/serin-dev/serin/test/cluster/internal/assets"
	"github.com/serin-dev/serin/test/cluster/internal/machine"
	"github.com/serin-dev/serin/test/cluster/internal/plane"
)

// prepare makes what the programs need of the machine.
func (n *Node) prepare(ctx context.Context) error {
	before, err := machine.Note(ctx)
	if err != nil {
		return err
	}
	for _, folder := range []string{"logs", "tmp", "cni", "kubelet", "pod-logs"} {
		if err := os.MkdirAll(n.layout.at(folder), 0o755); err != nil {
			return err
		}
	}
	if size := n.options.LogSpace; size > 0 {
		if err := syscall.Mount("tmpfs", n.layout.podLogs(), "tmpfs", 0, fmt.Sprintf("size=%d,mode=755", size)); err != nil {
			return fmt.Errorf("mounting %d bytes for the logs of pods: %w", size, err)
		}
	}
	if err := machine.MakeCGroups(); err != nil {
		return err
	}
	if err := machine.AllowForwarding(ctx); err != nil {
		return err
	}
	if err := machine.MakeBridge(ctx, Address, podRange, plane.ServiceRange); err != nil {
		return err
	}
	return machine.Forward(ctx, before)
}

// startContainerd starts containerd and imports the pause image.
func (n *Node) startContainerd(ctx context.Context) error {
	plugins, err := pluginFolder()
	if err != nil {
		return err
	}
	text := n.layout.containerdText(n.options.Programs.Runc, plugins, n.snapshotter())
	if err := os.WriteFile(n.layout.at("containerd.toml"), []byte(text), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(n.layout.at("cni/10-serin.conflist"), []byte(n.layout.networkText()), 0o600); err != nil {
		return err
	}
	path, err := exec.LookPath("containerd")
	if err != nil {
		return err
	}
	child, err := n.launch("containerd", path, []string{"--config=" + n.layout.at("containerd.toml"), "--log-level=warn"})
	if err != nil {
		return err
	}
	err = await(ctx, "containerd answers", child, func() error {
		_, err := ctr(ctx, "version")
		return err
	})
	if err != nil {
		return err
	}
	return n.importPause(ctx)
}

// snapshotter is the way to put the layers of an image together: overlays, where the folder's file system can be under one.
func (n *Node) snapshotter() string {
	lower, upper := n.layout.at("try/lower"), n.layout.at("try/upper")
	work, merged := n.layout.at("try/work"), n.layout.at("try/merged")
	for _, folder := range []string{lower, upper, work, merged} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return "native"
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work)
	if err := syscall.Mount("overlay", merged, "overlay", 0, options); err != nil {
		n.options.Log.Say("images are copied for each container, since overlays do not work in %s: %v", machine.Dir, err)
		return "native"
	}
	if err := syscall.Unmount(merged, 0); err != nil {
		n.options.Log.Say("unmounting %s: %v", merged, err)
	}
	return "overlayfs"
}

// startKubelet starts the kubelet.
func (n *Node) startKubelet() error {
	serving, err := n.Plane.WriteServing("kubelet", Name, Address)
	if err != nil {
		return err
	}
	kubeconfig, err := n.Plane.WriteKubeconfig("kubelet", "system:node:"+Name, "system:nodes")
	if err != nil {
		return err
	}
	machines, err := os.ReadFile("/etc/resolv.conf")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	resolv := resolvText(string(machines))
	for name, text := range map[string]string{
		"resolv.conf":  resolv,
		"kubelet.yaml": n.layout.kubeletText(serving),
		"dns.yaml":     dnsText(resolv),
	} {
		if err := os.WriteFile(n.layout.at(name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	_, err = n.launch(assets.Kubelet, n.kubernetes(assets.Kubelet), n.layout.kubeletFlags(kubeconfig))
	return err
}

// startProxy starts kube-proxy.
func (n *Node) startProxy() error {
	kubeconfig, err := n.Plane.WriteKubeconfig("kube-proxy", "system:kube-proxy")
	if err != nil {
		return err
	}
	health, err := freeAddress("127.0.0.1:0")
	if err != nil {
		return err
	}
	metrics, err := freeAddress("127.0.0.1:0")
	if err != nil {
		return err
	}
	text := n.layout.proxyText(kubeconfig, health.String(), metrics.String())
	if err := os.WriteFile(n.layout.at("kube-proxy.yaml"), []byte(text), 0o600); err != nil {
		return err
	}
	_, err = n.launch(assets.KubeProxy, n.kubernetes(assets.KubeProxy), []string{"--config=" + n.layout.at("kube-proxy.yaml")})
	return err
}

// startDNS creates the cluster's DNS and waits until the node is ready and the DNS available.
func (n *Node) startDNS(ctx context.Context) error {
	if err := n.importDNS(ctx); err != nil {
		return err
	}
	_, err := machine.Run(ctx, "", n.kubernetes(assets.Kubectl), "--kubeconfig="+n.Plane.Kubeconfig,
		"apply", "--server-side", "--filename="+n.layout.at("dns.yaml"))
	if err != nil {
		return err
	}
	if err := n.awaitCondition(ctx, "/api/v1/nodes/"+Name, "Ready"); err != nil {
		return err
	}
	return n.awaitCondition(ctx, "/apis/apps/v1/namespaces/kube-system/deployments/coredns", "Available")
}

// pluginFolder is the folder with the CNI plugins.
func pluginFolder() (string, error) {
	for _, folder := range []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"} {
		if _, err := os.Stat(filepath.Join(folder, "bridge")); err == nil {
			return folder, nil
		}
	}
	return "", errors.New("no CNI plugins are in /usr/lib/cni, /opt/cni/bin or /usr/libexec/cni")
}
