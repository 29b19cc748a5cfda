package main

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/serin-dev/serin/test/cluster/internal/node"
)

// stateFile is the name of the file with the report of a running node, beside its kubeconfig.
const stateFile = "node.json"

// nodeReport is what is told of a running node.
func nodeReport(running *node.Node, options node.Options) report {
	info := running.Info
	return report{
		Kubeconfig: running.Plane.Kubeconfig,
		Server:     running.Plane.Server,
		Dir:        running.Plane.Dir,
		Assets:     options.Programs.Kubernetes,
		Owned:      true,
		Pids:       running.Pids(),
		Version:    running.Plane.Version,
		Audit:      running.Plane.AuditLog,
		Node: &nodeDetails{
			Name: info.Name, Address: info.Address, Containerd: info.Containerd, Namespace: info.Namespace,
			PodLogs: info.PodLogs, Logs: info.Logs, State: filepath.Join(running.Plane.Dir, stateFile),
		},
	}
}

// writeState writes the report into the file that commands find a running node by.
func writeState(running *node.Node, options node.Options) error {
	text, err := json.Marshal(nodeReport(running, options))
	if err != nil {
		return err
	}
	path := filepath.Join(running.Plane.Dir, stateFile)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
