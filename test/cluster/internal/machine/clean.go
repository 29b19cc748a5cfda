//go:build linux

package machine

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Clean takes away all that a node has left, and the content of its folder except the lock. The node's own programs must have
// ended. It goes on where something fails, and says all that did.
func Clean(ctx context.Context, lock string) error {
	before := noted()
	sockets := shimSockets()
	return errors.Join(
		endContainers(ctx),
		endShims(ctx),
		unmountAll(),
		removeLinks(ctx),
		removeRules(ctx, before),
		removeCGroups(ctx),
		removeFiles(sockets),
		restoreSettings(before),
		removePlaces(before),
		emptyDir(lock),
	)
}

// unmountAll unmounts all that is mounted in the node's folder, the last mounted first.
func unmountAll() error {
	points, err := mountPoints()
	if err != nil {
		return err
	}
	var failed error
	for _, point := range slices.Backward(points) {
		if !Inside(point) {
			continue
		}
		err := syscall.Unmount(point, syscall.MNT_DETACH)
		if err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOENT) {
			failed = errors.Join(failed, &fs.PathError{Op: "unmounting", Path: point, Err: err})
		}
	}
	return failed
}

// Inside says whether a path is in the node's folder.
func Inside(path string) bool { return path == Dir || strings.HasPrefix(path, Dir+"/") }

// mountPoints are the places where something is mounted, in the order of mounting.
func mountPoints() ([]string, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	unquote := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var points []string
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 4 {
			points = append(points, unquote.Replace(fields[4]))
		}
	}
	return points, nil
}

// shimSockets are the sockets of containerd's shims, which lie outside the node's folder.
func shimSockets() []string {
	found, err := filepath.Glob(filepath.Join(State(), "io.containerd.runtime.v2.task", "*", "*", "address"))
	if err != nil {
		return nil
	}
	var sockets []string
	for _, path := range found {
		if text, err := os.ReadFile(path); err == nil {
			sockets = append(sockets, strings.TrimPrefix(strings.TrimSpace(string(text)), "unix://"))
		}
	}
	return sockets
}

// removeFiles removes the files of a node that lie outside its folder: sockets of shims, what CNI remembers of pods, links to
// logs.
func removeFiles(sockets []string) error {
	remembered, err := cniFiles()
	if err != nil {
		return err
	}
	links, err := filepath.Glob("/var/log/containers/*")
	if err != nil {
		return err
	}
	links = slices.DeleteFunc(links, func(path string) bool {
		target, err := os.Readlink(path)
		return err != nil || !Inside(target)
	})
	var failed error
	for _, path := range slices.Concat(sockets, remembered, links) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// cniFiles are the files in which CNI remembers pods: one by the name of their network, one by that of the loopback network,
// which pods of other nodes have as well, but not with the same pod's identity.
func cniFiles() ([]string, error) {
	own, err := filepath.Glob("/var/lib/cni/results/" + Network + "-*-eth0")
	if err != nil {
		return nil, err
	}
	files := own
	for _, path := range own {
		pod := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), Network+"-"), "-eth0")
		files = append(files, filepath.Join(filepath.Dir(path), "cni-loopback-"+pod+"-lo"))
	}
	return files, nil
}

// removePlaces removes what was not there before, unless a folder has something in it that no node put there.
func removePlaces(before Before) error {
	var failed error
	for _, place := range slices.Backward(before.Absent) {
		err := os.Remove(place)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// restoreSettings gives the kernel's settings the values that they had.
func restoreSettings(before Before) error {
	var failed error
	for name, value := range before.Settings {
		path := setting(name)
		text, err := os.ReadFile(path)
		if err != nil || strings.TrimSpace(string(text)) == value {
			continue // It is as it was, or belongs to a part of the kernel that is gone.
		}
		failed = errors.Join(failed, os.WriteFile(path, []byte(value), 0o600))
	}
	return failed
}

// emptyDir deletes what is in the node's folder except the lock.
func emptyDir(lock string) error {
	entries, err := os.ReadDir(Dir)
	if err != nil {
		return err
	}
	var failed error
	for _, entry := range entries {
		if path := filepath.Join(Dir, entry.Name()); path != lock {
			failed = errors.Join(failed, os.RemoveAll(path))
		}
	}
	return failed
}
