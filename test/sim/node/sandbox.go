package node

import (
	"context"
	"net/netip"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/test/sim/network"
)

// defaultGrace is the grace period of a pod that names none.
const defaultGrace = 30 * time.Second

// sandbox is one running pod.
type sandbox struct {
	uid        types.UID
	ip         netip.Addr
	startedAt  metav1.Time
	containers []*container

	terminating chan struct{}
	terminate   sync.Once
	kill        context.CancelFunc
	done        chan struct{}
}

// sandboxConfig is what every sandbox of a node has in common.
type sandboxConfig struct {
	network *network.Network
	images  Images
	backoff time.Duration
}

// startSandbox starts the pod's containers under the address. It calls changed after every change that may show in the
// pod's status.
func startSandbox(pod *corev1.Pod, ip netip.Addr, config sandboxConfig, changed func()) *sandbox {
	ctx, kill := context.WithCancel(context.Background())
	s := &sandbox{
		uid: pod.UID, ip: ip, startedAt: metav1.Now().Rfc3339Copy(),
		terminating: make(chan struct{}), kill: kill, done: make(chan struct{}),
	}
	var running sync.WaitGroup
	for _, spec := range pod.Spec.Containers {
		c := newContainer(pod, spec, config, changed)
		c.pod.IP, c.pod.Terminating = ip, s.terminating
		s.containers = append(s.containers, c)
		running.Go(func() { c.run(ctx) })
	}
	go func() {
		running.Wait()
		kill()
		close(s.done)
		changed()
	}()
	return s
}

func newContainer(pod *corev1.Pod, spec corev1.Container, config sandboxConfig, changed func()) *container {
	c := &container{images: config.images, backoff: config.backoff, changed: changed}
	c.status = corev1.ContainerStatus{Name: spec.Name, Image: spec.Image, ImageID: spec.Image}
	c.status.State.Waiting = &corev1.ContainerStateWaiting{Reason: reasonCreating}
	c.pod = Pod{
		NamespacedName: types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name},
		Network:        config.network,
		ServiceAccount: pod.Spec.ServiceAccountName,
		Container:      spec,
		Grace:          gracePeriod(pod),
		Ready:          c.ready,
	}
	return c
}

func gracePeriod(pod *corev1.Pod) time.Duration {
	if seconds := pod.Spec.TerminationGracePeriodSeconds; seconds != nil {
		return time.Duration(*seconds) * time.Second
	}
	return defaultGrace
}

// stop asks the containers to end, and ends them when the grace period is over. A later call may shorten it.
func (s *sandbox) stop(grace time.Duration) {
	s.terminate.Do(func() { close(s.terminating) })
	time.AfterFunc(grace, s.kill)
}

// ended says whether all containers have ended.
func (s *sandbox) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// observe gathers what the pod's status is made from.
func (s *sandbox) observe() observed {
	seen := observed{startedAt: s.startedAt, host: hostIP, ip: s.ip}
	for _, c := range s.containers {
		seen.containers = append(seen.containers, c.snapshot())
	}
	return seen
}
