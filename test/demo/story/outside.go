package story

import (
	"context"

	"github.com/serin-dev/serin/test/sim/network"
	"github.com/serin-dev/serin/test/sim/services"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Client is that of the shop's people.
func (w *World) Client() client.WithWatch { return w.user }

// Apply applies every object of a text as the shop's people would.
func (w *World) Apply(ctx context.Context, text string) error { return w.applyText(ctx, text) }

// DialFromPod waits until a pod of the shop runs, and returns how it opens connections to Services: by name, through
// kube-proxy.
func (w *World) DialFromPod(ctx context.Context, name string) (network.DialContext, error) {
	address, err := w.podAddress(ctx, name)
	if err != nil {
		return nil, err
	}
	return w.services.DialFrom(services.Caller{IP: address, Namespace: shop}), nil
}
