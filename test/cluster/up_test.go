package main

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestUpRunsAKubernetesUntilItsInputEnds(t *testing.T) {
	r := launchReady(t, tempDir(t), "")
	if !r.Owned || !strings.HasPrefix(r.Dir, r.base) || len(r.Pids) != 3 || !strings.HasPrefix(r.Version, "v1.") {
		t.Errorf("the report is %+v", r.report)
	}
	for name, pid := range r.Pids {
		if !alive(pid) {
			t.Errorf("%s (%d) does not run", name, pid)
		}
	}
	t.Run("namespaces", r.testNamespaces)
	t.Run("a deployment on a simulated node", r.testDeployment)
	t.Run("access rules", r.testAccessRules)
	t.Run("an aggregated API", r.testAggregation)
	t.Run("KUBECONFIG leads to it", r.testKubeconfig)
	t.Run("--own beats KUBECONFIG", r.testOwn)

	if err := r.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if code := r.exit(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	r.wantNothingLeft()
}

// testKubeconfig uses the control plane as a cluster that somebody else runs.
func (r *running) testKubeconfig(t *testing.T) {
	other := launchReady(t, tempDir(t), r.Kubeconfig)
	if other.Owned || other.Server != r.Server || other.Version != r.Version || other.Pids != nil || other.Dir != "" {
		t.Errorf("the report is %+v", other.report)
	}
	if got := other.must(t, "", "get", "--raw=/readyz"); got != "ok" {
		t.Errorf("with the kubectl of the report the cluster says %q", got)
	}
	if err := other.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := other.exit(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	other.wantNothingLeft()
	if got := r.must(t, "", "get", "--raw=/readyz"); got != "ok" {
		t.Errorf("afterwards the cluster says %q", got)
	}
}

// testOwn starts a second control plane beside the first, and ends it as ^C in a terminal does: with a signal to the whole
// process group.
func (r *running) testOwn(t *testing.T) {
	own := launchReady(t, tempDir(t), r.Kubeconfig, "--own")
	if !own.Owned || own.Server == r.Server {
		t.Errorf("the report is %+v", own.report)
	}
	if err := syscall.Kill(-own.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if code := own.exit(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	own.wantNothingLeft()
}

func TestKilledUpLeavesNoProcessAndTheNextSweepsItsFolder(t *testing.T) {
	base := tempDir(t)
	killed := launchReady(t, base, "")
	if err := killed.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed.exit()
	if runtime.GOOS == "linux" {
		for name, pid := range killed.Pids {
			eventually(t, name+" ends", func() bool { return !alive(pid) })
		}
	} else {
		for _, pid := range killed.Pids {
			_ = syscall.Kill(pid, syscall.SIGKILL) // Only Linux ends them by itself: see package process.
		}
	}

	next := launchReady(t, base, "")
	if _, err := os.Stat(killed.Dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", killed.Dir, err)
	}
	if !next.hasSaid("deleted " + killed.Dir) {
		t.Error("nothing is said of the folder")
	}

	t.Run("a program that dies ends the next one", func(t *testing.T) {
		if err := syscall.Kill(next.Pids["kube-apiserver"], syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if code := next.exit(); code != 1 {
			t.Errorf("exit status %d, want 1", code)
		}
		if !next.hasSaid("kube-apiserver ended (signal: killed); the end of its log:\n  ") {
			t.Error("the end of its log is not shown")
		}
		next.wantNothingLeft()
	})
}

func TestUpEndsWhileItStarts(t *testing.T) {
	r := launch(t, tempDir(t), "")
	eventually(t, "etcd has its socket", func() bool {
		found, err := os.ReadDir(r.base)
		if err != nil || len(found) == 0 {
			return false
		}
		_, err = os.Stat(r.base + "/" + found[0].Name() + "/etcd.sock")
		return err == nil
	})
	if err := r.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if code := r.exit(); code != 1 {
		t.Errorf("exit status %d, want 1: there was no control plane", code)
	}
	if !r.hasSaid("stopped") {
		t.Error("it does not say that it was stopped")
	}
	r.wantNothingLeft()
}

func TestUpTellsThatTheClusterOfKubeconfigDoesNotAnswer(t *testing.T) {
	r := launch(t, tempDir(t), "/does/not/exist")
	if code := r.exit(); code != 1 || !r.hasSaid("KUBECONFIG=/does/not/exist") {
		t.Errorf("exit status %d, want 1 and the name of the file", code)
	}
}

func TestAssetsPrintsTheFolderOnly(t *testing.T) {
	out, err := command("assets").Output()
	if err != nil {
		t.Fatal(err)
	}
	folder, rest, _ := strings.Cut(string(out), "\n")
	if rest != "" {
		t.Errorf("more than one line: %q", out)
	}
	found, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kubectl"} {
		if !slices.ContainsFunc(found, func(entry os.DirEntry) bool { return entry.Name() == want }) {
			t.Errorf("%s lacks %s", folder, want)
		}
	}
}

func TestUnknownCommandLines(t *testing.T) {
	for _, args := range [][]string{{}, {"down"}, {"up", "--other"}, {"up", "more"}, {"assets", "more"}} {
		cmd := command(args...)
		text, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.HasSuffix(string(text), usage) {
			t.Errorf("%v: exit status %d, %q", args, code, text)
		}
	}
}
