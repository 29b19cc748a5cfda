package node

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Reasons a container waits, as the kubelet words them.
const (
	reasonCreating  = "ContainerCreating"
	reasonNoImage   = "ImagePullBackOff"
	reasonCrashLoop = "CrashLoopBackOff"
)

// container runs one program again and again and keeps the status that the kubelet would report.
type container struct {
	pod     Pod
	images  Images
	backoff time.Duration
	changed func()

	mu     sync.Mutex
	status corev1.ContainerStatus
}

// run returns when the pod terminates and the program has ended, or when the context ends.
func (c *container) run(ctx context.Context) {
	program := c.images(c.pod.Container.Image)
	if program == nil {
		c.wait(reasonNoImage, "no program stands for image "+c.pod.Container.Image)
		c.untilStopped(ctx)
		return
	}
	for {
		c.started()
		err := program.Run(ctx, c.pod)
		if c.stopped(ctx) {
			c.terminated()
			return
		}
		message := "the program ended"
		if err != nil {
			message = err.Error()
		}
		c.wait(reasonCrashLoop, message)
		select {
		case <-time.After(c.backoff):
		case <-c.pod.Terminating:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (c *container) untilStopped(ctx context.Context) {
	select {
	case <-c.pod.Terminating:
	case <-ctx.Done():
	}
}

func (c *container) stopped(ctx context.Context) bool {
	select {
	case <-c.pod.Terminating:
		return true
	default:
		return ctx.Err() != nil
	}
}

func (c *container) started() {
	c.set(func(s *corev1.ContainerStatus) {
		if s.State.Waiting != nil && s.State.Waiting.Reason == reasonCrashLoop {
			s.RestartCount++
		}
		started := true
		s.Started = &started
		s.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now().Rfc3339Copy()}}
	})
}

func (c *container) ready() {
	c.set(func(s *corev1.ContainerStatus) { s.Ready = s.State.Running != nil })
}

func (c *container) wait(reason, message string) {
	c.set(func(s *corev1.ContainerStatus) {
		started := false
		s.Ready, s.Started = false, &started
		s.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	})
}

func (c *container) terminated() {
	c.set(func(s *corev1.ContainerStatus) {
		started := false
		s.Ready, s.Started = false, &started
		s.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			Reason: "Completed", FinishedAt: metav1.Now().Rfc3339Copy(),
		}}
	})
}

func (c *container) set(change func(*corev1.ContainerStatus)) {
	c.mu.Lock()
	change(&c.status)
	c.mu.Unlock()
	c.changed()
}

func (c *container) snapshot() corev1.ContainerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.status.DeepCopy()
}
