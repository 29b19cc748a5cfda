package assets

import (
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/serin-dev/serin/test/cluster/internal/gobuild"
)

// given returns the paths of those programs that the environment names: see the package's comment. The folder of
// KUBEBUILDER_ASSETS counts only with etcd and kube-apiserver in it, because those two belong together.
func (l *Locator) given(programs []string) map[string]string {
	folder := l.Getenv("KUBEBUILDER_ASSETS")
	if folder == "" {
		return nil
	}
	if lacking := absent(folder, []string{Etcd, APIServer}); len(lacking) > 0 {
		l.Log.Say("KUBEBUILDER_ASSETS=%s is not used: it lacks %v", folder, lacking)
		return nil
	}
	paths := map[string]string{}
	for _, program := range programs {
		path := filepath.Join(folder, program)
		if executable(path) {
			paths[program] = path
		} else if found, err := exec.LookPath(Kubectl); err == nil && program == Kubectl {
			paths[program] = found
		}
	}
	return absolute(paths)
}

// absolute makes paths independent of the working directory.
func absolute(paths map[string]string) map[string]string {
	for program, path := range paths {
		if whole, err := filepath.Abs(path); err == nil {
			paths[program] = whole
		}
	}
	return paths
}

// warnOfSkew says so if a given API server is of another minor version than the controller manager from here. Kubernetes
// promises that they work together only if the controller manager is not the newer one.
func (l *Locator) warnOfSkew(given map[string]string, rest []string) {
	if given[APIServer] == "" || len(rest) == 0 {
		return
	}
	text, err := exec.Command(given[APIServer], "--version").Output()
	version := strings.TrimSpace(strings.TrimPrefix(string(text), "Kubernetes "))
	minor := gobuild.KubernetesVersion[:strings.LastIndex(gobuild.KubernetesVersion, ".")+1]
	if err != nil || !strings.HasPrefix(version, minor) {
		l.Log.Say("%s is of version %q; with %s of %s it may not work", given[APIServer], version, strings.Join(rest, ", "), gobuild.KubernetesVersion)
	}
}
