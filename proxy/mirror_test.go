package proxy

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"

	"github.com/serin-dev/serin/api/smi/access"
)

func TestOptionsSayWhatIsMissing(t *testing.T) {
	tests := map[string]struct {
		options Options
		want    string
	}{
		"nothing is there":   {want: "proxy options: no RestConfig\nno PodName or PodNamespace"},
		"an address of none": {options: Options{RestConfig: &rest.Config{}, PodName: "p", PodNamespace: "n", AdvertiseIP: "here"}, want: "proxy options: AdvertiseIP: ParseAddr"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := New(tc.options); err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestOnlyChangesThatMatterWakeTheProxy(t *testing.T) {
	woken := 0
	w := newWatcher(func() { woken++ }, func(service types.NamespacedName) bool { return service == web })
	pod := podObject("web-a", "10.0.0.1", "web")
	busy := pod.DeepCopy()
	busy.ResourceVersion = "2"
	moved := pod.DeepCopy()
	moved.Status.PodIP = "10.0.0.2"
	ours := endpointSlice("other", 80, ready("10.2.0.9", "proxy-1"))
	ours.Labels[discoveryv1.LabelManagedBy] = "proxy.serin.dev"
	steps := []struct {
		what  string
		event func()
		wakes bool
	}{
		{"a pod comes", func() { w.pods.OnAdd(pod, false) }, true},
		{"it says how it does", func() { w.pods.OnUpdate(pod, busy) }, false},
		{"it gets another address", func() { w.pods.OnUpdate(busy, moved) }, true},
		{"it goes, and the watch missed how", func() { w.pods.OnDelete(toolscache.DeletedFinalStateUnknown{Obj: moved}) }, true},
		{"a Service of a split", func() { w.services.OnAdd(service("web", 80), false) }, true},
		{"another Service", func() { w.services.OnAdd(service("other", 80), false) }, false},
		{"endpoints of a split", func() { w.slices.OnAdd(endpointSlice("web", 80, ready("10.0.0.1", "a")), false) }, true},
		{"other endpoints", func() { w.slices.OnAdd(endpointSlice("other", 80, ready("10.0.0.1", "a")), false) }, false},
		{"the slice of a proxy", func() { w.slices.OnAdd(ours, false) }, true},
		{"an access object", func() { w.access.Targets.OnAdd(&access.TrafficTarget{ObjectMeta: service("t").ObjectMeta}, false) }, true},
	}
	for _, step := range steps {
		woken = 0
		step.event()
		if (woken == 1) != step.wakes {
			t.Errorf("%s: woken %d times", step.what, woken)
		}
	}
	first := w.world()
	if second := w.world(); first.graph != second.graph || first.pods != second.pods {
		t.Error("policy or pods were compiled again without a change")
	}
	w.access.Targets.OnDelete(&access.TrafficTarget{ObjectMeta: service("t").ObjectMeta})
	if third := w.world(); first.graph == third.graph || first.pods != third.pods {
		t.Error("a change of policy did not change policy alone")
	}
}

func TestApplyOfASliceSaysAllOfIt(t *testing.T) {
	slice := sliceFor(me, &apex{NamespacedName: web, splitUID: "uid", splitAPIVersion: "v", canary: "web"},
		[]advert{{servicePort: servicePort{number: 80, name: "http", appProtocol: "grpc"}, listens: 31000}}, standingReady)
	apply := applyOf(slice)
	if *apply.Name != slice.Name || *apply.Namespace != shop || len(apply.Labels) != 4 || *apply.AddressType != slice.AddressType {
		t.Errorf("got %+v", apply)
	}
	if owner := apply.OwnerReferences[0]; *owner.UID != "uid" || *owner.Kind != "TrafficSplit" || owner.BlockOwnerDeletion != nil {
		t.Errorf("owner %+v", owner)
	}
	if e := apply.Endpoints[0]; e.Addresses[0] != "10.2.0.1" || !*e.Conditions.Ready || *e.NodeName != "node-1" || *e.TargetRef.Name != "proxy-0" {
		t.Errorf("endpoint %+v", e)
	}
	if p := apply.Ports[0]; *p.Port != 31000 || *p.Name != "http" || *p.AppProtocol != "grpc" || *p.Protocol != *ptr.To(corev1.ProtocolTCP) {
		t.Errorf("port %+v", p)
	}
}
