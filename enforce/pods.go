package enforce

import (
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/policy"
)

// labelTemplateHash is what a Deployment's ReplicaSets add to their pods, and end their own names with.
const labelTemplateHash = "pod-template-hash"

// Pod is what an enforcement point knows of a Pod, be it a caller or a destination.
type Pod struct {
	Namespace string
	Name      string
	// Workload is the name of what made the pod: of the Deployment for pods of a Deployment's ReplicaSet, of the owner for
	// others, empty for a pod that nothing owns.
	Workload string
	// Node is the name of the pod's node, empty while it has none.
	Node string
	// Identity is the ServiceAccount that the pod runs as.
	Identity policy.Identity
	// Labels are the Pod's own, which IdentityBindings may ask for.
	Labels map[string]string
}

// equals reports whether nothing about a pod has changed.
func (p *Pod) equals(other *Pod) bool {
	return p.Namespace == other.Namespace && p.Name == other.Name && p.Workload == other.Workload && p.Node == other.Node &&
		p.Identity == other.Identity && maps.Equal(p.Labels, other.Labels)
}

// Nobody is the caller that is not known: it has no identity and no name.
var Nobody = &Pod{}

// Pods finds pods by address and by name. It does not change once it is built.
type Pods struct {
	byAddress map[netip.Addr]*Pod
	byName    map[types.NamespacedName]*podEntry
}

// podEntry is what an index read from one state of a Pod.
type podEntry struct {
	*Pod

	from *corev1.Pod
	// addresses are those that lead to the pod as a caller: none if it is on the host's network, or has ended.
	addresses []netip.Addr
	// down says that the pod has ended, or is not ready as its kubelet or node says.
	down bool
}

// IndexPods builds the index, with what the index before it knows of the Pods that are the same. An address leads to a pod only if
// exactly one pod has it: one that is not on the host's network, and has not ended.
func IndexPods(pods []*corev1.Pod, before *Pods) *Pods {
	index := &Pods{
		byAddress: make(map[netip.Addr]*Pod, len(pods)),
		byName:    make(map[types.NamespacedName]*podEntry, len(pods)),
	}
	for _, object := range pods {
		name := client.ObjectKeyFromObject(object)
		var old *podEntry
		if before != nil {
			old = before.byName[name]
		}
		entry := old
		if old == nil || old.from != object {
			entry = readPod(object)
		}
		if old != nil && old != entry && old.equals(entry.Pod) {
			entry.Pod = old.Pod
		}
		index.byName[name] = entry
		for _, address := range entry.addresses {
			if _, taken := index.byAddress[address]; taken {
				index.byAddress[address] = nil
				continue
			}
			index.byAddress[address] = entry.Pod
		}
	}
	return index
}

// At returns the one pod that has the address, or nobody.
func (i *Pods) At(address netip.Addr) *Pod {
	if i == nil {
		return Nobody
	}
	if known := i.byAddress[address.Unmap()]; known != nil {
		return known
	}
	return Nobody
}

// Named returns the pod of a name, or nil.
func (i *Pods) Named(name types.NamespacedName) *Pod {
	if i == nil || i.byName[name] == nil {
		return nil
	}
	return i.byName[name].Pod
}

// Len is how many Pods there are.
func (i *Pods) Len() int { return len(i.byName) }

// All are the Pods, in no order, those among them that have ended.
func (i *Pods) All() iter.Seq[*Pod] {
	return func(yield func(*Pod) bool) {
		for _, entry := range i.byName {
			if !yield(entry.Pod) {
				return
			}
		}
	}
}

// IsDown reports whether a pod has ended, or is not ready as its kubelet or node says.
func (i *Pods) IsDown(name types.NamespacedName) bool {
	entry := i.byName[name]
	return entry != nil && entry.down
}

func readPod(object *corev1.Pod) *podEntry {
	account := object.Spec.ServiceAccountName
	if account == "" {
		account = "default"
	}
	entry := &podEntry{
		Pod: &Pod{
			Namespace: object.Namespace,
			Name:      object.Name,
			Workload:  workloadOf(object),
			Node:      object.Spec.NodeName,
			Identity:  policy.Identity{Namespace: object.Namespace, ServiceAccount: account},
			Labels:    object.Labels,
		},
		from: object,
		down: hasEnded(object) || isUnready(object),
	}
	if !object.Spec.HostNetwork && !hasEnded(object) {
		entry.addresses = podAddresses(object)
	}
	return entry
}

// workloadOf names what made a pod, from the pod alone.
func workloadOf(object *corev1.Pod) string {
	owner := metav1.GetControllerOf(object)
	if owner == nil {
		return ""
	}
	hash := object.Labels[labelTemplateHash]
	if owner.Kind != "ReplicaSet" || hash == "" {
		return owner.Name
	}
	return strings.TrimSuffix(owner.Name, "-"+hash)
}

func hasEnded(object *corev1.Pod) bool {
	return object.Status.Phase == corev1.PodSucceeded || object.Status.Phase == corev1.PodFailed
}

// isUnready reports whether a pod's Ready condition is there and says no.
func isUnready(object *corev1.Pod) bool {
	for _, condition := range object.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionFalse
		}
	}
	return false
}

// podAddresses returns each address of a pod once.
func podAddresses(object *corev1.Pod) []netip.Addr {
	var addresses []netip.Addr
	for _, ip := range append([]corev1.PodIP{{IP: object.Status.PodIP}}, object.Status.PodIPs...) {
		address, err := netip.ParseAddr(ip.IP)
		if err != nil {
			continue
		}
		if address = address.Unmap(); !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
	}
	return addresses
}
