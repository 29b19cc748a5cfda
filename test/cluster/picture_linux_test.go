//go:build e2e

package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// picture is what a machine is like, as far as a node may change it: for each aspect a sorted list of lines.
type picture map[string][]string

// takePicture looks at the machine.
func takePicture(t *testing.T) picture {
	t.Helper()
	look := picture{}
	for aspect, line := range map[string][]string{
		"links":             {"ip", "-brief", "link"},
		"addresses":         {"ip", "-brief", "address"},
		"routes":            {"ip", "route"},
		"namespaces":        {"ip", "netns"},
		"the packet filter": {"nft", "list", "ruleset"},
	} {
		text, err := exec.Command(line[0], line[1:]...).Output()
		if err != nil {
			t.Fatalf("%v: %v", line, err)
		}
		look.add(aspect, strings.Split(strings.TrimSpace(string(text)), "\n")...)
	}
	text, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	look.add("mounts", strings.Split(strings.TrimSpace(string(text)), "\n")...)
	for _, folder := range []string{
		"/etc/cni", "/opt", "/run", "/run/containerd", "/usr/libexec", "/var/lib", "/var/lib/cni", "/var/lib/kubelet", "/var/log",
	} {
		look.add("files", glob(t, folder+"/*")...)
	}
	look.addCGroups(t)
	look.addProcesses(t)
	look.addSettings(t)
	return look
}

// add adds lines to an aspect.
func (p picture) add(aspect string, lines ...string) {
	p[aspect] = append(p[aspect], lines...)
	slices.Sort(p[aspect])
}

// addCGroups adds the cgroups with names of a node.
func (p picture) addCGroups(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("/sys/fs/cgroup", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == "serin-node" || strings.HasPrefix(entry.Name(), "kubepods")) {
			p.add("cgroups", path)
		}
		return nil // What goes while this looks is none of a node's.
	})
	if err != nil {
		t.Fatal(err)
	}
}

// addProcesses adds the processes that have a node's folder in their command lines.
func (p picture) addProcesses(t *testing.T) {
	t.Helper()
	for _, path := range glob(t, "/proc/[0-9]*/cmdline") {
		if text, err := os.ReadFile(path); err == nil && strings.Contains(string(text), "/var/lib/serin-node/") {
			p.add("processes", strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
}

// addSettings adds the kernel's settings.
func (p picture) addSettings(t *testing.T) {
	t.Helper()
	files := slices.Concat(glob(t, "/proc/sys/vm/*"), glob(t, "/proc/sys/kernel/panic*"), glob(t, "/proc/sys/kernel/keys/*"),
		glob(t, "/proc/sys/net/bridge/*"), glob(t, "/proc/sys/net/netfilter/*"), glob(t, "/proc/sys/net/ipv4/*"),
		glob(t, "/proc/sys/net/ipv4/conf/all/*"), glob(t, "/proc/sys/net/ipv4/conf/default/*"))
	for _, path := range files {
		if text, err := os.ReadFile(path); err == nil && !strings.HasSuffix(path, "/nf_conntrack_count") {
			p.add("settings", path+" = "+strings.TrimSpace(string(text)))
		}
	}
}

// wantSame compares a picture with a later one.
func (p picture) wantSame(t *testing.T, later picture) {
	t.Helper()
	for aspect := range later {
		for _, line := range later[aspect] {
			if !slices.Contains(p[aspect], line) {
				t.Errorf("%s: new is %s", aspect, line)
			}
		}
	}
	for aspect := range p {
		for _, line := range p[aspect] {
			if !slices.Contains(later[aspect], line) {
				t.Errorf("%s: gone is %s", aspect, line)
			}
		}
	}
}

// glob is filepath.Glob for patterns that are right.
func glob(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return found
}
