//go:build linux

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"github.com/serin-dev/serin/test/cluster/internal/machine"
	"github.com/serin-dev/serin/test/cluster/internal/progress"
)

// needs are the commands of a node and the packages of Debian that have them.
var needs = []struct{ command, packages string }{
	{"containerd", "containerd"},
	{"ctr", "containerd"},
	{"nft", "nftables"},
	{"iptables", "iptables"},
	{"conntrack", "conntrack"},
	{"ipset", "ipset"},
	{"ip", "iproute2"},
	{"mount", "mount"},
}

// policy is the script by which Debian's packages ask whether they may start their services.
const policy = "/usr/sbin/policy-rc.d"

// Check says in a sentence why this machine cannot run a node, or returns nil.
func Check() error {
	if os.Geteuid() != 0 {
		return errors.New("a node needs root, since it has cgroups, mounts, network links and packet filter rules")
	}
	if err := installable(Missing()); err != nil {
		return err
	}
	for _, need := range []struct{ what, path string }{
		{"cgroups", "/sys/fs/cgroup"}, {"to set how the network works", "/proc/sys/net/ipv4/ip_forward"},
	} {
		if syscall.Access(need.path, writing) != nil {
			return fmt.Errorf("a node needs %s, but %s cannot be written here", need.what, need.path)
		}
	}
	return nil
}

// writing is W_OK of access(2).
const writing = 2

// installable says why packages cannot be installed.
func installable(missing []string) error {
	if _, err := exec.LookPath("apt-get"); err != nil && len(missing) > 0 {
		return fmt.Errorf("a node needs what Debian has in %s, and there is no apt-get to install it with", strings.Join(missing, ", "))
	}
	return nil
}

// Missing are the packages of Debian that a node needs and that this machine lacks.
func Missing() []string {
	var missing []string
	add := func(name string) {
		if !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	for _, need := range needs {
		if _, err := exec.LookPath(need.command); err != nil {
			add(need.packages)
		}
	}
	if _, err := pluginFolder(); err != nil {
		add("containernetworking-plugins")
	}
	return missing
}

// Install installs the packages that are missing, with more that the caller needs. None may start a service.
func Install(ctx context.Context, log *progress.Log, more []string) error {
	missing := append(Missing(), more...)
	if len(missing) == 0 {
		return nil
	}
	if err := installable(missing); err != nil {
		return err
	}
	log.Say("installing %s with apt-get", strings.Join(missing, ", "))
	if _, err := os.Stat(policy); errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile(policy, []byte("#!/bin/sh\nexit 101\n"), 0o755); err != nil {
			return err
		}
		defer func() { _ = os.Remove(policy) }() // It was written a moment ago.
	}
	task := log.Begin("apt-get", func() string { return "" })
	err := install(ctx, missing)
	if err != nil { // The lists of packages may be old or not there.
		if _, err = machine.Run(ctx, "", "apt-get", "-q", "update"); err == nil {
			err = install(ctx, missing)
		}
	}
	if err != nil {
		task.End("failed")
		return err
	}
	task.End("done")
	return nil
}

// install installs packages without a question.
func install(ctx context.Context, packages []string) error {
	args := append([]string{
		"-q", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Options::=--force-confold", "install",
	}, packages...)
	_, err := machine.Run(ctx, "", "env", append([]string{"DEBIAN_FRONTEND=noninteractive", "apt-get"}, args...)...)
	return err
}

// BuildPackages are the packages of Debian that runc is built with and that this machine lacks.
func BuildPackages() []string {
	var missing []string
	for _, tool := range []string{"gcc", "pkg-config"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, tool)
		}
	}
	if exec.Command("pkg-config", "--exists", "libseccomp").Run() != nil {
		missing = append(missing, "libseccomp-dev")
	}
	if _, err := os.Stat("/usr/include/stdlib.h"); err != nil {
		missing = append(missing, "libc6-dev")
	}
	return missing
}
