package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// certificates returns the public authorities as a file of PEM blocks, those without a condition.
func certificates() ([]byte, error) {
	blocks := []string{}
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			blocks = append(blocks, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})))
		}
	}
	if len(blocks) == 0 {
		return nil, errors.New("the bundle of certificates is empty")
	}
	slices.Sort(blocks)
	return []byte(strings.Join(blocks, "")), nil
}

// file is the only file of a layer. Everything is root's and of 1970.
type file struct {
	path string
	mode int64
	data []byte
}

// layer returns the file, and the directories it lies in.
func (f file) layer() (v1.Layer, error) {
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	parts := strings.Split(path.Dir(f.path), "/")
	for i := range parts {
		if dir := strings.Join(parts[:i+1], "/"); dir != "." {
			if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755}); err != nil {
				return nil, err
			}
		}
	}
	if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.path, Mode: f.mode, Size: int64(len(f.data))}); err != nil {
		return nil, err
	}
	if _, err := archive.Write(f.data); err != nil {
		return nil, err
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buffer.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
}
