package assets

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/serin-dev/serin/test/cluster/internal/gobuild"
)

// The programs of a control plane.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Kubectl           = "kubectl"
)

// The programs that a node needs beside them.
const (
	Scheduler = "kube-scheduler"
	Kubelet   = "kubelet"
	KubeProxy = "kube-proxy"
)

// All are the programs of a control plane in the order in which they are built: the largest first.
var All = []string{APIServer, ControllerManager, Kubectl, Etcd}

// AllOfNode are the programs of a control plane and of a node.
var AllOfNode = []string{APIServer, ControllerManager, Kubelet, Kubectl, Etcd, Scheduler, KubeProxy}

// cacheRoot is the folder for all that serin keeps outside the checkout.
func cacheRoot(getenv func(string) string) (string, error) {
	if dir := getenv("SERIN_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for caches (set SERIN_CACHE): %w", err)
	}
	return filepath.Join(dir, "serin"), nil
}

// cacheKey names the folder of the programs: all that changes what is in them is part of it.
func cacheKey() string {
	return fmt.Sprintf("kubernetes-%s-etcd-%s-%s-%s", gobuild.KubernetesVersion, gobuild.EtcdVersion, runtime.GOOS, runtime.GOARCH)
}

// executable reports whether path is a file that can be run.
func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// absent returns those of the programs that are not in folder.
func absent(folder string, programs []string) []string {
	var missing []string
	for _, program := range programs {
		if !executable(filepath.Join(folder, program)) {
			missing = append(missing, program)
		}
	}
	return missing
}

// link makes a folder under root with a link for each program and returns its path. The name of the folder follows from
// the links, so a folder of that name needs no change.
func link(root string, programs []string, paths map[string]string) (string, error) {
	sum := sha256.New()
	for _, program := range programs {
		_, _ = fmt.Fprintf(sum, "%s=%s\n", program, paths[program]) // A hash takes everything.
	}
	folder := filepath.Join(root, "links-"+hex.EncodeToString(sum.Sum(nil))[:16])
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	for _, program := range programs {
		err := os.Symlink(paths[program], filepath.Join(folder, program))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	return folder, nil
}
