//go:build linux

package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// owned are the packet filter tables that only kube-proxy and a node of this module make.
var owned = []string{"ip kube-proxy", "ip6 kube-proxy", "ip " + Table}

// The tables of the iptables commands that a node adds to even if others use them.
const (
	filterTable = "ip filter"
	natTable    = "ip nat"
)

// shared are the tables of the iptables commands, to which CNI plugins and kubelet add.
var shared = []string{
	filterTable, "ip mangle", natTable, "ip raw", "ip security", "ip6 filter", "ip6 mangle", "ip6 nat", "ip6 raw", "ip6 security",
}

// MakeBridge makes the bridge with an address and the prefix that its pods are in, and a route to the range of Services. The
// bridge's own hardware address keeps it from changing with the links on it.
func MakeBridge(ctx context.Context, address, prefix, services string) error {
	_, length, _ := strings.Cut(prefix, "/")
	for _, args := range [][]string{
		{"link", "add", Bridge, "address", "0a:58:0a:f4:00:01", "type", "bridge"},
		{"address", "add", address + "/" + length, "dev", Bridge},
		{"link", "set", Bridge, "up"},
		{"route", "add", services, "dev", Bridge, "src", address},
	} {
		if _, err := Run(ctx, "", "ip", args...); err != nil {
			return err
		}
	}
	_, err := Run(ctx, rulesText(address, prefix, services), "nft", "-f", "-")
	return err
}

// rulesText are the packet filter's rules by which pods reach the world under the machine's address, and nothing that is not on
// this machine reaches the node, its pods or their host ports.
func rulesText(address, prefix, services string) string {
	return fmt.Sprintf(`table ip %[1]s {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr %[2]s ip daddr != { %[2]s, %[3]s, 224.0.0.0/4 } oifname != "%[4]s" masquerade
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		ip daddr %[2]s iifname != { "%[4]s", "lo" } ct state new drop
	}
	chain input {
		type filter hook input priority filter; policy accept;
		ip daddr %[5]s iifname != { "%[4]s", "lo" } drop
	}
}
`, Table, prefix, services, Bridge, address)
}

// forwarding are the rules that let the pods' packets through where the machine's own rules let nothing through by themselves, as
// those of Docker do.
var forwarding = [][]string{{"FORWARD", "-i", Bridge, "-j", "ACCEPT"}, {"FORWARD", "-o", Bridge, "-j", "ACCEPT"}}

// Forward adds these rules to the machine's own, if it has any.
func Forward(ctx context.Context, before Before) error {
	if !slices.Contains(before.Tables, filterTable) {
		return nil
	}
	for _, rule := range forwarding {
		if _, err := Run(ctx, "", "iptables", append([]string{"-w", "-I"}, rule...)...); err != nil {
			return err
		}
	}
	return nil
}

// unforward removes what Forward added.
func unforward(ctx context.Context) error {
	var failed error
	for _, rule := range forwarding {
		if _, err := Run(ctx, "", "iptables", append([]string{"-w", "-C"}, rule...)...); err != nil {
			continue // It is not there.
		}
		_, err := Run(ctx, "", "iptables", append([]string{"-w", "-D"}, rule...)...)
		failed = errors.Join(failed, err)
	}
	return failed
}

// AllowForwarding lets packets go from link to link, and lets the packet filter see what crosses a bridge: without that, an
// answer from one pod to another would not come from the Service's address that was asked.
func AllowForwarding(ctx context.Context) error {
	const bridged = "/proc/sys/net/bridge/bridge-nf-call-iptables"
	if _, err := os.Stat(bridged); err != nil {
		if _, err := Run(ctx, "", "modprobe", "br_netfilter"); err != nil {
			return fmt.Errorf("a node needs the kernel module br_netfilter: %w", err)
		}
	}
	for _, path := range []string{"/proc/sys/net/ipv4/ip_forward", bridged} {
		if err := os.WriteFile(path, []byte("1"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// removeLinks removes the bridge and the links on it.
func removeLinks(ctx context.Context) error {
	ports, err := filepath.Glob("/sys/class/net/" + Bridge + "/brif/*")
	if err != nil {
		return err
	}
	var failed error
	for _, link := range append(ports, Bridge) {
		name := filepath.Base(link)
		_, err := Run(ctx, "", "ip", "link", "delete", name)
		if _, gone := os.Stat("/sys/class/net/" + name); gone == nil {
			failed = errors.Join(failed, err) // A pod's link goes with its namespace, perhaps just before.
		}
	}
	return failed
}

// removeRules removes the packet filter's tables that were not there before, and from the others what CNI plugins added.
func removeRules(ctx context.Context, before Before) error {
	now, err := tables(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, table := range now {
		mine := slices.Contains(owned, table) || slices.Contains(shared, table) && before.Settings != nil
		if mine && !slices.Contains(before.Tables, table) {
			_, err := Run(ctx, "", "nft", append([]string{"delete", "table"}, strings.Fields(table)...)...)
			failed = errors.Join(failed, err)
		}
	}
	if slices.Contains(before.Tables, natTable) {
		failed = errors.Join(failed, removeChains(ctx, before))
	}
	if slices.Contains(before.Tables, filterTable) {
		failed = errors.Join(failed, unforward(ctx))
	}
	return failed
}

// removeChains removes the chains of the CNI plugins from a table that others use as well, and those that came with them and are
// empty.
func removeChains(ctx context.Context, before Before) error {
	text, err := Run(ctx, "", "iptables-save", "-t", "nat")
	if err != nil {
		return err
	}
	if undo := undoChains(text); undo != "" {
		if _, err := Run(ctx, undo, "iptables-restore", "--noflush"); err != nil {
			return err
		}
		if text, err = Run(ctx, "", "iptables-save", "-t", "nat"); err != nil {
			return err
		}
	}
	now, err := natChains(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, chain := range now {
		if !slices.Contains(before.Chains, chain) && !strings.Contains(text, "\n-A "+chain+" ") {
			_, err := Run(ctx, "", "nft", "delete", "chain", "ip", "nat", chain)
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// natChains are the chains of the table for address translation. The iptables commands name some that are not there.
func natChains(ctx context.Context) ([]string, error) {
	text, err := Run(ctx, "", "nft", "list", "table", "ip", "nat")
	return chains(text), err
}

// chains are the names of the chains in a table as nft lists it.
func chains(table string) []string {
	var names []string
	for line := range strings.Lines(table) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "chain" && fields[2] == "{" {
			names = append(names, fields[1])
		}
	}
	return names
}

// undoChains returns, for the output of iptables-save, the input of iptables-restore that takes the chains of CNI plugins away.
func undoChains(saved string) string {
	var jumps, flushes, deletions []string
	for line := range strings.Lines(saved) {
		line = strings.TrimSpace(line)
		if name, is := strings.CutPrefix(line, ":CNI-"); is {
			name, _, _ = strings.Cut(name, " ")
			flushes = append(flushes, "-F CNI-"+name)
			deletions = append(deletions, "-X CNI-"+name)
		}
		if rule, is := strings.CutPrefix(line, "-A "); is && !strings.HasPrefix(rule, "CNI-") && strings.Contains(rule, "-j CNI-") {
			jumps = append(jumps, "-D "+rule)
		}
	}
	if len(flushes) == 0 {
		return ""
	}
	lines := slices.Concat([]string{"*nat"}, jumps, flushes, deletions, []string{"COMMIT"})
	return strings.Join(lines, "\n") + "\n"
}
