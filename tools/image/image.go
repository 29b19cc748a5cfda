package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// user is the one that a distroless image calls nonroot: not root, and nobody's on the node.
const user = "65532:65532"

// program is one package and the name of its image.
type program struct {
	name, path string
}

// images builds the program's image for each of these architectures.
func (p program) images(ctx context.Context, of ...string) (map[string]v1.Image, error) {
	images := map[string]v1.Image{}
	for _, arch := range of {
		binary, err := p.compile(ctx, arch)
		if err != nil {
			return nil, err
		}
		if images[arch], err = p.image(arch, binary); err != nil {
			return nil, err
		}
	}
	return images, nil
}

// compile returns the program for an architecture. No path, version control or C compiler of this machine gets into it.
func (p program) compile(ctx context.Context, arch string) ([]byte, error) {
	work, err := os.MkdirTemp("", "serin-image")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(work) }()
	file := filepath.Join(work, p.name)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", file, p.path)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go build %s for linux/%s: %w", p.path, arch, err)
	}
	return os.ReadFile(file)
}

// image puts a program beside the certificates.
func (p program) image(arch string, binary []byte) (v1.Image, error) {
	roots, err := certificates()
	if err != nil {
		return nil, err
	}
	layers := make([]v1.Layer, 0, 2)
	for _, f := range []file{{path: "etc/ssl/certs/ca-certificates.crt", mode: 0o444, data: roots}, {path: p.name, mode: 0o555, data: binary}} {
		layer, err := f.layer()
		if err != nil {
			return nil, err
		}
		layers = append(layers, layer)
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.AppendLayers(base, layers...)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", arch
	config.Config = v1.Config{User: user, Entrypoint: []string{"/" + p.name}, WorkingDir: "/"}
	return mutate.ConfigFile(image, config)
}

// indexOf puts the images of all architectures under one name.
func indexOf(images map[string]v1.Image) (v1.ImageIndex, error) {
	addenda := make([]mutate.IndexAddendum, 0, len(images))
	for _, arch := range architectures {
		addenda = append(addenda, mutate.IndexAddendum{
			Add: images[arch], Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}},
		})
	}
	return mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), addenda...), nil
}
