package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// programs are the packages by the names of their images.
var programs = []program{
	{name: "serin", path: "./cmd/serin"},
	{name: "serin-shop", path: "./test/e2e/shop"},
}

// architectures are those of an index.
var architectures = []string{"amd64", "arm64"}

var errUsage = errors.New("usage: image build [-tag TAG] [-arch ARCH] [-out DIR] | image push -repo REGISTRY/PATH [-tag TAG]")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	tag := flags.String("tag", "dev", "tag of the images")
	arch := flags.String("arch", runtime.GOARCH, "build: architecture of the archives")
	out := flags.String("out", filepath.Join("bin", "images"), "build: where the archives go")
	repo := flags.String("repo", "", "push: registry and path that the images' names are added to")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch {
	case args[0] == "build" && *repo == "":
		return build(ctx, *tag, *arch, *out)
	case args[0] == "push" && *repo != "":
		return push(ctx, *repo, *tag)
	}
	return errUsage
}

// build writes the archive of every image.
func build(ctx context.Context, tag, arch, out string) error {
	if !slices.Contains(architectures, arch) {
		return fmt.Errorf("there is no image for linux/%s, only for %v", arch, architectures)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, p := range programs {
		images, err := p.images(ctx, arch)
		if err != nil {
			return err
		}
		ref, err := name.NewTag(p.name + ":" + tag)
		if err != nil {
			return err
		}
		file := filepath.Join(out, p.name+".tar")
		if err := tarball.WriteToFile(file, ref, images[arch]); err != nil {
			return err
		}
		digest, err := images[arch].Digest()
		if err != nil {
			return err
		}
		fmt.Printf("%s is %s for linux/%s, %s\n", file, ref, arch, digest)
	}
	return nil
}

// push pushes the index of every image.
func push(ctx context.Context, repo, tag string) error {
	for _, p := range programs {
		ref, err := name.NewTag(repo + "/" + p.name + ":" + tag)
		if err != nil {
			return err
		}
		images, err := p.images(ctx, architectures...)
		if err != nil {
			return err
		}
		index, err := indexOf(images)
		if err != nil {
			return err
		}
		if err := remote.WriteIndex(ref, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
			return err
		}
		digest, err := index.Digest()
		if err != nil {
			return err
		}
		fmt.Printf("%s is the index %s\n", ref.Name(), digest)
	}
	return nil
}
