package integration_test

import (
	"context"
	"path/filepath"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/canary"
	canaryconfig "github.com/serin-dev/serin/controllers/canary/config"
	"github.com/serin-dev/serin/test/controlplane"
	"github.com/serin-dev/serin/test/gen"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

var _ = Describe("a CRD of TrafficSplits that is not Serin's", Serial, func() {
	It("is waited for, and written in the newest version that it serves, also when that changes", func(ctx SpecContext) {
		other, err := controlplane.Start(ctx, controlplane.Options{Progress: GinkgoWriter})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(other.Stop)
		own, err := filepath.Glob("../../config/crd/serin.dev_*.yaml")
		Expect(err).NotTo(HaveOccurred())
		_, err = envtest.InstallCRDs(other.Config, envtest.CRDInstallOptions{Paths: own, ErrorIfPathMissing: true})
		Expect(err).NotTo(HaveOccurred())
		c, err := client.New(other.Config, client.Options{Scheme: scheme(), FieldOwner: "kubectl"})
		Expect(err).NotTo(HaveOccurred())
		mgr, err := ctrl.NewManager(other.Config, ctrl.Options{
			Scheme: scheme(), Logger: logr.Discard(), Metrics: server.Options{BindAddress: "0"}, Cache: canary.CacheOptions(canaryconfig.Scope{}),
			Controller: config.Controller{SkipNameValidation: ptr.To(true)},
		})
		Expect(err).NotTo(HaveOccurred())
		Expect(canary.Setup(context.Background(), mgr, canary.Options{Workers: 1, Namespace: "serin-system"})).To(Succeed())
		controller := run(mgr)
		DeferCleanup(func() { controller.stop() })

		Expect(c.Create(ctx, gen.Deployment("default", "foobar", image("v1")))).To(Succeed())
		Expect(c.Create(ctx, readyEndpoint("default", "foobar-v1"))).To(Succeed())
		shop := gen.Canary("default", "foobar", func(c *v1alpha1.Canary) { c.Spec.Traffic.Provider = v1alpha1.ProviderSplit })
		Expect(c.Create(ctx, shop)).To(Succeed())
		Eventually(func() string {
			Expect(c.Get(ctx, client.ObjectKeyFromObject(shop), shop)).To(Succeed())
			return shop.Status.Message
		}).Should(ContainSubstring("no CRD trafficsplits.split.smi-spec.io is served"))

		crd := splitCRD("v1alpha2")
		Expect(c.Create(ctx, crd)).To(Succeed())
		written := func(version string) func() (string, error) {
			return func() (string, error) {
				u := &unstructured.Unstructured{}
				u.SetGroupVersionKind(schema.GroupVersionKind{Group: "split.smi-spec.io", Version: version, Kind: "TrafficSplit"})
				err := c.Get(ctx, client.ObjectKeyFromObject(shop), u)
				wrote := ""
				for _, entry := range u.GetManagedFields() {
					if entry.Manager == v1alpha1.FieldManager {
						wrote += entry.APIVersion + " "
					}
				}
				return wrote, err
			}
		}
		Eventually(written("v1alpha2")).Should(Equal("split.smi-spec.io/v1alpha2 "))

		Expect(c.Get(ctx, client.ObjectKeyFromObject(crd), crd)).To(Succeed())
		Expect(unstructured.SetNestedSlice(crd.Object, splitVersions("v1alpha2", "v1alpha3"), "spec", "versions")).To(Succeed())
		Expect(c.Update(ctx, crd)).To(Succeed())
		Eventually(func() error { _, err := written("v1alpha3")(); return err }).Should(Succeed())
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(schema.GroupVersionKind{Group: "split.smi-spec.io", Version: "v1alpha2", Kind: "TrafficSplit"})
		u.SetNamespace("default")
		u.SetName("foobar")
		Expect(c.Delete(ctx, u)).To(Succeed())
		Eventually(written("v1alpha3")).Should(Equal("split.smi-spec.io/v1alpha3 "))
	})
})

// readyEndpoint has a Service look as if a pod behind it were ready.
func readyEndpoint(namespace, service string) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: service, Labels: map[string]string{
			discoveryv1.LabelServiceName: service, v1alpha1.LabelCanary: "foobar",
		}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"10.127.0.9"}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)}}},
	}
}

// splitCRD is a CRD of TrafficSplits of another project's shape; the first version is the stored one.
func splitCRD(versions ...string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "trafficsplits.split.smi-spec.io"},
		"spec": map[string]any{
			"group": "split.smi-spec.io", "scope": "Namespaced",
			"names":    map[string]any{"kind": "TrafficSplit", "listKind": "TrafficSplitList", "plural": "trafficsplits", "singular": "trafficsplit"},
			"versions": splitVersions(versions...),
		},
	}}
}

func splitVersions(versions ...string) []any {
	var all []any
	for i, version := range versions {
		all = append(all, map[string]any{
			"name": version, "served": true, "storage": i == 0,
			"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
		})
	}
	return all
}
