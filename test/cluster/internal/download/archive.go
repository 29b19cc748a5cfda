package download

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// fromArchive gets what it can from the newest fitting envtest archive, and returns what is still missing.
func (s *Source) fromArchive(ctx context.Context, programs []string, folder string) ([]string, error) {
	index, err := s.text(ctx, s.Index)
	if err != nil {
		return programs, err
	}
	chosen, err := newest(parseIndex(index), s.Version, s.Platform)
	if err != nil {
		return programs, err
	}
	packed := filepath.Join(folder, fmt.Sprintf(".archive-%d.tar.gz", os.Getpid()))
	if err := s.file(ctx, chosen.link, chosen.hash, packed); err != nil {
		return programs, err
	}
	defer func() { _ = os.Remove(packed) }()
	missing, err := unpack(packed, programs, folder)
	if err != nil {
		return missing, fmt.Errorf("unpacking %s: %w", chosen.link, err)
	}
	return missing, nil
}

// unpack takes the wanted programs out of an archive and returns those that it does not hold.
func unpack(packed string, programs []string, folder string) ([]string, error) {
	missing := slices.Clone(programs)
	file, err := os.Open(packed)
	if err != nil {
		return missing, err
	}
	defer func() { _ = file.Close() }()
	plain, err := gzip.NewReader(file)
	if err != nil {
		return missing, err
	}
	entries := tar.NewReader(plain)
	for len(missing) > 0 {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return missing, err
		}
		name := path.Base(entry.Name)
		at := slices.Index(missing, name)
		if entry.Typeflag != tar.TypeReg || at < 0 {
			continue
		}
		if entry.Size > largestFile {
			return missing, fmt.Errorf("%s is larger than %d MiB", name, largestFile>>20)
		}
		if err := place(entries, filepath.Join(folder, name)); err != nil {
			return missing, err
		}
		missing = slices.Delete(missing, at, at+1)
	}
	return missing, nil
}

// place writes an executable file, whole or not at all.
func place(content io.Reader, path string) error {
	partial := fmt.Sprintf("%s.unpacking-%d", path, os.Getpid())
	file, err := os.OpenFile(partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	return os.Rename(partial, path)
}
