package proxy

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/serin-dev/serin/enforce"
)

var me = self{pod: types.NamespacedName{Namespace: "serin", Name: "proxy-0"}, address: netip.MustParseAddr("10.2.0.1"), node: "node-1"}

// shelf is a sliceWriter that keeps what is written.
type shelf struct {
	stored map[string]*discoveryv1.EndpointSlice
	writes []string
	err    error
}

func (s *shelf) Apply(_ context.Context, slice *discoveryv1.EndpointSlice) error {
	s.writes = append(s.writes, "apply "+slice.Name)
	if s.err == nil {
		s.stored[slice.Name] = slice
	}
	return s.err
}

func (s *shelf) Delete(_ context.Context, seen *discoveryv1.EndpointSlice) error {
	s.writes = append(s.writes, "delete "+seen.Name)
	delete(s.stored, seen.Name)
	return s.err
}

func TestTheSliceOfAnApex(t *testing.T) {
	w := shared(map[string]int64{"v1": 1}, "v1")
	w.splits[0].APIVersion = "split.smi-spec.io/v1alpha2"
	adverts := map[types.NamespacedName][]advert{web: {
		{servicePort: servicePort{number: 80, name: "http"}, listens: 31000},
		{servicePort: servicePort{number: 90, name: "rpc", appProtocol: "grpc"}, listens: 31001},
	}}
	got := slicesFor(me, buildTable(w, nil), adverts, standingReady)
	want := []*discoveryv1.EndpointSlice{{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: shop, Name: "web" + me.suffix(),
			Labels: map[string]string{
				"kubernetes.io/service-name":             "web",
				"endpointslice.kubernetes.io/managed-by": "proxy.serin.dev",
				"app.kubernetes.io/managed-by":           "serin",
				"serin.dev/canary":                       "web",
			},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "split.smi-spec.io/v1alpha2", Kind: "TrafficSplit", Name: "web", UID: "uid-web"}},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{
			Addresses:  []string{"10.2.0.1"},
			Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true), Serving: ptr.To(true), Terminating: ptr.To(false)},
			NodeName:   ptr.To("node-1"),
			TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: "serin", Name: "proxy-0"},
		}},
		Ports: []discoveryv1.EndpointPort{
			{Name: ptr.To("http"), Port: ptr.To[int32](31000), Protocol: ptr.To(corev1.ProtocolTCP)},
			{Name: ptr.To("rpc"), Port: ptr.To[int32](31001), Protocol: ptr.To(corev1.ProtocolTCP), AppProtocol: ptr.To("grpc")},
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("slices (-want +got):\n%s", diff)
	}
	left := slicesFor(me, buildTable(w, nil), adverts, standingLeaving)[0].Endpoints[0].Conditions
	if *left.Ready || !*left.Serving || !*left.Terminating {
		t.Errorf("a proxy that leaves says %+v", left)
	}
	other := self{pod: types.NamespacedName{Namespace: "serin", Name: "proxy-1"}}
	if me.suffix() == other.suffix() {
		t.Error("two pods have the same name for their slices")
	}
}

