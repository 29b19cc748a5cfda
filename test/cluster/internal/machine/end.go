//go:build linux

package machine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// again is the time between two looks at whether processes have ended.
const again = 20 * time.Millisecond

// endContainers kills every process in the cgroup of the pods and waits until there is none.
func endContainers(ctx context.Context) error {
	for {
		pids, err := inCGroup()
		if err != nil || len(pids) == 0 {
			return err
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL) // It may have ended by now.
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("waiting for the end of the pods' processes %v: %w", pids, err)
		}
	}
}

// endShims kills the shims of the node's containerd and waits until there is none.
func endShims(ctx context.Context) error {
	for {
		pids := Shims()
		if len(pids) == 0 {
			return nil
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL) // It may have ended by now.
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("waiting for the end of containerd's shims %v: %w", pids, err)
		}
	}
}

// pause waits a moment.
func pause(ctx context.Context) error {
	moment := time.NewTimer(again)
	defer moment.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-moment.C:
		return nil
	}
}

// Shims are the processes with the socket of the node's containerd in their command lines.
func Shims() []int {
	found, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil
	}
	var pids []int
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		args := strings.Split(string(text), "\x00")
		if strings.HasPrefix(filepath.Base(args[0]), "containerd-shim") && slices.Contains(args, Socket()) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path))) // digits
			pids = append(pids, pid)
		}
	}
	return pids
}

// cgroups are the cgroups of the pods, in every hierarchy, each folder before those in it.
func cgroups() ([]string, error) {
	var found []string
	roots, err := filepath.Glob("/sys/fs/cgroup/*/" + CGroup)
	if err != nil {
		return nil, err
	}
	for _, root := range append(roots, "/sys/fs/cgroup/"+CGroup) {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				found = append(found, path)
			}
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENODEV) {
				return nil // A cgroup may go while this looks.
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// inCGroup are the processes in the pods' cgroups.
func inCGroup() ([]int, error) {
	folders, err := cgroups()
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, folder := range folders {
		text, err := os.ReadFile(filepath.Join(folder, "cgroup.procs"))
		if err != nil {
			continue
		}
		for _, word := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(word); err == nil && !slices.Contains(pids, pid) {
				pids = append(pids, pid)
			}
		}
	}
	return pids, nil
}

// removeCGroups removes the cgroups of the pods. The kernel needs a moment after the end of the last process.
func removeCGroups(ctx context.Context) error {
	for {
		folders, err := cgroups()
		if err != nil || len(folders) == 0 {
			return err
		}
		var failed error
		for _, folder := range slices.Backward(folders) {
			if err := syscall.Rmdir(folder); err != nil && !errors.Is(err, syscall.ENOENT) {
				failed = &fs.PathError{Op: "removing", Path: folder, Err: err}
			}
		}
		if failed == nil {
			return nil
		}
		if err := pause(ctx); err != nil {
			return failed
		}
	}
}

// MakeCGroups makes the cgroup of the pods in every hierarchy.
func MakeCGroups() error {
	hierarchies, err := filepath.Glob("/sys/fs/cgroup/*/cgroup.procs")
	if err != nil {
		return err
	}
	roots := []string{"/sys/fs/cgroup"} // the one hierarchy of version 2
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err != nil {
		roots = nil
		for _, path := range hierarchies {
			roots = append(roots, filepath.Dir(path))
		}
	}
	for _, root := range roots {
		folder := filepath.Join(root, CGroup)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		for _, name := range []string{"cpuset.cpus", "cpuset.mems"} { // In version 1 nothing can run without them.
			text, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				continue
			}
			if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}
