//go:build e2e

package gitops

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/gitops/argocd"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// condition is a condition of any object, as far as the tests look at it.
type condition struct{ Type, Status, Reason, Message string }

// said is a condition of an object; the zero value is none.
func said(o *unstructured.Unstructured, kind string) condition {
	var status struct {
		Status struct{ Conditions []condition }
	}
	text, err := json.Marshal(o.Object)
	if err == nil {
		err = json.Unmarshal(text, &status)
	}
	if err != nil {
		panic(err) // what the API server sent is JSON
	}
	i := slices.IndexFunc(status.Status.Conditions, func(c condition) bool { return c.Type == kind })
	if i < 0 {
		return condition{}
	}
	return status.Status.Conditions[i]
}

// ready is that a Kustomization says that a revision is applied and healthy.
func ready(revision string) func(*unstructured.Unstructured) bool {
	return func(o *unstructured.Unstructured) bool {
		c := said(o, "Ready")
		return c.Status == "True" && strings.Contains(c.Message, revision)
	}
}

// unhealthy is that a Kustomization says that a revision is not healthy.
func unhealthy(revision string) func(*unstructured.Unstructured) bool {
	return func(o *unstructured.Unstructured) bool {
		attempted, _, _ := unstructured.NestedString(o.Object, "status", "lastAttemptedRevision")
		c := said(o, "Ready")
		return attempted == revision && c.Status == "False" && c.Reason == "HealthCheckFailed"
	}
}

// typed is a version of the Canary with its Go type.
func typed(o *unstructured.Unstructured) *v1alpha1.Canary {
	c := &v1alpha1.Canary{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, c); err != nil {
		panic(err) // the CRD is made of that type
	}
	return c
}

// when is a predicate on the Canary.
func when(is func(*v1alpha1.Canary) bool) func(*unstructured.Unstructured) bool {
	return func(o *unstructured.Unstructured) bool { return is(typed(o)) }
}

// serves is that a release's image is the stable one and what the target asks for.
func serves(release string) func(*v1alpha1.Canary) bool {
	return func(c *v1alpha1.Canary) bool {
		r := c.Status.Condition(v1alpha1.ConditionReady)
		return r != nil && r.Status == v1alpha1.ConditionTrue && c.Status.Stable != nil && c.Status.Stable.Image == image(release)
	}
}

// health is what Argo CD shows.
type health struct{ Status, Message string }

// argoCD asks Argo CD's health script about a version of the Canary.
func argoCD(o *unstructured.Unstructured) health {
	GinkgoHelper()
	script, err := os.ReadFile(filepath.Join(config, "argocd", "health.lua"))
	Expect(err).NotTo(HaveOccurred())
	var h health
	Expect(argocd.Run(string(script), o.Object, time.Now(), &h)).To(Succeed())
	Expect(h.Message).NotTo(BeEmpty())
	return h
}

// healths is what Argo CD shows of versions, one after the other, without repetition.
func healths(versions []*unstructured.Unstructured) []string {
	GinkgoHelper()
	var all []string
	for _, o := range versions {
		all = append(all, argoCD(o).Status)
	}
	return slices.Compact(all)
}

// text is a value for a person.
func text(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(encoded)
}