func TestPublishingWritesOnlyWhatDiffers(t *testing.T) {
	w := shared(map[string]int64{"v1": 1}, "v1")
	wanted := func(port int) []*discoveryv1.EndpointSlice {
		return slicesFor(me, buildTable(w, nil), map[types.NamespacedName][]advert{
			web: {{servicePort: servicePort{number: 80, name: "http"}, listens: port}},
		}, standingReady)
	}
	name := wanted(1)[0].Name
	s := &shelf{stored: map[string]*discoveryv1.EndpointSlice{}}
	p := newPublisher(me, s)
	steps := []struct {
		what   string
		wanted []*discoveryv1.EndpointSlice
		stored []*discoveryv1.EndpointSlice
		want   []string
	}{
		{what: "nothing is there", wanted: wanted(31000), want: []string{"apply " + name}},
		{what: "the watch has not brought it back yet", wanted: wanted(31000)},
		{what: "it is there", wanted: wanted(31000), stored: stored(wanted(31000), "1")},
		{what: "the port changed", wanted: wanted(31001), stored: stored(wanted(31000), "1"), want: []string{"apply " + name}},
		{what: "the watch is behind", wanted: wanted(31001), stored: stored(wanted(31000), "1")},
		{what: "it is there", wanted: wanted(31001), stored: stored(wanted(31001), "2")},
		{what: "somebody deleted it", wanted: wanted(31001), want: []string{"apply " + name}},
		{what: "somebody changed it", wanted: wanted(31001), stored: stored(wanted(9), "4"), want: []string{"apply " + name}},
		{what: "the apex is no longer served", stored: stored(wanted(31001), "5"), want: []string{"delete " + name}},
		{what: "another apex is served", wanted: wanted(31001), want: []string{"apply " + name}},
		{what: "and no longer, before the watch has brought it", want: []string{"delete " + name}},
		{what: "the slices of a peer are none of ours", stored: []*discoveryv1.EndpointSlice{peerSlice("proxy-1")}},
	}
	for _, step := range steps {
		s.writes = nil
		if err := p.publish(t.Context(), step.wanted, step.stored); err != nil {
			t.Errorf("%s: %v", step.what, err)
		}
		if diff := cmp.Diff(step.want, s.writes); diff != "" {
			t.Errorf("%s: writes (-want +got):\n%s", step.what, diff)
		}
	}
}

func TestASliceOfSomebodyElseIsLeftAlone(t *testing.T) {
	w := shared(map[string]int64{"v1": 1}, "v1")
	wanted := slicesFor(me, buildTable(w, nil), map[types.NamespacedName][]advert{web: {{listens: 1}}}, standingReady)
	foreign := stored(wanted, "1")
	foreign[0].Labels[discoveryv1.LabelManagedBy] = "someone"
	s := &shelf{stored: map[string]*discoveryv1.EndpointSlice{}}
	if err := newPublisher(me, s).publish(t.Context(), wanted, foreign); err == nil || len(s.writes) > 0 {
		t.Errorf("error %v, writes %v", err, s.writes)
	}
}

// stored are slices as the API server has them at a version.
func stored(all []*discoveryv1.EndpointSlice, version string) []*discoveryv1.EndpointSlice {
	var copies []*discoveryv1.EndpointSlice
	for _, slice := range all {
		c := slice.DeepCopy()
		c.ResourceVersion, c.UID = version, "uid"
		copies = append(copies, c)
	}
	return copies
}

func peerSlice(pod string) *discoveryv1.EndpointSlice {
	other := self{pod: types.NamespacedName{Namespace: "serin", Name: pod}, address: netip.MustParseAddr("10.2.0.9")}
	slice := sliceFor(other, &apex{NamespacedName: web}, nil, standingReady)
	return slice
}

func TestSlicesOfProxiesThatAreGoneAreFound(t *testing.T) {
	proxyPodObject := func(name string) *corev1.Pod {
		p := podObject(name, "", "proxy")
		p.Namespace = "serin"
		return p
	}
	unready := proxyPodObject("proxy-2")
	unready.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}}
	tests := map[string]struct {
		pods []*corev1.Pod
		want []string
	}{
		"one is gone, one is not ready, one is well": {
			pods: []*corev1.Pod{proxyPodObject("proxy-0"), unready, proxyPodObject("proxy-3")},
			want: []string{"proxy-1", "proxy-2"},
		},
		"where not even this proxy has a pod, pods say nothing": {pods: []*corev1.Pod{proxyPodObject("proxy-3")}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			all := []*discoveryv1.EndpointSlice{peerSlice("proxy-0"), peerSlice("proxy-1"), peerSlice("proxy-2"), peerSlice("proxy-3")}
			p, index, start := newPeers(me.pod), enforce.IndexPods(tc.pods, nil), time.Unix(0, 0)
			orphans, again := p.orphans(all, index, start)
			if len(orphans) > 0 || again != (tc.want != nil) {
				t.Errorf("at once: %d orphans, again %v", len(orphans), again)
			}
			orphans, _ = p.orphans(all, index, start.Add(defaultPatience))
			var got []string
			for _, o := range orphans {
				got = append(got, o.Endpoints[0].TargetRef.Name)
			}
			slices.Sort(got)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("orphans (-want +got):\n%s", diff)
			}
		})
	}
}
