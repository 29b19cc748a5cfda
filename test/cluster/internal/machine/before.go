//go:build linux

package machine

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// settings are the kernel settings, as paths under /proc/sys, that kubelet, kube-proxy or a CNI plugin changes.
var settings = []string{
	"kernel/keys/root_maxbytes", "kernel/keys/root_maxkeys", "kernel/panic", "kernel/panic_on_oops",
	"net/bridge/bridge-nf-call-ip6tables", "net/bridge/bridge-nf-call-iptables",
	"net/ipv4/conf/all/route_localnet", "net/ipv4/ip_forward",
	"net/netfilter/nf_conntrack_max", "net/netfilter/nf_conntrack_tcp_timeout_close_wait",
	"net/netfilter/nf_conntrack_tcp_timeout_established",
	"vm/overcommit_memory", "vm/panic_on_oom",
}

// places are the files and folders outside the node's folder that programs of a node make because their paths are fixed there,
// each folder before what is in it.
var places = []string{
	"/run/containerd", "/run/containerd/fifo", "/run/containerd/s", "/run/mount", "/run/netns", "/run/xtables.lock",
	"/var/lib/cni", "/var/lib/cni/cache", "/var/lib/cni/results",
	"/var/lib/kubelet", "/var/lib/kubelet/device-plugins", "/var/lib/kubelet/device-plugins/DEPRECATION",
	"/var/lib/kubelet/device-plugins/kubelet.sock", "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint",
	"/var/log/containers",
}

// setting is the file of a kernel setting.
func setting(name string) string { return "/proc/sys/" + name }

// Before is what was noted of the machine before there was a node.
type Before struct {
	// Settings are kernel settings and their values.
	Settings map[string]string `json:"settings"`
	// Absent are the places where there was nothing.
	Absent []string `json:"absent"`
	// Tables are the packet filter's, and Chains those of the table for address translation, if it was there.
	Tables []string `json:"tables"`
	Chains []string `json:"chains"`
}

// file is where the note is kept, for whoever cleans up after a node that was killed.
func file() string { return filepath.Join(Dir, "before.json") }

// Note notes what the machine is like and keeps it in the node's folder.
func Note(ctx context.Context) (Before, error) {
	before := Before{Settings: map[string]string{}}
	for _, name := range settings {
		if text, err := os.ReadFile(setting(name)); err == nil {
			before.Settings[name] = strings.TrimSpace(string(text))
		}
	}
	for _, place := range places {
		if _, err := os.Lstat(place); errors.Is(err, fs.ErrNotExist) {
			before.Absent = append(before.Absent, place)
		}
	}
	var err error
	if before.Tables, err = tables(ctx); err != nil {
		return before, err
	}
	if slices.Contains(before.Tables, natTable) {
		if before.Chains, err = natChains(ctx); err != nil {
			return before, err
		}
	}
	text, err := json.Marshal(before)
	if err != nil {
		return before, err
	}
	return before, os.WriteFile(file(), text, 0o600)
}

// noted reads the note of a node that has ended; without one there is nothing to go back to.
func noted() Before {
	var before Before
	text, err := os.ReadFile(file())
	if err != nil || json.Unmarshal(text, &before) != nil {
		return Before{}
	}
	return before
}

// tables are the packet filter's tables, each as its family and name.
func tables(ctx context.Context) ([]string, error) {
	text, err := Run(ctx, "", "nft", "list", "tables")
	if err != nil {
		return nil, err
	}
	var found []string
	for line := range strings.Lines(text) {
		found = append(found, strings.TrimPrefix(strings.TrimSpace(line), "table "))
	}
	slices.Sort(found)
	return found, nil
}
