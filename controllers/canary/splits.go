package canary

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/serin-dev/serin/api/smi/split"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// crdSplits is the CRD of TrafficSplits. Whoever installed it decides which versions it serves.
const crdSplits = "trafficsplits.split.smi-spec.io"

// Splits reads and names TrafficSplits in a version that the installed CRD serves. It watches them in that version, and in
// another one when the CRD changes.
type Splits struct {
	// Cache watches.
	Cache cache.Cache
	// Live reads the CRD past the cache, once per change of it.
	Live client.Reader
	// Changed gets the Canary that a TrafficSplit belongs to.
	Changed func(types.NamespacedName)

	mu      sync.Mutex
	crd     string // the resourceVersion of the CRD that was read
	version string // the version in use; empty while none is served
}

// in is the version that TrafficSplits are written in; empty while the CRD serves none. The resourceVersion is that of the CRD as
// the cache has it, empty while there is none.
func (s *Splits) in(ctx context.Context, crd string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if crd == s.crd {
		return s.version, nil
	}
	version := ""
	if crd != "" {
		served, err := s.served(ctx)
		if err != nil {
			return "", err
		}
		version = split.Preferred(served)
	}
	if version != s.version && s.version != "" {
		if err := s.Cache.RemoveInformer(ctx, splitOf(s.version)); err != nil {
			return "", err
		}
		s.version = ""
	}
	if version != "" && version != s.version {
		if err := s.watch(ctx, version); err != nil {
			return "", err
		}
	}
	s.version, s.crd = version, crd
	return version, nil
}

// served are the versions that the CRD serves, none before the API server serves it.
func (s *Splits) served(ctx context.Context) ([]string, error) {
	crd := &unstructured.Unstructured{}
	crd.SetGroupVersionKind(crdKind)
	if err := s.Live.Get(ctx, client.ObjectKey{Name: crdSplits}, crd); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return servedVersions(crd), nil
}

// servedVersions reads a CRD. One that is not established yet, or goes, serves nothing.
func servedVersions(crd *unstructured.Unstructured) []string {
	conditions, _, _ := unstructured.NestedSlice(crd.Object, "status", "conditions")
	established := false
	for _, c := range conditions {
		condition, _ := c.(map[string]any)
		established = established || (condition["type"] == "Established" && condition["status"] == "True")
	}
	if !established || crd.GetDeletionTimestamp() != nil {
		return nil
	}
	var served []string
	versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
	for _, v := range versions {
		version, _ := v.(map[string]any)
		isServed, _ := version["served"].(bool)
		if name, ok := version["name"].(string); ok && isServed {
			served = append(served, name)
		}
	}
	return served
}

// watch begins to watch TrafficSplits in a version, and returns when all of them are known.
func (s *Splits) watch(ctx context.Context, version string) error {
	informer, err := s.Cache.GetInformer(ctx, splitOf(version))
	if err != nil {
		return fmt.Errorf("watching TrafficSplits in version %s: %w", version, err)
	}
	changed := func(object any) {
		if gone, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
			object = gone.Obj
		}
		u, ok := object.(*unstructured.Unstructured)
		if !ok {
			return
		}
		for _, owner := range u.GetOwnerReferences() {
			if owner.Kind == "Canary" {
				s.Changed(types.NamespacedName{Namespace: u.GetNamespace(), Name: owner.Name})
			}
		}
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: changed, UpdateFunc: func(_, object any) { changed(object) }, DeleteFunc: changed,
	})
	return err
}

// readSplit reads a TrafficSplit in a version; nil without an error means that there is none.
func readSplit(ctx context.Context, reader client.Reader, version string, name types.NamespacedName) (*split.TrafficSplit, error) {
	u := splitOf(version)
	if err := reader.Get(ctx, name, u); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	text, err := json.Marshal(u.Object)
	if err != nil {
		return nil, err
	}
	found := &split.TrafficSplit{}
	return found, json.Unmarshal(text, found)
}

// splitOf is an empty TrafficSplit of a version.
func splitOf(version string) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(schema.GroupVersionKind{Group: split.GroupVersion.Group, Version: version, Kind: "TrafficSplit"})
	return u
}

// publishedSplit is a TrafficSplit as it is applied in a version.
func publishedSplit(s *split.TrafficSplit, version string) (*unstructured.Unstructured, error) {
	object, err := s.Published(version)
	if err != nil {
		return nil, err
	}
	u := &unstructured.Unstructured{Object: object}
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
	return u, nil
}
