package node

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/serin-dev/serin/test/cluster/internal/plane"
)

func TestServersOnTheLoopbackAddressAreNoneForPods(t *testing.T) {
	got := resolvText("# made by hand\nsearch example.test\nnameserver 127.0.0.53\nnameserver 192.0.2.1\nnameserver ::1\nnameserver x\noptions edns0\n")
	if want := "nameserver 192.0.2.1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDNSForwardsOnlyWhereThereIsAServer(t *testing.T) {
	for resolv, want := range map[string]bool{"nameserver 192.0.2.1\n": true, "": false} {
		text := dnsText(resolv)
		if strings.Contains(text, "forward . /etc/resolv.conf") != want {
			t.Errorf("with %q it forwards: %t", resolv, !want)
		}
		for _, part := range []string{"clusterIP: " + dnsAddress, "image: " + dnsImage, "kubernetes " + dnsDomain} {
			if !strings.Contains(text, part) {
				t.Errorf("it lacks %q", part)
			}
		}
		if strings.Contains(text, "%!") {
			t.Errorf("it is not filled in:\n%s", text)
		}
	}
}

func TestAddressesDoNotOverlap(t *testing.T) {
	pods, services := netip.MustParsePrefix(podRange), netip.MustParsePrefix(plane.ServiceRange)
	if pods.Overlaps(services) || !pods.Contains(netip.MustParseAddr(Address)) || !services.Contains(netip.MustParseAddr(dnsAddress)) {
		t.Errorf("pods %s, Services %s, node %s, DNS %s", pods, services, Address, dnsAddress)
	}
}

// TestConfigurationsAreFilledIn looks for what must be in each text, and that nothing listens where the machine's neighbours
// could reach it.
func TestConfigurationsAreFilledIn(t *testing.T) {
	var l layout
	for name, tc := range map[string]struct {
		text  string
		wants []string
	}{
		"containerd": {l.containerdText("/cache/runc", "/usr/lib/cni", "native"), []string{
			`sandbox_image = "` + pauseImage + `"`, `BinaryName = "/cache/runc"`, `bin_dir = "/usr/lib/cni"`, `snapshotter = "native"`,
			`netns_mounts_under_state_dir = true`, `restrict_oom_score_adj = true`,
		}},
		"network": {l.networkText(), []string{`"bridge": "serin0"`, `"subnet": "` + podRange + `"`, `"gateway": "` + Address + `"`}},
		"kubelet": {l.kubeletText(plane.Serving{Cert: "/c", Key: "/k", Authority: "/a"}), []string{
			`address: "` + Address + `"`, `tlsCertFile: "/c"`, `clientCAFile: "/a"`, `cgroupRoot: "/serin-node"`, `nodefs.available: "0%"`,
			`podLogsDir: "` + l.podLogs() + `"`,
		}},
		"kube-proxy": {l.proxyText("/config", "127.0.0.1:1", "127.0.0.1:2"), []string{
			`mode: nftables`, `nodePortAddresses: ["` + Address + `/32"]`, `healthzBindAddress: "127.0.0.1:1"`, `metricsBindAddress: "127.0.0.1:2"`,
		}},
	} {
		for _, want := range tc.wants {
			if !strings.Contains(tc.text, want) {
				t.Errorf("%s lacks %s:\n%s", name, want, tc.text)
			}
		}
		if strings.Contains(tc.text, "%!") || strings.Contains(tc.text, `"0.0.0.0"`) {
			t.Errorf("%s:\n%s", name, tc.text)
		}
	}
}
