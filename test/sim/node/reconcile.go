package node

import (
	"context"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Reconcile makes one pod's programs run, or end, and its status tell of it.
func (n *Node) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	pod := &corev1.Pod{}
	if err := n.client.Get(ctx, request.NamespacedName, pod); err != nil {
		n.forget(request.NamespacedName, "")
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	n.forget(request.NamespacedName, pod.UID)
	switch {
	case n.waits(pod):
		return ctrl.Result{}, n.bind(ctx, pod)
	case pod.Spec.NodeName != n.options.Name:
		return ctrl.Result{}, nil
	case pod.DeletionTimestamp != nil:
		return ctrl.Result{}, n.end(ctx, pod)
	case pod.Status.Phase == corev1.PodSucceeded, pod.Status.Phase == corev1.PodFailed:
		return ctrl.Result{}, nil
	}
	s, err := n.ensure(pod)
	if s == nil || err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{}, n.report(ctx, pod, s)
}

// waits says whether the pod waits for this node's scheduler.
func (n *Node) waits(pod *corev1.Pod) bool {
	return pod.Spec.NodeName == "" && pod.Spec.SchedulerName == n.options.Scheduler && pod.DeletionTimestamp == nil
}

func (n *Node) bind(ctx context.Context, pod *corev1.Pod) error {
	binding := &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: n.options.Name},
	}
	err := n.client.SubResource("binding").Create(ctx, pod, binding)
	if apierrors.IsConflict(err) {
		return nil // bound already, the cache is behind
	}
	return client.IgnoreNotFound(err)
}

// ensure starts the pod's sandbox. It returns the sandbox when it ran before, and nil when it only starts now: its
// containers will have something to report in a moment.
func (n *Node) ensure(pod *corev1.Pod) (*sandbox, error) {
	key := client.ObjectKeyFromObject(pod)
	n.mu.Lock()
	defer n.mu.Unlock()
	if s := n.sandboxes[key]; s != nil {
		return s, nil
	}
	ip, err := n.address(pod)
	if err != nil {
		return nil, err
	}
	config := sandboxConfig{network: n.options.Network, images: n.options.Images, backoff: n.options.CrashBackoff}
	n.sandboxes[key] = startSandbox(pod, ip, config, n.notify(key))
	return nil, nil
}

// address returns the address the pod has, or a new one.
func (n *Node) address(pod *corev1.Pod) (netip.Addr, error) {
	if ip, err := netip.ParseAddr(pod.Status.PodIP); err == nil {
		n.options.Network.Claim(ip)
		return ip, nil
	}
	return n.options.Network.Allocate()
}

// report writes the pod's status if it is not what the sandbox says.
func (n *Node) report(ctx context.Context, pod *corev1.Pod, s *sandbox) error {
	want := podStatus(pod, s.observe(), metav1.Now().Rfc3339Copy())
	if equality.Semantic.DeepEqual(pod.Status, want) {
		return nil
	}
	before := pod.DeepCopy()
	pod.Status = want
	return client.IgnoreNotFound(n.client.Status().Patch(ctx, pod, client.MergeFrom(before)))
}

// end stops a pod that is to go, and removes its object once its programs have ended.
func (n *Node) end(ctx context.Context, pod *corev1.Pod) error {
	n.mu.Lock()
	s := n.sandboxes[client.ObjectKeyFromObject(pod)]
	n.mu.Unlock()
	if s != nil {
		s.stop(time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second)
		if !s.ended() {
			return nil // it tells when it has
		}
	}
	err := n.client.Delete(ctx, pod, client.GracePeriodSeconds(0), client.Preconditions{UID: &pod.UID})
	return client.IgnoreNotFound(err)
}

// forget ends the sandbox of a pod that is gone, or that another pod of the same name took the place of.
func (n *Node) forget(key types.NamespacedName, unless types.UID) {
	n.mu.Lock()
	s := n.sandboxes[key]
	if s == nil || s.uid == unless {
		n.mu.Unlock()
		return
	}
	delete(n.sandboxes, key)
	n.mu.Unlock()
	n.discard(s)
}

// discard ends a sandbox at once and gives its address back.
func (n *Node) discard(s *sandbox) {
	s.stop(0)
	<-s.done
	n.options.Network.Release(s.ip)
}
