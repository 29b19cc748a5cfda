package gobuild

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Versions of what is built, as the modules under test/cluster/build pin them.
const (
	KubernetesVersion = "v1.37.2"
	EtcdVersion       = "v3.7.3"
	PrometheusVersion = "v3.13.5"
)

// recipe says how to build one program.
type recipe struct {
	// module is the folder of the module under test/cluster/build.
	module string
	pkg    string
	// tags are build tags, separated by commas.
	tags string
	// stamps are the variables set by the linker.
	stamps map[string]string
}

// stampPackage holds the variables with the version that Kubernetes' programs report.
const stampPackage = "k8s.io/component-base/version."

// kubernetesStamps make Kubernetes' programs report their version; clients that parse it fail on the one they have without.
var kubernetesStamps = map[string]string{
	stampPackage + "gitVersion":   KubernetesVersion,
	stampPackage + "gitMajor":     "1",
	stampPackage + "gitMinor":     "37",
	stampPackage + "gitTreeState": "clean",
}

// recipes has every program that can be built.
var recipes = map[string]recipe{
	"etcd":                    {module: "etcd", pkg: "go.etcd.io/etcd/server/v3"},
	"kube-apiserver":          kubernetes("kube-apiserver"),
	"kube-controller-manager": kubernetes("kube-controller-manager"),
	"kubectl":                 kubernetes("kubectl"),
	"prometheus": {
		module: "prometheus", pkg: "github.com/prometheus/prometheus/cmd/prometheus",
		tags:   "remove_all_sd", // static targets, files and HTTP are enough, and the clouds' clients take long to build
		stamps: map[string]string{"github.com/prometheus/common/version.Version": PrometheusVersion[1:]},
	},
}

// kubernetes is the recipe of one of Kubernetes' programs.
func kubernetes(program string) recipe {
	return recipe{module: "kubernetes", pkg: "k8s.io/kubernetes/cmd/" + program, stamps: kubernetesStamps}
}

// ldflags are the linker's flags: no symbol table, no debug information, the stamps.
func (r recipe) ldflags() string {
	flags := "-s -w"
	for _, name := range slices.Sorted(maps.Keys(r.stamps)) { // A fixed order lets the toolchain find its earlier result.
		flags += " -X " + name + "=" + r.stamps[name]
	}
	return flags
}

// FindModules returns the folder test/cluster/build of the checkout that dir is in.
func FindModules(dir string) (string, error) {
	const within = "test/cluster"
	for at := dir; ; at = filepath.Dir(at) {
		for _, folder := range []string{at, filepath.Join(at, within)} {
			build := filepath.Join(folder, "build")
			text, err := os.ReadFile(filepath.Join(build, "kubernetes", "go.mod"))
			if err == nil && strings.HasPrefix(string(text), "module github.com/serin-dev/serin/test/cluster/build/") {
				return build, nil
			}
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%s is not in a checkout of serin, which has the modules to build from in %s/build", dir, within)
		}
	}
}
