package main

import (
	"context"
	"fmt"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// nodeName is the node that all pods name, so that nobody need schedule them.
const nodeName = "bench"

// kubelet makes pods ready at once, with one write each, and lets go of those that are deleted.
type kubelet struct {
	client client.Client
	given  atomic.Uint32 // addresses
}

// run registers the node and goes on until the context ends.
func runKubelet(ctx context.Context, config *rest.Config) error {
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
	})
	if err != nil {
		return err
	}
	k := &kubelet{client: manager.GetClient()}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodeName}}
	if err := k.client.Create(ctx, node); err != nil {
		return err
	}
	skip := true
	err = ctrl.NewControllerManagedBy(manager).Named("kubelet").For(&corev1.Pod{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: 16, SkipNameValidation: &skip}).Complete(k)
	if err != nil {
		return err
	}
	return manager.Start(ctx)
}

// Reconcile makes one pod ready, or lets it go.
func (k *kubelet) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	pod := &corev1.Pod{}
	if err := k.client.Get(ctx, request.NamespacedName, pod); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	switch {
	case pod.Spec.NodeName != nodeName:
		return ctrl.Result{}, nil
	case pod.DeletionTimestamp != nil:
		err := k.client.Delete(ctx, pod, client.GracePeriodSeconds(0), client.Preconditions{UID: &pod.UID})
		return ctrl.Result{}, ignoreGone(err)
	case pod.Status.PodIP != "":
		return ctrl.Result{}, nil
	}
	before := pod.DeepCopy()
	pod.Status = k.ready(pod)
	return ctrl.Result{}, ignoreGone(k.client.Status().Patch(ctx, pod, client.MergeFrom(before)))
}

// ready is the status of a pod that runs and is ready, at an address of its own.
func (k *kubelet) ready(pod *corev1.Pod) corev1.PodStatus {
	n := k.given.Add(1)
	ip := fmt.Sprintf("10.%d.%d.%d", 128+n>>16&0x7f, n>>8&0xff, n&0xff)
	now := metav1.Now()
	status := corev1.PodStatus{Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}}, StartTime: &now}
	for _, kind := range []corev1.PodConditionType{
		corev1.PodScheduled, corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady,
	} {
		status.Conditions = append(status.Conditions, corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now})
	}
	for _, c := range pod.Spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, Ready: true,
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
		})
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
