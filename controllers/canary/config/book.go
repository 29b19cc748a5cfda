package config

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// pages is the number of objects of which a Book remembers digests, about 300 bytes each. Of what is beyond that the content is
// read again when it is asked for.
const pages = 16384

// Book knows the digests of ConfigMaps and Secrets. What an object is comes from metadata; content is read only when the object
// changed since it was read last, and is not kept. It can be used by several goroutines at a time.
type Book struct {
	// Secrets is where Secrets may be read.
	Secrets Scope

	metadata, live client.Reader
	known          *lru.Cache // by key; one page for each object, of its newest content that was read
}

type key struct {
	kind Kind
	name types.NamespacedName
}

// page is what is known of an object's content.
type page struct {
	uid             types.UID
	resourceVersion string
	tracked         bool
	digest          string
}

// NewBook makes an empty Book. Metadata is a cached reader of PartialObjectMetadata; it may be behind, and then live is asked.
func NewBook(metadata, live client.Reader) *Book {
	return &Book{metadata: metadata, live: live, known: lru.New(pages)}
}

// Read finds what the references of a namespace lead to. It asks the API server only for content that it does not know.
func (b *Book) Read(ctx context.Context, namespace string, refs []Ref) (Set, error) {
	set := make(Set, 0, len(refs))
	for _, r := range refs {
		if !b.Secrets.Covers(namespace, r) {
			set = append(set, Entry{Ref: r, Found: true}) // whether it exists, the kubelet finds out
			continue
		}
		e, err := b.entry(ctx, namespace, r)
		if err != nil {
			return nil, fmt.Errorf("reading %s %s/%s: %w", r.Kind, namespace, r.Name, err)
		}
		set = append(set, e)
	}
	return set, nil
}

func (b *Book) entry(ctx context.Context, namespace string, r Ref) (Entry, error) {
	k := key{r.Kind, types.NamespacedName{Namespace: namespace, Name: r.Name}}
	var seen metav1.PartialObjectMetadata
	seen.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(string(r.Kind)))
	if err := b.metadata.Get(ctx, k.name, &seen); err != nil {
		return b.gone(k, r, err)
	}
	if !tracked(&seen) {
		b.known.Remove(k)
		return Entry{Ref: r, Found: true}, nil
	}
	if v, ok := b.known.Get(k); ok {
		if p := v.(page); p.uid == seen.UID && p.resourceVersion == seen.ResourceVersion {
			return p.entry(r), nil
		}
	}
	object := empty(r.Kind)
	if err := b.live.Get(ctx, k.name, object); err != nil {
		return b.gone(k, r, err)
	}
	p := page{uid: object.GetUID(), resourceVersion: object.GetResourceVersion(), tracked: tracked(object)}
	if p.tracked {
		p.digest = digest(object)
	}
	b.known.Add(k, p)
	return p.entry(r), nil
}

// gone is the entry of what could not be read because it does not exist, and forgets it; any other error stays one.
func (b *Book) gone(k key, r Ref, err error) (Entry, error) {
	if !apierrors.IsNotFound(err) {
		return Entry{}, err
	}
	b.known.Remove(k)
	return Entry{Ref: r, Tracked: true, Digest: absent}, nil
}

func (p page) entry(r Ref) Entry {
	return Entry{Ref: r, Found: true, Tracked: p.tracked, Digest: p.digest}
}

// Copies reads what a set found and tracks, and makes the copies of it that a version uses: immutable, with the metadata that the
// function gives them, ready for server-side apply. The error is a ChangedError when something no longer is what the set says.
func (b *Book) Copies(
	ctx context.Context, namespace string, set Set, copyOf func(Ref) metav1.ObjectMeta,
) ([]client.Object, error) {
	var copies []client.Object
	for _, e := range set {
		if !e.Found || !e.Tracked {
			continue
		}
		object := empty(e.Kind)
		err := b.live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: e.Name}, object)
		switch {
		case err != nil && !apierrors.IsNotFound(err):
			return nil, fmt.Errorf("reading %s %s/%s: %w", e.Kind, namespace, e.Name, err)
		case err != nil, !tracked(object), digest(object) != e.Digest:
			return nil, &ChangedError{Kind: e.Kind, Namespace: namespace, Name: e.Name}
		}
		copies = append(copies, copied(object, copyOf(e.Ref)))
	}
	return copies, nil
}

// ChangedError says that a ConfigMap or Secret is no longer what a revision was made of.
type ChangedError struct {
	Kind            Kind
	Namespace, Name string
}

// Error says it in a sentence.
func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s %s/%s changed after the revision was computed from it", e.Kind, e.Namespace, e.Name)
}
