//go:build linux

package node

import (
	"fmt"

	"github.com/serin-dev/serin/test/cluster/internal/machine"
	"github.com/serin-dev/serin/test/cluster/internal/plane"
)

// kubeletPort is where the kubelet listens on the node's address.
const kubeletPort = 10250

// kubeletText is the kubelet's configuration. Nothing is evicted before the machine is really short of something, and images
// stay, for there may be nowhere to get them from again.
func (l layout) kubeletText(serving plane.Serving) string {
	return fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %[1]q
port: %[2]d
healthzPort: 0
tlsCertFile: %[3]q
tlsPrivateKeyFile: %[4]q
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %[5]q}}
authorization: {mode: Webhook}
containerRuntimeEndpoint: "unix://%[6]s"
cgroupDriver: cgroupfs
cgroupRoot: "/%[7]s"
failCgroupV1: false
failSwapOn: false
makeIPTablesUtilChains: false
clusterDNS: [%[8]q]
clusterDomain: %[9]q
resolvConf: %[10]q
podLogsDir: %[11]q
volumePluginDir: %[12]q
evictionHard: {memory.available: 50Mi, nodefs.available: "0%%", nodefs.inodesFree: "0%%", imagefs.available: "0%%", imagefs.inodesFree: "0%%"}
imageGCHighThresholdPercent: 100
maxPods: 500
serializeImagePulls: false
kubeAPIQPS: 200
kubeAPIBurst: 400
`, Address, kubeletPort, serving.Cert, serving.Key, serving.Authority, machine.Socket(), machine.CGroup, dnsAddress, dnsDomain,
		l.at("resolv.conf"), l.podLogs(), l.at("volume-plugins"))
}

// kubeletFlags are what the kubelet's configuration has no place for.
func (l layout) kubeletFlags(kubeconfig string) []string {
	return []string{
		"--config=" + l.at("kubelet.yaml"),
		"--kubeconfig=" + kubeconfig,
		"--root-dir=" + l.at("kubelet"),
		"--hostname-override=" + Name,
		"--node-ip=" + Address,
	}
}

// proxyText is kube-proxy's configuration. It leaves the kernel's limits of connections alone.
func (l layout) proxyText(kubeconfig, health, metrics string) string {
	return fmt.Sprintf(`apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
hostnameOverride: %q
bindAddress: %q
clientConnection: {kubeconfig: %q, qps: 200, burst: 400}
clusterCIDR: %q
nodePortAddresses: ["%s/32"]
healthzBindAddress: %q
metricsBindAddress: %q
nftables: {minSyncPeriod: 100ms}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
`, Name, Address, kubeconfig, podRange, Address, health, metrics)
}
