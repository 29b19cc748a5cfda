package integration_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// nodeName is the node that the pods of every target name, so that nobody need schedule them.
const nodeName = "stage"

// Tags of images whose pods do not become ready.
const (
	crashing = "crashing" // exits with 137 again and again
	missing  = "missing"  // cannot be pulled
)

// kubelet makes pods ready at once, unless their image says otherwise, and lets go of those that are deleted. All else that
// pods need is real: Deployments, ReplicaSets, EndpointSlices and PodDisruptionBudgets are kube-controller-manager's.
type kubelet struct {
	client client.Client

	mu    sync.Mutex
	given int             // addresses
	held  map[string]bool // "namespace image" whose pods do not start yet
}

func newKubelet(c client.Client) *kubelet { return &kubelet{client: c, held: map[string]bool{}} }

// hold keeps the pods of an image from starting until the function is called that it returns.
func (k *kubelet) hold(namespace, image string) (release func()) {
	set := func(held bool) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.held[namespace+" "+image] = held
	}
	set(true)
	return func() { set(false) }
}

// Reconcile runs one pod, or lets it go.
func (k *kubelet) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	pod := &corev1.Pod{}
	if err := k.client.Get(ctx, request.NamespacedName, pod); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	k.mu.Lock()
	held := k.held[pod.Namespace+" "+pod.Spec.Containers[0].Image]
	k.mu.Unlock()
	switch {
	case pod.Spec.NodeName != nodeName:
		return ctrl.Result{}, nil
	case pod.DeletionTimestamp != nil:
		return ctrl.Result{}, ignoreGone(k.client.Delete(ctx, pod, client.GracePeriodSeconds(0), client.Preconditions{UID: &pod.UID}))
	case held:
		return ctrl.Result{RequeueAfter: 50 * time.Millisecond}, nil
	case pod.Status.PodIP != "":
		return ctrl.Result{}, nil
	}
	before := pod.DeepCopy()
	pod.Status = k.status(pod)
	return ctrl.Result{}, ignoreGone(k.client.Status().Patch(ctx, pod, client.MergeFrom(before)))
}

// status is what a kubelet would report of a pod of one container.
func (k *kubelet) status(pod *corev1.Pod) corev1.PodStatus {
	k.mu.Lock()
	k.given++
	ip := fmt.Sprintf("10.%d.%d.%d", 128+k.given>>16&0x7f, k.given>>8&0xff, k.given&0xff)
	k.mu.Unlock()
	c := pod.Spec.Containers[0]
	now := metav1.Now()
	container := corev1.ContainerStatus{Name: c.Name, Image: c.Image, Started: new(bool)}
	phase, ready := corev1.PodRunning, corev1.ConditionFalse
	switch {
	case strings.HasSuffix(c.Image, ":"+crashing):
		container.RestartCount = 3
		container.State.Waiting = &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 40s restarting failed container"}
		container.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled", FinishedAt: now}
	case strings.HasSuffix(c.Image, ":"+missing):
		phase = corev1.PodPending
		container.State.Waiting = &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: fmt.Sprintf("Back-off pulling image %q", c.Image)}
	default:
		ready = corev1.ConditionTrue
		container.Ready, *container.Started = true, true
		container.State.Running = &corev1.ContainerStateRunning{StartedAt: now}
	}
	status := corev1.PodStatus{
		Phase: phase, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}, StartTime: &now,
		ContainerStatuses: []corev1.ContainerStatus{container},
	}
	for kind, is := range map[corev1.PodConditionType]corev1.ConditionStatus{
		corev1.PodScheduled: corev1.ConditionTrue, corev1.PodInitialized: corev1.ConditionTrue,
		corev1.ContainersReady: ready, corev1.PodReady: ready,
	} {
		status.Conditions = append(status.Conditions, corev1.PodCondition{Type: kind, Status: is, LastTransitionTime: now})
	}
	return status
}

// ignoreGone drops the errors of a pod that went meanwhile.
func ignoreGone(err error) error {
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}
