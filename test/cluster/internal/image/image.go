package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
)

// Spec says what an image holds.
type Spec struct {
	// Name is the image's, with a tag.
	Name string
	// Program is the path of a static program for Linux. In the image it lies in the root folder.
	Program string
}

// user is who runs the program: nobody in particular.
const user = "65532:65532"

// config is the part of an image that says how to run it.
type config struct {
	Architecture string       `json:"architecture"`
	OS           string       `json:"os"`
	Config       process      `json:"config"`
	RootFS       rootFS       `json:"rootfs"`
	History      []historyRow `json:"history"`
}

type process struct {
	User       string   `json:"User"`
	Entrypoint []string `json:"Entrypoint"`
	WorkingDir string   `json:"WorkingDir"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

type historyRow struct {
	CreatedBy string `json:"created_by"`
}

// manifest names the parts of an image in the archive.
type manifest struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// WriteFile writes an image to the file at path.
func WriteFile(path string, spec Spec) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	err = Write(file, spec)
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// Write writes an image.
func Write(out io.Writer, spec Spec) error {
	program, err := os.ReadFile(spec.Program)
	if err != nil {
		return err
	}
	name := filepath.Base(spec.Program)
	layer, err := archive(file{name: name, mode: 0o755, content: program})
	if err != nil {
		return err
	}
	about, err := json.Marshal(config{
		Architecture: runtime.GOARCH,
		OS:           "linux",
		Config:       process{User: user, Entrypoint: []string{"/" + name}, WorkingDir: "/"},
		RootFS:       rootFS{Type: "layers", DiffIDs: []string{"sha256:" + sum(layer)}},
		History:      []historyRow{{CreatedBy: "serin test/cluster"}},
	})
	if err != nil {
		return err
	}
	parts := manifest{Config: sum(about) + ".json", RepoTags: []string{spec.Name}, Layers: []string{sum(layer) + ".tar"}}
	index, err := json.Marshal([]manifest{parts})
	if err != nil {
		return err
	}
	whole, err := archive(
		file{name: "manifest.json", mode: 0o644, content: index},
		file{name: parts.Config, mode: 0o644, content: about},
		file{name: parts.Layers[0], mode: 0o644, content: layer},
	)
	if err != nil {
		return err
	}
	_, err = out.Write(whole)
	return err
}

// file is one file of an archive.
type file struct {
	name    string
	mode    int64
	content []byte
}

// archive puts files into a tar archive without a time in it.
func archive(files ...file) ([]byte, error) {
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for _, file := range files {
		header := &tar.Header{Name: file.name, Mode: file.mode, Size: int64(len(file.content)), Format: tar.FormatUSTAR}
		if err := writer.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := writer.Write(file.content); err != nil {
			return nil, err
		}
	}
	err := writer.Close()
	return out.Bytes(), err
}

// sum is the SHA-256 of bytes in hexadecimal digits.
func sum(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}
