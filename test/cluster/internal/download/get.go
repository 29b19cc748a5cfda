package download

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync/atomic"
)

const (
	// largestText and largestFile bound what is read of an answer, in bytes.
	largestText = 4 << 20
	largestFile = 1 << 30
)

// text gets a small text.
func (s *Source) text(ctx context.Context, address string) (string, error) {
	body, err := s.open(ctx, address)
	if err != nil {
		return "", err
	}
	defer func() { _ = body.Close() }()
	text, err := io.ReadAll(io.LimitReader(body, largestText))
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", address, err)
	}
	return string(text), nil
}

// file gets a file to path and verifies its checksum, which is a SHA-256 or a SHA-512 in hexadecimal. On an error there is
// no file at path.
func (s *Source) file(ctx context.Context, address, checksum, path string) error {
	want, err := hex.DecodeString(checksum)
	if err != nil {
		return fmt.Errorf("the checksum of %s is not hexadecimal: %q", address, checksum)
	}
	digest, err := digestOf(len(want))
	if err != nil {
		return fmt.Errorf("%w: %s", err, address)
	}
	if err := s.save(ctx, address, path, digest); err != nil {
		return errors.Join(err, removeIfThere(path))
	}
	if got := hex.EncodeToString(digest.Sum(nil)); got != hex.EncodeToString(want) {
		err := fmt.Errorf("%s has the checksum %s, and not %s as published", address, got, checksum)
		return errors.Join(err, removeIfThere(path))
	}
	return nil
}

// save writes what an address answers to a file and to a digest.
func (s *Source) save(ctx context.Context, address, path string, digest hash.Hash) (err error) {
	var arrived atomic.Int64
	task := s.Log.Begin("downloading "+address, func() string { return fmt.Sprintf("%d MiB", arrived.Load()>>20) })
	defer func() {
		if err != nil {
			task.End("failed")
		} else {
			task.End("done, %d MiB", arrived.Load()>>20)
		}
	}()
	body, err := s.open(ctx, address)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	target, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = target.Close() }() // The one that counts is below.
	n, err := io.Copy(io.MultiWriter(target, digest, counter{&arrived}), io.LimitReader(body, largestFile+1))
	if err != nil {
		return fmt.Errorf("reading %s: %w", address, err)
	}
	if n > largestFile {
		return fmt.Errorf("%s is larger than %d MiB", address, largestFile>>20)
	}
	return target.Close()
}

// open asks for an address and returns the body of a good answer. Reading from it fails once nothing has arrived for a while.
func (s *Source) open(ctx context.Context, address string) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	response, err := s.Client.Do(request)
	if err != nil {
		cancel(nil)
		return nil, unreachable(err)
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		cancel(nil)
		return nil, fmt.Errorf("%s answers %s", address, response.Status)
	}
	return watch(response.Body, s.Stall, cancel), nil
}

// unreachable marks those errors of a request that mean that there is no way to the host.
func unreachable(err error) error {
	var failed *net.OpError
	if errors.As(err, &failed) && failed.Op == "dial" {
		cause := err
		if inner := (*url.Error)(nil); errors.As(err, &inner) {
			if address, parseErr := url.Parse(inner.URL); parseErr == nil {
				cause = fmt.Errorf("%s %w (%w)", address.Host, ErrUnreachable, failed.Err)
			}
		}
		return cause
	}
	if inner := (*url.Error)(nil); errors.As(err, &inner) && inner.Timeout() {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return err
}

// digestOf returns the hash whose sums have that many bytes.
func digestOf(size int) (hash.Hash, error) {
	switch size {
	case sha256.Size:
		return sha256.New(), nil
	case sha512.Size:
		return sha512.New(), nil
	}
	return nil, fmt.Errorf("a checksum of %d bytes is of no kind that is known here", size)
}

// removeIfThere deletes a file that may not exist.
func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// counter counts the bytes written to it.
type counter struct {
	bytes *atomic.Int64
}

// Write counts.
func (c counter) Write(text []byte) (int, error) {
	c.bytes.Add(int64(len(text)))
	return len(text), nil
}
