package node

import (
	"context"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/test/sim/network"
)

// Program is what a container runs.
type Program interface {
	// Run runs until the pod is terminating and the program is done with what it had begun. The context ends when the grace
	// period is over, as SIGKILL would end a process. To return earlier is to crash.
	Run(ctx context.Context, pod Pod) error
}

// Images looks a program up by the image's name; nil means that there is no such image.
type Images func(image string) Program

// Pod is what a program knows about where it runs.
type Pod struct {
	types.NamespacedName

	// IP is the pod's address on Network.
	IP netip.Addr
	// Network is where the program listens and dials.
	Network *network.Network
	// ServiceAccount is the pod's identity.
	ServiceAccount string
	// Container is the container the program runs in.
	Container corev1.Container
	// Terminating is closed when the pod is asked to stop, as SIGTERM asks a process.
	Terminating <-chan struct{}
	// Grace is how long the program has from then on.
	Grace time.Duration
	// Ready says that the container is ready from now on, as a passing readiness probe would.
	Ready func()
}

// Idle is a program that does nothing: the container of a pod that only calls others.
type Idle struct{}

// Run is ready at once and ends when asked to.
func (Idle) Run(ctx context.Context, pod Pod) error {
	pod.Ready()
	select {
	case <-pod.Terminating:
	case <-ctx.Done():
	}
	return nil
}
