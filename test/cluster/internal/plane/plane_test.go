package plane

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/serin-dev/serin/test/cluster/internal/assets"
	"github.com/serin-dev/serin/test/cluster/internal/progress"
)

// TestStartTriesAnotherPortWhenOneIsTaken runs the real programs: what they say when a port is taken is theirs to choose.
func TestStartTriesAnotherPortWhenOneIsTaken(t *testing.T) {
	var said bytes.Buffer
	log := progress.Plain(&said)
	locator, err := assets.New(progress.Plain(t.Output()))
	if err != nil {
		t.Fatal(err)
	}
	programs, err := locator.Ensure(t.Context(), assets.All)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	taken := listener.Addr().(*net.TCPAddr).Port
	calls := 0
	ports := func() (int, error) {
		calls++
		if calls%2 == 1 {
			return taken, nil
		}
		return freePort()
	}
	base := shortTempDir(t)
	p, err := Start(t.Context(), Options{Programs: programs, Base: base, Ports: ports, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{assets.APIServer, assets.ControllerManager} {
		if !strings.Contains(said.String(), program+": port ") {
			t.Errorf("%s is not said to have found its port taken:\n%s", program, said.String())
		}
	}
	if len(p.Pids()) != 3 || !strings.HasPrefix(p.Version, "v1.") {
		t.Errorf("got %v of version %s", p.Pids(), p.Version)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(base); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestStartThatFailsTellsWhyAndLeavesNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		etcd, server string
		want         []string
	}{
		"etcd ends": {
			etcd:   "echo no space on device; exit 7",
			server: "exec sleep 60",
			want:   []string{"etcd ended (exit status 7)", "no space on device"},
		},
		"the API server ends": {
			etcd:   "exec sleep 60",
			server: "echo bad flag; exit 1",
			want:   []string{"kube-apiserver ended (exit status 1)", "bad flag"},
		},
		"the port is always taken": {
			etcd:   "exec sleep 60",
			server: "echo bind: address already in use; exit 1",
			want:   []string{"kube-apiserver found its port taken 5 times"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			base := shortTempDir(t)
			programs := t.TempDir()
			script(t, filepath.Join(programs, assets.Etcd), tc.etcd)
			script(t, filepath.Join(programs, assets.APIServer), tc.server)
			_, err := Start(t.Context(), Options{Programs: programs, Base: base, Log: progress.Plain(t.Output())})
			for _, want := range tc.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want an error with %q", err, want)
				}
			}
			if left, err := os.ReadDir(base); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	programs := t.TempDir()
	script(t, filepath.Join(programs, assets.Etcd), "exec sleep 60")
	script(t, filepath.Join(programs, assets.APIServer), "exec sleep 60")
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the test says so")
	ports := func() (int, error) {
		cancel(why)
		return freePort()
	}
	_, err := Start(ctx, Options{Programs: programs, Base: shortTempDir(t), Ports: ports, Log: progress.Plain(t.Output())})
	if !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
}

func TestFlagsListenOnLoopbackOnly(t *testing.T) {
	l := layout{root: "/r"}
	if !slices.Contains(l.etcdFlags(), "--listen-client-urls=unix:///r/etcd.sock") {
		t.Error("etcd does not listen on its socket")
	}
	for name, flags := range map[string][]string{"API server": l.apiServerFlags(42), "controller manager": l.controllerManagerFlags(42)} {
		for _, want := range []string{"--bind-address=127.0.0.1", "--secure-port=42"} {
			if !slices.Contains(flags, want) {
				t.Errorf("the %s lacks %s", name, want)
			}
		}
	}
}

func TestFlagsNameFilesThatExist(t *testing.T) {
	l := layout{root: t.TempDir()}
	if _, err := l.writeCertificates(); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, l, append(l.apiServerFlags(1), l.controllerManagerFlags(1)...))
}

// wantFiles checks that the certificates and keys that flags name are there, for their owner only.
func wantFiles(t *testing.T, l layout, flags []string) {
	t.Helper()
	for _, flag := range flags {
		_, path, _ := strings.Cut(flag, "=")
		if !strings.HasPrefix(path, l.at("pki")) {
			continue
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", flag, info, err)
		}
	}
}

func TestFlagsForANode(t *testing.T) {
	l := layout{root: t.TempDir(), node: "10.9.8.7"}
	if _, err := l.writeCertificates(); err != nil {
		t.Fatal(err)
	}
	for want, flags := range map[string][]string{
		"--bind-address=10.9.8.7":                         l.apiServerFlags(1),
		"--advertise-address=10.9.8.7":                    l.apiServerFlags(1),
		"--kubelet-certificate-authority=" + l.cert("ca"): l.apiServerFlags(1),
		"--controllers=*":                                 l.controllerManagerFlags(1),
		"--bind-address=127.0.0.1":                        l.schedulerFlags(1),
	} {
		if !slices.Contains(flags, want) {
			t.Errorf("%s is missing in %v", want, flags)
		}
	}
	for _, flag := range []string{"--endpoint-reconciler-type=none", "--disable-admission-plugins=TaintNodesByCondition"} {
		if slices.Contains(l.apiServerFlags(1), flag) {
			t.Errorf("%s is for a control plane without nodes", flag)
		}
	}
	wantFiles(t, l, slices.Concat(l.apiServerFlags(1), l.controllerManagerFlags(1), l.schedulerFlags(1)))
}

// shortTempDir returns a temporary folder with a path that leaves room for a socket.
func shortTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "serin-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// script writes a program of a few shell commands.
func script(t *testing.T, path, commands string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+commands+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}
