package catalog

import (
	"context"
	"net/http"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
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
	codecs := serializer.NewCodecFactory(scheme).WithoutConversion()
	for _, version := range split.Versions() {
		groupVersion := split.AddVersionToScheme(scheme, version)
		served := rest.CopyConfig(config)
		served.GroupVersion, served.APIPath = &groupVersion, "/apis"
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
	answer, err := p.group.Get().AbsPath(split.GroupPath).Do(ctx).Raw()
	if err != nil {
		return nil, err
	}
	version, err := split.Discovered(answer)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = p.versions[version]
	return p.current, nil
}
