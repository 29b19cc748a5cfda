package main

import (
	"archive/tar"
	"crypto/x509"
	"errors"
	"io"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// small stands in for a program that takes minutes to compile.
var small = program{name: "small", path: "./testdata/small"}

func built(t *testing.T) map[string]v1.Image {
	t.Helper()
	images, err := small.images(t.Context(), architectures...)
	if err != nil {
		t.Fatal(err)
	}
	return images
}

func TestAnImageHoldsTheProgramTheCertificatesAndNothingElse(t *testing.T) {
	for arch, image := range built(t) {
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if config.Architecture != arch || config.OS != "linux" || config.Config.User != "65532:65532" || config.Config.Entrypoint[0] != "/small" {
			t.Errorf("config = %+v", config)
		}
		got := []string{}
		for header, err := range entries(image) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, header.Name)
			if header.Mode&0o222 != 0 && header.Typeflag == tar.TypeReg || header.Uid != 0 || header.ModTime.Unix() > 0 {
				t.Errorf("%+v can be written to, or has an owner or a time of its own", header)
			}
		}
		slices.Sort(got)
		if want := "etc etc/ssl etc/ssl/certs etc/ssl/certs/ca-certificates.crt small"; strings.Join(got, " ") != want {
			t.Errorf("%s holds %v, want %s", arch, got, want)
		}
	}
}

func entries(image v1.Image) func(func(*tar.Header, error) bool) {
	return func(yield func(*tar.Header, error) bool) {
		content := mutate.Extract(image)
		defer content.Close()
		for archive := tar.NewReader(content); ; {
			header, err := archive.Next()
			if errors.Is(err, io.EOF) || !yield(header, err) || err != nil {
				return
			}
		}
	}
}

func TestTheSameSourceGivesTheSameDigest(t *testing.T) {
	digests := map[v1.Hash]bool{}
	for range 2 {
		index, err := indexOf(built(t))
		if err != nil {
			t.Fatal(err)
		}
		digest, err := index.Digest()
		if err != nil {
			t.Fatal(err)
		}
		digests[digest] = true
	}
	if len(digests) != 1 {
		t.Errorf("two builds have the digests %v", digests)
	}
}

func TestTheCertificatesAreThoseOfPublicAuthorities(t *testing.T) {
	roots, err := certificates()
	if err != nil {
		t.Fatal(err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(roots) || strings.Count(string(roots), "BEGIN CERTIFICATE") < 100 {
		t.Errorf("%d certificates", strings.Count(string(roots), "BEGIN CERTIFICATE"))
	}
}

func TestAnArchiveHasTheNameAndARegistryTheIndex(t *testing.T) {
	before := programs
	programs = []program{small}
	t.Cleanup(func() { programs = before })
	out := t.TempDir()
	if err := run(t.Context(), []string{"build", "-tag", "1.0", "-arch", "arm64", "-out", out}); err != nil {
		t.Fatal(err)
	}
	tag, _ := name.NewTag("small:1.0")
	image, err := tarball.ImageFromPath(filepath.Join(out, "small.tar"), &tag)
	if err != nil {
		t.Fatal(err)
	}
	if config, err := image.ConfigFile(); err != nil || config.Architecture != "arm64" {
		t.Errorf("config = %+v, %v", config, err)
	}

	server := httptest.NewServer(registry.New())
	defer server.Close()
	repo := strings.TrimPrefix(server.URL, "http://") + "/team"
	if err := run(t.Context(), []string{"push", "-repo", repo, "-tag", "1.0"}); err != nil {
		t.Fatal(err)
	}
	ref, _ := name.NewTag(repo + "/small:1.0")
	index, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil || len(manifest.Manifests) != 2 || manifest.Manifests[1].Platform.Architecture != "arm64" {
		t.Errorf("manifest = %+v, %v", manifest, err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	for _, args := range [][]string{nil, {"build", "-repo", "x"}, {"push"}, {"pull"}} {
		if err := run(t.Context(), args); !errors.Is(err, errUsage) {
			t.Errorf("%v: %v", args, err)
		}
	}
}
