package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// later is another time than the one at which the test wrote its files.
var later = time.Unix(2_000_000_000, 0)

func TestSameProgramGivesSameBytes(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("static"), 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "image.tar")
	spec := Spec{Name: "example.test/program:1", Program: program}
	if err := WriteFile(path, spec); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(program, later, later); err != nil {
		t.Fatal(err)
	}
	var second bytes.Buffer
	if err := Write(&second, spec); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second.Bytes()) {
		t.Error("two archives of the same program differ")
	}
}

func TestPartsReferToEachOther(t *testing.T) {
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("static"), 0o700); err != nil {
		t.Fatal(err)
	}
	var whole bytes.Buffer
	if err := Write(&whole, Spec{Name: "example.test/program:1", Program: program}); err != nil {
		t.Fatal(err)
	}
	parts := unpack(t, whole.Bytes())
	var index []manifest
	decode(t, parts["manifest.json"], &index)
	if len(index) != 1 || len(index[0].RepoTags) != 1 || index[0].RepoTags[0] != "example.test/program:1" || len(index[0].Layers) != 1 {
		t.Fatalf("the manifest is %+v", index)
	}
	about, layer := parts[index[0].Config], parts[index[0].Layers[0]]
	if index[0].Config != sum(about)+".json" {
		t.Errorf("the configuration is called %s", index[0].Config)
	}
	var run config
	decode(t, about, &run)
	if run.OS != "linux" || len(run.Config.Entrypoint) != 1 || run.Config.Entrypoint[0] != "/program" || run.Config.User == "" {
		t.Errorf("it runs %+v", run)
	}
	if len(run.RootFS.DiffIDs) != 1 || run.RootFS.DiffIDs[0] != "sha256:"+sum(layer) {
		t.Errorf("the layers are %v", run.RootFS.DiffIDs)
	}
	if files := unpack(t, layer); len(files) != 1 || string(files["program"]) != "static" {
		t.Errorf("the layer has %v", files)
	}
}

func TestWithoutAProgramThereIsNoImage(t *testing.T) {
	if err := Write(io.Discard, Spec{Name: "a:1", Program: filepath.Join(t.TempDir(), "none")}); err == nil {
		t.Error("an image of nothing was written")
	}
}

// unpack returns the files of an archive.
func unpack(t *testing.T, content []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	reader := tar.NewReader(bytes.NewReader(content))
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}

func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
}
