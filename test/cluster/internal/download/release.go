package download

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// fromRelease gets a single program of a Kubernetes release.
func (s *Source) fromRelease(ctx context.Context, program, folder string) error {
	if !strings.HasPrefix(program, "kube") {
		return fmt.Errorf("a Kubernetes release has no %s", program)
	}
	address := fmt.Sprintf("%s/%s/bin/%s/%s/%s", strings.TrimSuffix(s.Releases, "/"), s.Version, s.Platform.OS, s.Platform.Arch, program)
	line, err := s.text(ctx, address+".sha256")
	if err != nil {
		return err
	}
	checksum, _, _ := strings.Cut(strings.TrimSpace(line), " ") // Some of these files go on with the name.
	path := filepath.Join(folder, program)
	partial := fmt.Sprintf("%s.downloading-%d", path, os.Getpid())
	if err := s.file(ctx, address, checksum, partial); err != nil {
		return err
	}
	if err := os.Chmod(partial, 0o755); err != nil {
		return err
	}
	return os.Rename(partial, path)
}
