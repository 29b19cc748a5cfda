package gobuild

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Versions of a control plane's programs, as the modules under test/cluster/build pin them.
const (
	KubernetesVersion = "v1.37.2"
	EtcdVersion       = "v3.7.3"
)

// recipe says how to build one program.
type recipe struct {
	// module is the folder of the module under test/cluster/build.
	module string
	pkg    string
	// version is the program's, and pinned the one of its Go module where that counts otherwise.
	version, pinned string
	// tags are build tags, separated by commas.
	tags string
	// stamps are the variables set by the linker.
	stamps map[string]string
	// cgo says that a C compiler takes part.
	cgo bool
	// minutes is about how long a build from nothing takes on 2 idle cores.
	minutes int
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
	"etcd":                    {module: "etcd", pkg: "go.etcd.io/etcd/server/v3", version: EtcdVersion, minutes: 1},
	"kube-apiserver":          kubernetes("kube-apiserver"),
	"kube-controller-manager": kubernetes("kube-controller-manager"),
	"kube-proxy":              kubernetes("kube-proxy"),
	"kube-scheduler":          kubernetes("kube-scheduler"),
	"kubectl":                 kubernetes("kubectl"),
	"kubelet":                 kubernetes("kubelet"),
	"coredns":                 {module: "coredns", pkg: "github.com/coredns/coredns", version: "v1.15.0", minutes: 3},
	"kustomize-controller":    {module: "kustomize-controller", pkg: "github.com/fluxcd/kustomize-controller", version: "v1.9.6", minutes: 4},
	"metrics-server":          {module: "metrics-server", pkg: "sigs.k8s.io/metrics-server/cmd/metrics-server", version: "v0.9.0", minutes: 3},
	"prometheus": {
		module: "prometheus", pkg: "github.com/prometheus/prometheus/cmd/prometheus", version: "v3.13.5", pinned: "v0.313.5",
		tags:    "remove_all_sd", // static targets, files and HTTP are enough, and the clouds' clients take long to build
		stamps:  map[string]string{"github.com/prometheus/common/version.Version": "3.13.5"},
		minutes: 2,
	},
	"runc": {
		module: "runc", pkg: "github.com/opencontainers/runc", version: "v1.5.2",
		tags:    "seccomp",
		cgo:     true, // libseccomp, and the C part that enters namespaces
		minutes: 1,
	},
	"source-controller": {module: "source-controller", pkg: "github.com/fluxcd/source-controller", version: "v1.9.6", minutes: 6},
	"traefik": {
		module: "traefik", pkg: "github.com/traefik/traefik/v3/cmd/traefik", version: "v3.6.0",
		stamps:  map[string]string{"github.com/traefik/traefik/v3/pkg/version.Version": "3.6.0"},
		minutes: 5,
	},
}

// kubernetes is the recipe of one of Kubernetes' programs.
func kubernetes(program string) recipe {
	return recipe{
		module: "kubernetes", pkg: "k8s.io/kubernetes/cmd/" + program,
		version: KubernetesVersion, stamps: kubernetesStamps, minutes: 4,
	}
}

// Version is the version of a program that can be built, or nothing.
func Version(program string) string { return recipes[program].version }

// Minutes is about how long the build of a program from nothing takes on 2 idle cores, in minutes.
func Minutes(program string) int { return recipes[program].minutes }

// cgoEnabled is the value of CGO_ENABLED.
func (r recipe) cgoEnabled() string {
	if r.cgo {
		return "1"
	}
	return "0"
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
