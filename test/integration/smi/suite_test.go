// Package smi_test holds what only a real API server can show of Serin's SMI CRDs: that every published version of every
// kind applies unchanged and is read whole in the hub version, and that what is refused is refused with one sentence.
package smi_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/test/controlplane"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

var (
	plane   *controlplane.ControlPlane
	typed   client.Client     // reads and writes the hub types
	untyped dynamic.Interface // reads and writes any version as it stands
)

func TestSMI(t *testing.T) {
	ctrl.SetLogger(logr.Discard())
	RegisterFailHandler(Fail)
	RunSpecs(t, "SMI kinds on a real API server")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	var err error
	plane, err = controlplane.Start(ctx, controlplane.Options{Progress: os.Stderr})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)
	_, err = envtest.InstallCRDs(plane.Config, envtest.CRDInstallOptions{
		Paths: []string{"../../../config/crd/smi"}, ErrorIfPathMissing: true,
	})
	Expect(err).NotTo(HaveOccurred())
	typed, err = client.New(plane.Config, client.Options{Scheme: scheme(), FieldOwner: "test"})
	Expect(err).NotTo(HaveOccurred())
	quiet := rest.CopyConfig(plane.Config)
	quiet.WarningHandler = rest.NoWarnings{} // An update that leaves old weights alone is admitted with a warning.
	untyped, err = dynamic.NewForConfig(quiet)
	Expect(err).NotTo(HaveOccurred())
})

func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, split.AddToScheme, access.AddToScheme, specs.AddToScheme,
	} {
		Expect(add(s)).To(Succeed())
	}
	return s
}

// resources are the plural names of the kinds, and hubs the versions in which Serin reads their groups.
var (
	resources = map[string]string{
		"TrafficSplit": "trafficsplits", "TrafficTarget": "traffictargets", "IdentityBinding": "identitybindings",
		"HTTPRouteGroup": "httproutegroups", "TCPRoute": "tcproutes", "UDPRoute": "udproutes",
	}
	hubs = map[string]string{
		split.GroupVersion.Group: split.GroupVersion.Version, access.GroupVersion.Group: access.GroupVersion.Version,
		specs.GroupVersion.Group: specs.GroupVersion.Version,
	}
)

// hubOf is the version in which Serin reads an object's kind.
func hubOf(object *unstructured.Unstructured) string {
	if object.GetKind() == "IdentityBinding" {
		return access.BindingGroupVersion.Version
	}
	return hubs[object.GroupVersionKind().Group]
}

// inVersion returns the client for an object's kind in a version of its group.
func inVersion(object *unstructured.Unstructured, version string) dynamic.ResourceInterface {
	kind := object.GroupVersionKind()
	resource := schema.GroupVersionResource{Group: kind.Group, Version: version, Resource: resources[kind.Kind]}
	return untyped.Resource(resource).Namespace(object.GetNamespace())
}

// apply sends an object as kubectl apply does, in the version it was written in.
func apply(ctx context.Context, object *unstructured.Unstructured) error {
	options := metav1.ApplyOptions{FieldManager: "kubectl", Force: true}
	_, err := inVersion(object, object.GroupVersionKind().Version).Apply(ctx, object.GetName(), object, options)
	return err
}

// manifests reads YAML documents and puts them in a namespace.
func manifests(namespace, text string) []*unstructured.Unstructured {
	GinkgoHelper()
	var objects []*unstructured.Unstructured
	for document := range strings.SplitSeq(text, "\n---\n") {
		object := &unstructured.Unstructured{}
		Expect(yaml.Unmarshal([]byte(document), &object.Object)).To(Succeed())
		object.SetNamespace(namespace)
		objects = append(objects, object)
	}
	return objects
}

// freshNamespace makes a namespace of its own for a spec, and removes it after.
func freshNamespace(ctx context.Context) string {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "smi-"}}
	Expect(typed.Create(ctx, namespace)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) { _ = typed.Delete(ctx, namespace) })
	return namespace.Name
}
