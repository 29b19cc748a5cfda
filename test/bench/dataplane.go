package main

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// scrapeInterval is how often `serin metrics` asks the proxies.
const scrapeInterval = time.Second

// backendWeights are the weights of a TrafficSplit by the name of the backend.
type backendWeights map[string]int64

// dataPlane stands for the bundled proxies.
type dataPlane struct {
	client client.Client

	mu sync.Mutex
	// applied are the weights of now, scraped those of the last tick.
	applied, scraped map[types.NamespacedName]backendWeights
	apexes           map[types.NamespacedName]string
	published        map[types.NamespacedName]bool
	tick             time.Time
	// failingSince is when every candidate began to fail half of its requests; zero means that none does.
	failingSince time.Time
	// seen is told of every TrafficSplit that changed.
	seen func(name types.NamespacedName, weights backendWeights, at time.Time)
}

func newDataPlane(c client.Client) *dataPlane {
	return &dataPlane{
		client: c, applied: map[types.NamespacedName]backendWeights{}, scraped: map[types.NamespacedName]backendWeights{},
		apexes: map[types.NamespacedName]string{}, published: map[types.NamespacedName]bool{},
		seen: func(types.NamespacedName, backendWeights, time.Time) {},
	}
}

// onChange has a function told of every TrafficSplit that changes from now on.
func (d *dataPlane) onChange(seen func(types.NamespacedName, backendWeights, time.Time)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = seen
}

// fail has every candidate fail half of its requests from an instant on, and none after the zero time.
func (d *dataPlane) fail(since time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failingSince = since
}

// Reconcile applies one TrafficSplit, and leads its apex to the data plane.
func (d *dataPlane) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	found := &split.TrafficSplit{}
	if err := d.client.Get(ctx, request.NamespacedName, found); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	weights := backendWeights{}
	for _, b := range found.Spec.Backends {
		weights[b.Service] = b.Weight
	}
	d.mu.Lock()
	d.applied[request.NamespacedName], d.apexes[request.NamespacedName] = weights, found.Spec.Service
	published := d.published[request.NamespacedName]
	d.seen(request.NamespacedName, weights, time.Now())
	d.mu.Unlock()
	if published {
		return ctrl.Result{}, nil
	}
	if err := d.client.Create(ctx, endpointOf(found)); err != nil && !apierrors.IsAlreadyExists(err) {
		return ctrl.Result{}, err
	}
	d.mu.Lock()
	d.published[request.NamespacedName] = true
	d.mu.Unlock()
	return ctrl.Result{}, nil
}

// endpointOf is the EndpointSlice by which a bundled proxy leads an apex to itself.
func endpointOf(s *split.TrafficSplit) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, Name: s.Spec.Service + "-bench-proxy",
			Labels: map[string]string{
				discoveryv1.LabelServiceName: s.Spec.Service,
				discoveryv1.LabelManagedBy:   v1alpha1.EndpointSliceManager,
				v1alpha1.LabelManagedBy:      v1alpha1.ManagedBy,
				v1alpha1.LabelCanary:         s.Labels[v1alpha1.LabelCanary],
			},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{
			Addresses: []string{"10.127.0.1"}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)},
		}},
		Ports: []discoveryv1.EndpointPort{{Name: ptr.To("http"), Port: ptr.To[int32](8080), Protocol: ptr.To(corev1.ProtocolTCP)}},
	}
}

// scrape takes note of the weights at every tick until the context ends.
func (d *dataPlane) scrape(ctx context.Context) error {
	for {
		next := time.Now().Truncate(scrapeInterval).Add(scrapeInterval)
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return nil
		}
		d.mu.Lock()
		d.tick = next
		for name, weights := range d.applied {
			d.scraped[name] = weights
		}
		d.mu.Unlock()
	}
}

// version is the version that a backend is of.
func version(backend, apex string) string { return strings.TrimPrefix(backend, apex+"-") }
