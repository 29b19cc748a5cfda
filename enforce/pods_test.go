package enforce

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

const shop = "shop"

// podObject is a pod of a Deployment that runs as a ServiceAccount of the same name.
func podObject(name, ip, workload string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: shop, Name: name, Labels: map[string]string{labelTemplateHash: "5d4f"},
			OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: workload + "-5d4f", Controller: ptr.To(true)}},
		},
		Spec:   corev1.PodSpec{ServiceAccountName: workload},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: ip},
	}
}

func TestIndexPods(t *testing.T) {
	host := podObject("on-host", "10.0.0.3", "agent")
	host.Spec.HostNetwork = true
	done := podObject("done", "10.0.0.1", "job")
	done.Status.Phase = corev1.PodSucceeded
	both := podObject("both", "10.0.0.4", "six")
	both.Status.PodIPs = []corev1.PodIP{{IP: "10.0.0.4"}, {IP: "fd00::4"}}
	plain := podObject("plain", "10.0.0.5", "")
	plain.OwnerReferences, plain.Spec.ServiceAccountName = nil, ""
	stateful := podObject("db-0", "10.0.0.6", "db")
	stateful.OwnerReferences[0] = metav1.OwnerReference{Kind: "StatefulSet", Name: "db", Controller: ptr.To(true)}
	index := IndexPods([]*corev1.Pod{
		podObject("a", "10.0.0.1", "web"), done, podObject("b", "10.0.0.2", "web"), podObject("c", "10.0.0.2", "web"),
		host, both, plain, stateful,
	}, nil)
	tests := map[string]struct{ address, want string }{
		"one pod":                            {address: "10.0.0.1", want: "a of web as shop/web"},
		"an address of two pods is nobody's": {address: "10.0.0.2", want: " of  as /"},
		"nor is one of the host":             {address: "10.0.0.3", want: " of  as /"},
		"a second family":                    {address: "fd00::4", want: "both of six as shop/six"},
		"an IPv4 address in an IPv6 one":     {address: "::ffff:10.0.0.4", want: "both of six as shop/six"},
		"without an owner or ServiceAccount": {address: "10.0.0.5", want: "plain of  as shop/default"},
		"of a StatefulSet":                   {address: "10.0.0.6", want: "db-0 of db as shop/db"},
		"an address of nobody":               {address: "10.9.9.9", want: " of  as /"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := index.At(netip.MustParseAddr(tc.address))
			if got := strings.Join([]string{p.Name, "of", p.Workload, "as", p.Identity.String()}, " "); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	again := IndexPods([]*corev1.Pod{podObject("a", "10.0.0.1", "web")}, index)
	if a := (types.NamespacedName{Namespace: shop, Name: "a"}); again.Named(a) != index.Named(a) {
		t.Error("a pod that did not change is another one")
	}
	relabelled := podObject("a", "10.0.0.1", "web")
	relabelled.Labels["app"] = "shop"
	if p := IndexPods([]*corev1.Pod{relabelled}, index).At(netip.MustParseAddr("10.0.0.1")); p.Labels["app"] != "shop" {
		t.Errorf("a pod whose labels changed has still %v", p.Labels)
	}
}

func TestATrimmedPodReadsTheSame(t *testing.T) {
	full := podObject("web-a", "10.0.0.1", "web")
	full.Labels["app"], full.Annotations = "web", map[string]string{"a": "b"}
	full.Spec.NodeName, full.Spec.Containers = "node-1", []corev1.Container{{Name: "main"}}
	full.Status.PodIPs = []corev1.PodIP{{IP: "10.0.0.1"}, {IP: "fd00::1"}}
	full.Status.Conditions = []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}, {Type: corev1.PodReady, Status: corev1.ConditionFalse},
	}
	whole := readPod(full.DeepCopy())
	object, err := TrimPod(full)
	if err != nil {
		t.Fatal(err)
	}
	trimmed := object.(*corev1.Pod)
	got := readPod(trimmed)
	if !got.Pod.equals(whole.Pod) || got.down != whole.down || !cmp.Equal(got.addresses, whole.addresses, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })) {
		t.Errorf("whole %+v %+v, trimmed %+v %+v", whole, whole.Pod, got, got.Pod)
	}
	if len(trimmed.Labels) != 2 || trimmed.Annotations != nil || trimmed.Spec.Containers != nil || len(trimmed.Status.Conditions) != 1 {
		t.Errorf("kept more than is read: %+v", trimmed)
	}
}
