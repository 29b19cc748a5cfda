//go:build linux

package node

import (
	"context"
	"os"
	"path/filepath"

	"github.com/serin-dev/serin/test/cluster/internal/gobuild"
	"github.com/serin-dev/serin/test/cluster/internal/image"
	"github.com/serin-dev/serin/test/cluster/internal/machine"
)

// Import imports image archives into the node.
func (n *Node) Import(ctx context.Context, paths []string) error { return Import(ctx, paths) }

// Import imports image archives into the node that runs on this machine, such as "docker save" or ko write.
func Import(ctx context.Context, paths []string) error {
	for _, path := range paths {
		whole, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		if _, err := ctr(ctx, "images", "import", whole); err != nil {
			return err
		}
	}
	return nil
}

// ctr runs containerd's own client.
func ctr(ctx context.Context, args ...string) (string, error) {
	return machine.Run(ctx, "", "ctr", append([]string{"--address", machine.Socket(), "--namespace", Namespace}, args...)...)
}

// importPause builds and imports the image that holds the namespaces of pods.
func (n *Node) importPause(ctx context.Context) error {
	program := n.layout.at("tmp/" + gobuild.Pause)
	if err := n.options.Programs.BuildPause(ctx, program); err != nil {
		return err
	}
	return n.importProgram(ctx, image.Spec{Name: pauseImage, Program: program})
}

// importDNS imports the image of the cluster's DNS.
func (n *Node) importDNS(ctx context.Context) error {
	return n.importProgram(ctx, image.Spec{Name: dnsImage, Program: n.options.Programs.CoreDNS})
}

// importProgram makes an image of one program and imports it.
func (n *Node) importProgram(ctx context.Context, spec image.Spec) error {
	path := n.layout.at("tmp/image.tar")
	if err := image.WriteFile(path, spec); err != nil {
		return err
	}
	if err := Import(ctx, []string{path}); err != nil {
		return err
	}
	return os.Remove(path)
}
