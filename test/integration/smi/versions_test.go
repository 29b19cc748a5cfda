package smi_test

import (
	"context"
	"encoding/json"
	"os"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/api/smi/split"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// fixtures are the same manifests that the tests of the types read.
func fixtures(namespace string) []*unstructured.Unstructured {
	GinkgoHelper()
	var objects []*unstructured.Unstructured
	for _, group := range []string{"split", "access", "specs"} {
		for _, version := range []string{"v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"} {
			text, err := os.ReadFile("../../../api/smi/" + group + "/testdata/" + version + ".yaml")
			Expect(err).NotTo(HaveOccurred())
			objects = append(objects, manifests(namespace, string(text))...)
		}
	}
	return objects
}

// content is what a person wrote: everything but the version, which conversion changes, and what the API server adds.
func content(object *unstructured.Unstructured) map[string]any {
	fields := runtime.DeepCopyJSON(object.Object)
	delete(fields, "apiVersion")
	fields["metadata"] = map[string]any{"name": object.GetName()}
	return fields
}

// hubObject returns an empty hub object of a kind, and nil for a kind that has none.
func hubObject(kind string) client.Object {
	switch kind {
	case "TrafficSplit":
		return &split.TrafficSplit{}
	case "TrafficTarget":
		return &access.TrafficTarget{}
	case "HTTPRouteGroup":
		return &specs.HTTPRouteGroup{}
	case "TCPRoute":
		return &specs.TCPRoute{}
	case "UDPRoute":
		return &specs.UDPRoute{}
	case "IdentityBinding":
		return &access.IdentityBinding{}
	default:
		return nil
	}
}

// spec returns an object's spec, in which everything of a hub object is that its kind says.
func spec(object client.Object) any {
	switch o := object.(type) {
	case *split.TrafficSplit:
		return o.Spec
	case *access.TrafficTarget:
		return o.Spec
	case *specs.HTTPRouteGroup:
		return o.Spec
	case *specs.TCPRoute:
		return o.Spec
	case *specs.UDPRoute:
		return o.Spec
	case *access.IdentityBinding:
		return o.Spec
	default:
		return nil
	}
}

var _ = Describe("every published version of every kind", func() {
	It("applies unchanged, and no version it is read in loses a field", func(ctx SpecContext) {
		for _, object := range fixtures(freshNamespace(ctx)) {
			Expect(apply(ctx, object)).To(Succeed(), "%s %s", object.GetAPIVersion(), object.GetName())
			for _, version := range []string{hubOf(object), object.GroupVersionKind().Version, "v1alpha4"} {
				read, err := inVersion(object, version).Get(ctx, object.GetName(), metav1.GetOptions{})
				Expect(err).NotTo(HaveOccurred())
				Expect(cmp.Diff(content(object), content(read))).To(BeEmpty(), "%s read in %s", object.GetName(), version)
			}
		}
	})

	It("is read whole by a typed client in the hub version", func(ctx SpecContext) {
		for _, object := range fixtures(freshNamespace(ctx)) {
			read := hubObject(object.GetKind())
			if read == nil {
				continue
			}
			Expect(apply(ctx, object)).To(Succeed())
			Expect(typed.Get(ctx, client.ObjectKeyFromObject(object), read)).To(Succeed())
			Expect(cmp.Diff(decoded(object), spec(read))).To(BeEmpty(), object.GetName())
		}
	})

	It("is listed together by a typed cache", func(ctx SpecContext) {
		namespace := freshNamespace(ctx)
		want := map[string]any{}
		for _, object := range fixtures(namespace) {
			Expect(apply(ctx, object)).To(Succeed())
			if hubObject(object.GetKind()) != nil {
				want[object.GetKind()+"/"+object.GetName()] = decoded(object)
			}
		}
		got := map[string]any{}
		reader := startCache(ctx, namespace)
		for kind, list := range map[string]client.ObjectList{
			"TrafficSplit": &split.TrafficSplitList{}, "TrafficTarget": &access.TrafficTargetList{},
			"HTTPRouteGroup": &specs.HTTPRouteGroupList{}, "TCPRoute": &specs.TCPRouteList{},
			"UDPRoute": &specs.UDPRouteList{}, "IdentityBinding": &access.IdentityBindingList{},
		} {
			Expect(reader.List(ctx, list)).To(Succeed())
			Expect(meta.EachListItem(list, func(item runtime.Object) error {
				object, isObject := item.(client.Object)
				Expect(isObject).To(BeTrue())
				got[kind+"/"+object.GetName()] = spec(object)
				return nil
			})).To(Succeed())
		}
		Expect(cmp.Diff(want, got)).To(BeEmpty())
	})

	It("can be labeled through the hub version, whatever its weights are written in", func(ctx SpecContext) {
		for _, object := range fixtures(freshNamespace(ctx)) {
			Expect(apply(ctx, object)).To(Succeed())
			read, err := inVersion(object, hubOf(object)).Get(ctx, object.GetName(), metav1.GetOptions{})
			Expect(err).NotTo(HaveOccurred())
			read.SetLabels(map[string]string{"color": "yellow"})
			_, err = inVersion(object, read.GroupVersionKind().Version).Update(ctx, read, metav1.UpdateOptions{})
			Expect(err).NotTo(HaveOccurred(), object.GetName())
		}
	})
})

var _ = Describe("a TrafficSplit that is written in the hub version", func() {
	It("is put back whole over another writer's backends", func(ctx SpecContext) {
		namespace := freshNamespace(ctx)
		theirs := manifests(namespace, `{apiVersion: split.smi-spec.io/v1alpha1, kind: TrafficSplit, metadata: {name: birds},
			spec: {service: birds, backends: [{service: birds-v1, weight: 500m}, {service: birds-v9, weight: 500m}]}}`)[0]
		Expect(apply(ctx, theirs)).To(Succeed())
		ours := split.TrafficSplitSpec{
			Service:  "birds",
			Backends: []split.Backend{{Service: "birds-v1", Weight: 95}, {Service: "birds-v2", Weight: 5}},
		}
		object := &split.TrafficSplit{
			TypeMeta:   metav1.TypeMeta{APIVersion: split.GroupVersion.String(), Kind: "TrafficSplit"},
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "birds"},
			Spec:       ours,
		}
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		Expect(err).NotTo(HaveOccurred())
		Expect(apply(ctx, &unstructured.Unstructured{Object: fields})).To(Succeed())
		read := &split.TrafficSplit{}
		Expect(typed.Get(ctx, client.ObjectKeyFromObject(object), read)).To(Succeed())
		Expect(cmp.Diff(ours, read.Spec)).To(BeEmpty())
	})
})

// decoded is the spec that a hub type reads from the manifest itself.
func decoded(object *unstructured.Unstructured) any {
	GinkgoHelper()
	written, err := json.Marshal(object.Object)
	Expect(err).NotTo(HaveOccurred())
	read := hubObject(object.GetKind())
	Expect(json.Unmarshal(written, read)).To(Succeed())
	return spec(read)
}

// startCache runs typed informers on a namespace until the spec ends.
func startCache(ctx context.Context, namespace string) client.Reader {
	GinkgoHelper()
	informers, err := cache.New(plane.Config, cache.Options{
		Scheme: scheme(), DefaultNamespaces: map[string]cache.Config{namespace: {}},
	})
	Expect(err).NotTo(HaveOccurred())
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- informers.Start(running) }()
	DeferCleanup(func() {
		stop()
		Expect(<-done).To(Succeed())
	})
	Expect(informers.WaitForCacheSync(ctx)).To(BeTrue()) // or a list may come before the start
	return informers
}
