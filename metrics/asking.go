package metrics

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/serin-dev/serin/metrics/catalog"
	"github.com/serin-dev/serin/metrics/prometheus"
	"github.com/serin-dev/serin/metrics/source"
)

// asking is the source that asks a Prometheus, and the watch on the profiles that were added to its own.
type asking struct {
	prometheus *prometheus.Source
	profiles   cache.SharedIndexInformer
	from       string
	log        logr.Logger
}

func newAsking(o Options, c *catalog.Catalog, config *rest.Config, client *http.Client) (*asking, error) {
	o.Prometheus.Splits = c
	p, err := prometheus.New(o.Prometheus)
	if err != nil {
		return nil, err
	}
	objects, err := kubernetes.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, err
	}
	one := func(l *metav1.ListOptions) {
		l.FieldSelector = fields.OneTermEqualSelector("metadata.name", o.Profiles.Name).String()
	}
	a := &asking{
		prometheus: p, from: "Prometheus " + o.Prometheus.Address, log: o.Log,
		profiles: coreinformers.NewFilteredConfigMapInformer(objects, o.Profiles.Namespace, 0, nil, one),
	}
	_, err = a.profiles.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    a.read,
		UpdateFunc: func(_, now any) { a.read(now) },
		DeleteFunc: func(any) { a.prometheus.SetProfiles(nil) },
	})
	return a, err
}

// read takes over the profiles of the ConfigMap. One that cannot be read leaves the others alone.
func (a *asking) read(object any) {
	texts, ok := object.(*corev1.ConfigMap)
	if !ok {
		return
	}
	broken := a.prometheus.SetProfiles(texts.Data)
	for _, key := range slices.Sorted(maps.Keys(broken)) {
		a.log.Error(broken[key], "a profile cannot be read", "configMap", texts.Namespace+"/"+texts.Name, "key", key)
	}
	a.log.Info("read the added profiles", "configMap", texts.Namespace+"/"+texts.Name, "read", len(texts.Data)-len(broken))
}

func (a *asking) source() source.Source { return a.prometheus }

func (a *asking) String() string { return a.from }

// ready is always nil: a Prometheus that does not answer is said to those who ask.
func (a *asking) ready() error { return nil }

func (a *asking) run(ctx context.Context) { a.profiles.RunWithContext(ctx) }
