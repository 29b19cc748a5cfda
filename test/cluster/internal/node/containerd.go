//go:build linux

package node

import (
	"fmt"

	"github.com/serin-dev/serin/test/cluster/internal/machine"
)

// containerdText is containerd's configuration. It may not lower a process's oom_score_adj on every machine, so it does not
// try.
func (l layout) containerdText(runc, plugins, snapshotter string) string {
	return fmt.Sprintf(`version = 2
root = %[1]q
state = %[2]q
temp = %[3]q

[grpc]
  address = %[4]q

[plugins."io.containerd.internal.v1.opt"]
  path = %[5]q

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %[6]q
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %[7]q
    conf_dir = %[8]q

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = %[9]q
    default_runtime_name = "runc"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = %[10]q
        Root = %[11]q
        SystemdCgroup = false
`, l.at("containerd"), machine.State(), l.at("tmp"), machine.Socket(), l.at("opt"), pauseImage, plugins, l.at("cni"), snapshotter,
		runc, l.at("runc"))
}

// networkText is the configuration of the pods' network.
func (l layout) networkText() string {
	return fmt.Sprintf(`{
  "cniVersion": "0.4.0",
  "name": %q,
  "plugins": [
    {
      "type": "bridge", "bridge": %q, "isGateway": true, "ipMasq": false, "hairpinMode": true,
      "ipam": {
        "type": "host-local", "dataDir": %q,
        "ranges": [[{"subnet": %q, "gateway": %q}]],
        "routes": [{"dst": "0.0.0.0/0"}]
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`, machine.Network, machine.Bridge, l.at("addresses"), podRange, Address)
}
