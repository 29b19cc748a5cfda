package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/metrics/source"
)

// published lists and watches TrafficSplits in the version of those that the cluster's CRD serves which Serin would rather have. A
// mesh may have brought a CRD that serves an old one alone. It is found anew with each list, so a CRD that changes is followed.
type published struct {
	group    rest.Interface
	versions map[string]*cache.ListWatch

	mu      sync.Mutex
	current *cache.ListWatch
}

func newPublished(config *rest.Config, client *http.Client) (*published, error) {
	scheme := runtime.NewScheme()
	p := &published{versions: map[string]*cache.ListWatch{}}
	for _, version := range split.Versions() {
		served := schema.GroupVersion{Group: split.GroupVersion.Group, Version: version}
		scheme.AddKnownTypes(served, &split.TrafficSplit{}, &split.TrafficSplitList{})
		metav1.AddToGroupVersion(scheme, served)
	}
	codecs := serializer.NewCodecFactory(scheme).WithoutConversion()
	for _, version := range split.Versions() {
		served := rest.CopyConfig(config)
		served.GroupVersion, served.APIPath = &schema.GroupVersion{Group: split.GroupVersion.Group, Version: version}, "/apis"
		served.ContentType, served.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
		served.NegotiatedSerializer = codecs
		splits, err := rest.RESTClientForConfigAndClient(served, client)
		if err != nil {
			return nil, err
		}
		p.group = splits
		p.versions[version] = cache.NewListWatchFromClient(splits, string(source.Backends), metav1.NamespaceAll, fields.Everything())
	}
	return p, nil
}

func (p *published) list(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	served, err := p.find(ctx)
	if err != nil {
		return nil, err
	}
	return served.ListWithContext(ctx, options)
}

// watch watches in the version that was listed. A watch that begins with a list of its own finds the version as a list does.
func (p *published) watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	p.mu.Lock()
	served := p.current
	p.mu.Unlock()
	if served == nil || options.SendInitialEvents != nil {
		var err error
		if served, err = p.find(ctx); err != nil {
			return nil, err
		}
	}
	return served.WatchWithContext(ctx, options)
}

// find asks the cluster which versions it serves.
func (p *published) find(ctx context.Context) (*cache.ListWatch, error) {
	text, err := p.group.Get().AbsPath("/apis/" + split.GroupVersion.Group).Do(ctx).Raw()
	if err != nil {
		return nil, err
	}
	group := metav1.APIGroup{}
	if err := json.Unmarshal(text, &group); err != nil {
		return nil, fmt.Errorf("reading which versions of %s are served: %w", split.GroupVersion.Group, err)
	}
	var served []string
	for _, version := range group.Versions {
		served = append(served, version.Version)
	}
	found := p.versions[split.Preferred(served)]
	if found == nil {
		return nil, fmt.Errorf("the cluster serves TrafficSplits in %q, and none of these can be read", served)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = found
	return found, nil
}
