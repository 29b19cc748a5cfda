package node

import (
	"context"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// heartbeatEvery is how often the node renews its Lease, as a kubelet does.
const heartbeatEvery = 10 * time.Second

// register makes the Node object and says that it is ready.
func (n *Node) register(ctx context.Context, reader client.Reader) error {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name:   n.options.Name,
		Labels: map[string]string{corev1.LabelHostname: n.options.Name, corev1.LabelOSStable: "linux"},
	}}
	if err := n.client.Create(ctx, node); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	if err := reader.Get(ctx, client.ObjectKeyFromObject(node), node); err != nil {
		return err
	}
	before := node.DeepCopy()
	node.Status = nodeStatus(metav1.Now())
	return n.client.Status().Patch(ctx, node, client.MergeFrom(before))
}

func nodeStatus(now metav1.Time) corev1.NodeStatus {
	room := make(corev1.ResourceList)
	room[corev1.ResourceCPU] = resource.MustParse("64")
	room[corev1.ResourceMemory] = resource.MustParse("256Gi")
	room[corev1.ResourcePods] = resource.MustParse("10000")
	ready := corev1.NodeCondition{
		Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "Simulated",
		Message: "pods are programs of one process", LastHeartbeatTime: now, LastTransitionTime: now,
	}
	return corev1.NodeStatus{
		Capacity:    room,
		Allocatable: room,
		Conditions:  []corev1.NodeCondition{ready},
		Addresses:   []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: hostIP.String()}},
		NodeInfo:    corev1.NodeSystemInfo{OperatingSystem: "linux", KubeletVersion: "simulated"},
	}
}

// heartbeat keeps the node's Lease fresh, so that no controller takes the node for lost and its pods for gone.
type heartbeat struct {
	client client.Client
	node   string
}

// Start renews the Lease until the context ends. A renewal that fails is made up for by the next.
func (h heartbeat) Start(ctx context.Context) error {
	ticker := time.NewTicker(heartbeatEvery)
	defer ticker.Stop()
	for {
		_ = h.renew(ctx)
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (h heartbeat) renew(ctx context.Context) error {
	seconds, now := int32(40), metav1.NowMicro()
	lease := &coordinationv1.Lease{
		TypeMeta:   metav1.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "Lease"},
		ObjectMeta: metav1.ObjectMeta{Namespace: corev1.NamespaceNodeLease, Name: h.node},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &h.node, LeaseDurationSeconds: &seconds, RenewTime: &now},
	}
	//nolint:staticcheck // the apply configuration of a Lease would be four setters for the same bytes
	return h.client.Patch(ctx, lease, client.Apply, client.FieldOwner("kubelet"), client.ForceOwnership)
}
