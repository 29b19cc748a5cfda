//go:build e2e

package gitops

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var (
	canaryKind        = schema.GroupVersionKind{Group: "serin.dev", Version: "v1alpha1", Kind: "Canary"}
	deploymentKind    = schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
	serviceKind       = schema.GroupVersionKind{Version: "v1", Kind: "Service"}
	kustomizationKind = schema.GroupVersionKind{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Kind: "Kustomization"}
)

// history is every version of one object that the API server had, in order. The resourceVersion orders versions of different
// objects too: etcd counts all writes in one row.
type history struct {
	kind            schema.GroupVersionKind
	namespace, name string

	mu   sync.Mutex
	seen []*unstructured.Unstructured
}

// follow watches an object until the context ends. The object need not exist yet.
func follow(ctx context.Context, kind schema.GroupVersionKind, namespace, name string) *history {
	GinkgoHelper()
	h := &history{kind: kind, namespace: namespace, name: name}
	first, err := h.watch(ctx)
	Expect(err).NotTo(HaveOccurred())
	go func() {
		for watcher := first; ctx.Err() == nil; {
			h.take(watcher)
			if watcher, err = h.watch(ctx); err != nil {
				select {
				case <-time.After(100 * time.Millisecond):
				case <-ctx.Done():
				}
				watcher = watch.NewEmptyWatch()
				watcher.Stop()
			}
		}
	}()
	return h
}

func (h *history) watch(ctx context.Context) (watch.Interface, error) {
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(h.kind.GroupVersion().WithKind(h.kind.Kind + "List"))
	return world.Client().Watch(ctx, list, client.InNamespace(h.namespace), client.MatchingFields{"metadata.name": h.name})
}

// take takes versions in until the API server ends the watch. A new watch begins with the newest version, which may be known.
func (h *history) take(watcher watch.Interface) {
	for event := range watcher.ResultChan() {
		object, ok := event.Object.(*unstructured.Unstructured)
		if !ok || event.Type == watch.Deleted || event.Type == watch.Error {
			continue
		}
		h.mu.Lock()
		if len(h.seen) == 0 || version(object) > version(h.seen[len(h.seen)-1]) {
			h.seen = append(h.seen, object)
		}
		h.mu.Unlock()
	}
}

// since are the versions after a moment.
func (h *history) since(m moment) []*unstructured.Unstructured {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.seen, func(o *unstructured.Unstructured) bool { return version(o) > uint64(m) })
	if i < 0 {
		return nil
	}
	return slices.Clone(h.seen[i:])
}

// moment is a point in the row of all writes.
type moment uint64

// now is the moment of the newest write.
func now(ctx context.Context) moment {
	GinkgoHelper()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(canaryKind.GroupVersion().WithKind("CanaryList"))
	Expect(world.Client().List(ctx, list)).To(Succeed())
	newest, err := strconv.ParseUint(list.GetResourceVersion(), 10, 64)
	Expect(err).NotTo(HaveOccurred())
	return moment(newest)
}

// version is an object's place in the row of all writes.
func version(o *unstructured.Unstructured) uint64 {
	n, err := strconv.ParseUint(o.GetResourceVersion(), 10, 64)
	if err != nil {
		panic(err) // an API server on etcd writes numbers
	}
	return n
}

// until waits for a version after a moment of which something is true, and returns it.
func (h *history) until(ctx context.Context, m moment, what string, is func(*unstructured.Unstructured) bool) *unstructured.Unstructured {
	GinkgoHelper()
	var found *unstructured.Unstructured
	Eventually(ctx, func() bool {
		all := h.since(m)
		if i := slices.IndexFunc(all, is); i >= 0 {
			found = all[i]
		}
		return found != nil
	}).Should(BeTrue(), func() string { return what + " did not come; the last was: " + h.last() })
	return found
}

// last describes the newest version.
func (h *history) last() string {
	all := h.since(0)
	if len(all) == 0 {
		return "nothing"
	}
	status, _, _ := unstructured.NestedMap(all[len(all)-1].Object, "status")
	return h.kind.Kind + " " + text(status)
}
