package smifile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// Extensions are how the names of files end that a folder is searched for.
func Extensions() []string { return []string{".yaml", ".yml", ".json"} }

// AddText takes the documents of one text in. The name is what its errors begin with.
func (o *Objects) AddText(name string, text []byte) error {
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for number := 1; ; number++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		origin := fmt.Sprintf("%s: document %d", name, number)
		if err != nil {
			return fmt.Errorf("%s: %s", origin, plain(err))
		}
		object, err := yaml.YAMLToJSONStrict(document)
		if err != nil {
			return fmt.Errorf("%s is no YAML: %s", origin, plain(err))
		}
		if err := o.AddJSON(origin, object); err != nil {
			return err
		}
	}
}

// AddFolder takes every file below a folder in whose name ends as one of Extensions. What begins with a dot is left out, as is what
// a mounted ConfigMap keeps beside its files.
func (o *Objects) AddFolder(name string, folder fs.FS) error {
	files := 0
	err := fs.WalkDir(folder, ".", func(at string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("%s cannot be read: %w", path.Join(name, at), cause(err))
		case at != "." && strings.HasPrefix(path.Base(at), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() || !slices.Contains(Extensions(), path.Ext(at)):
			return nil
		}
		text, err := fs.ReadFile(folder, at)
		if err != nil {
			return fmt.Errorf("%s cannot be read: %w", path.Join(name, at), cause(err))
		}
		files++
		return o.AddText(path.Join(name, at), text)
	})
	if err == nil && files == 0 {
		return fmt.Errorf("%s has no file whose name ends in %s", name, strings.Join(Extensions(), ", "))
	}
	return err
}

// cause is an error without the path that it repeats.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
