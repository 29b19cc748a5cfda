//go:build e2e

package gitops

import (
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// people are who calls the shop; they are not in its Git.
const people = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  schedulerName: serin-sim
  containers: [{name: web, image: demo/caller}]
`

// registry is the registry of the files in config/gitops; the simulated node's images are in the other.
const registry, simulated = "registry.example.com/", "demo/"

// image is a release's image. What the releases do is in test/demo/story: v1 and v2 are good, v3 fails a fifth of its requests.
func image(release string) string { return simulated + "foobar:" + release }

// file reads a file of config/gitops, with pairs of words to replace.
func file(name string, replace ...string) string {
	GinkgoHelper()
	text, err := os.ReadFile(filepath.Join(config, filepath.FromSlash(name)))
	Expect(err).NotTo(HaveOccurred())
	for i := 0; i < len(replace); i += 2 {
		Expect(string(text)).To(ContainSubstring(replace[i]), name)
	}
	return strings.NewReplacer(replace...).Replace(string(text))
}

// deployment is the target in Git with a release's image, on the simulated node.
func deployment(release string, replace ...string) string {
	GinkgoHelper()
	return file("shop/deployment.yaml", append([]string{
		registry + "foobar:v1", image(release),
		"    spec:\n", "    spec:\n      schedulerName: serin-sim\n",
	}, replace...)...)
}
