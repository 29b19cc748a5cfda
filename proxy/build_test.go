package proxy

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// sketch writes a table down: a line per port, with the versions that share it.
func sketch(t *table) []string {
	var lines []string
	for key, r := range t.routes {
		line := fmt.Sprintf("%s:%d by %s %s", key.apex.Name, key.port, r.apex.split.Name, r.apex.mode)
		for _, v := range r.versions.versions {
			line += fmt.Sprintf(" | %s=%d", v.backend, v.weight)
			if v.terminating {
				line += " terminating"
			}
			for _, e := range v.endpoints {
				line += " " + e.host + "(" + e.pod.Workload + "/" + e.pod.Name + ")"
			}
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func complaints(t *table) []string {
	var all []string
	for _, p := range t.problems {
		all = append(all, p.split.Name+" "+p.reason+": "+p.message)
	}
	return all
}

func TestBuildTable(t *testing.T) {
	tests := map[string]struct {
		change       func(w *world)
		want         []string
		wantProblems []string
	}{
		"two versions share the apex": {
			change: func(*world) {},
			want:   []string{"web:80 by web Off | v1=90 10.0.1.1:8080(v1/v1-a) | v2=10 10.0.2.1:8080(v2/v2-a)"},
		},
		"a backend of weight 0 has no part": {
			change: func(w *world) { w.splits[0].Spec.Backends[1].Weight = 0 },
			want:   []string{"web:80 by web Off | v1=90 10.0.1.1:8080(v1/v1-a)"},
		},
		"a backend without the port is left out for that port alone": {
			change: func(w *world) {
				w.services[0] = service("web", 80, 81)
				w.services[1] = service("v1", 80, 81)
				w.slices[0].Ports = append(w.slices[0].Ports, discoveryv1.EndpointPort{Name: ptr.To("p81"), Port: ptr.To[int32](9090)})
			},
			want: []string{
				"web:80 by web Off | v1=90 10.0.1.1:8080(v1/v1-a) | v2=10 10.0.2.1:8080(v2/v2-a)",
				"web:81 by web Off | v1=90 10.0.1.1:9090(v1/v1-a)",
			},
			wantProblems: []string{"web PortMismatch: backend Service v2 has no port 81, so it gets none of the requests to that port of web"},
		},
		"ports meet by number, whatever their names, and target ports come from the endpoints": {
			change: func(w *world) {
				w.services[2].Spec.Ports = []corev1.ServicePort{{Name: "http", Port: 80}}
				w.slices[1].Ports = []discoveryv1.EndpointPort{
					{Name: ptr.To("other"), Port: ptr.To[int32](1)}, {Name: ptr.To("http"), Port: ptr.To[int32](7777)},
				}
			},
			want: []string{"web:80 by web Off | v1=90 10.0.1.1:8080(v1/v1-a) | v2=10 10.0.2.1:7777(v2/v2-a)"},
		},
		"a port without a name": {
			change: func(w *world) {
				w.services[1].Spec.Ports = []corev1.ServicePort{{Port: 80}}
				w.slices[0].Ports = []discoveryv1.EndpointPort{{Name: ptr.To(""), Port: ptr.To[int32](8080)}}
			},
			want: []string{"web:80 by web Off | v1=90 10.0.1.1:8080(v1/v1-a) | v2=10 10.0.2.1:8080(v2/v2-a)"},
		},
		"ports that are not TCP are not served": {
			change: func(w *world) {
				w.services[0].Spec.Ports = append(w.services[0].Spec.Ports, corev1.ServicePort{Name: "dns", Port: 53, Protocol: corev1.ProtocolUDP})
			},
			want: []string{"web:80 by web Off | v1=90 10.0.1.1:8080(v1/v1-a) | v2=10 10.0.2.1:8080(v2/v2-a)"},
		},
		"a backend that is missing leaves its weight to the others": {
			change:       func(w *world) { w.services = w.services[:2] },
			want:         []string{"web:80 by web Off | v1=90 10.0.1.1:8080(v1/v1-a)"},
			wantProblems: []string{"web BackendMissing: backend Service v2 does not exist, so the others get its weight of 10"},
		},
		"an apex that is missing is not served yet": {
			change: func(w *world) { w.services = w.services[1:] },
		},
		"a headless apex cannot be served": {
			change: func(w *world) { w.services[0].Spec.ClusterIP = corev1.ClusterIPNone },
			wantProblems: []string{"web ApexWithoutClusterIP: Service web has no cluster IP, so the bundled proxy cannot stand behind it; " +
				"give it one, or use another data plane"},
		},
		"only ready endpoints count": {
			change: func(w *world) {
				gone := ready("10.0.1.2", "v1-b")
				gone.Conditions = discoveryv1.EndpointConditions{Ready: ptr.To(false), Serving: ptr.To(true), Terminating: ptr.To(true)}
				w.slices[0].Endpoints = append(w.slices[0].Endpoints, gone)
			},
			want: []string{"web:80 by web Off | v1=90 10.0.1.1:8080(v1/v1-a) | v2=10 10.0.2.1:8080(v2/v2-a)"},
		},
		"endpoints that terminate but serve stand in when none is ready": {
			change: func(w *world) {
				w.slices[0].Endpoints[0].Conditions = discoveryv1.EndpointConditions{
					Ready: ptr.To(false), Serving: ptr.To(true), Terminating: ptr.To(true),
				}
				w.slices[1].Endpoints[0].Conditions = discoveryv1.EndpointConditions{Ready: ptr.To(false), Serving: ptr.To(false)}
			},
			want: []string{"web:80 by web Off | v1=90 terminating 10.0.1.1:8080(v1/v1-a) | v2=10"},
		},
		"an endpoint in two slices counts once": {
			change: func(w *world) { w.slices = append(w.slices, w.slices[0]) },
			want:   []string{"web:80 by web Off | v1=90 10.0.1.1:8080(v1/v1-a) | v2=10 10.0.2.1:8080(v2/v2-a)"},
		},
		"the Service's first address family counts": {
			change: func(w *world) {
				six := endpointSlice("v1", 8080, ready("fd00::1", "v1-a"))
				six.AddressType = discoveryv1.AddressTypeIPv6
				w.slices = append(w.slices, six)
				w.services[1].Spec.IPFamilies = []corev1.IPFamily{corev1.IPv6Protocol, corev1.IPv4Protocol}
			},
			want: []string{"web:80 by web Off | v1=90 [fd00::1]:8080(v1/v1-a) | v2=10 10.0.2.1:8080(v2/v2-a)"},
		},
		"what proxies publish is not an endpoint": {
			change: func(w *world) {
				ours := endpointSlice("v1", 8080, ready("10.0.9.9", "proxy"))
				ours.Labels[discoveryv1.LabelManagedBy] = v1alpha1.EndpointSliceManager
				w.slices = append(w.slices, ours)
			},
			want: []string{"web:80 by web Off | v1=90 10.0.1.1:8080(v1/v1-a) | v2=10 10.0.2.1:8080(v2/v2-a)"},
		},
		"the older of two splits wins": {
			change: func(w *world) {
				other := trafficSplit("another", "web", split.Backend{Service: "v2", Weight: 1})
				other.CreationTimestamp = metav1.NewTime(time.Unix(200, 0))
				w.splits[0].CreationTimestamp = metav1.NewTime(time.Unix(100, 0))
				w.splits = append(w.splits, other)
			},
			want:         []string{"web:80 by web Off | v1=90 10.0.1.1:8080(v1/v1-a) | v2=10 10.0.2.1:8080(v2/v2-a)"},
			wantProblems: []string{"another ApexTaken: Service web is shared by the older split web, so this one is ignored"},
		},
		"of equally old splits the first by name wins": {
			change: func(w *world) {
				w.splits = append(w.splits, trafficSplit("another", "web", split.Backend{Service: "v2", Weight: 1}))
			},
			want:         []string{"web:80 by another Off | v2=1 10.0.2.1:8080(v2/v2-a)"},
			wantProblems: []string{"web ApexTaken: Service web is shared by the older split another, so this one is ignored"},
		},
		"a split that never was valid is not served": {
			change: func(w *world) {
				w.splits[0].Spec.Backends[0].Weight, w.splits[0].Spec.Backends[1].Weight = 0, 0
			},
			wantProblems: []string{"web InvalidSplit: the split is not served: it gives no backend a weight above 0"},
		},
		"a split that was not understood is not served": {
			change:       func(w *world) { w.splits[0].Spec.Problems = []string{"weight is a fruit", "and more"} },
			wantProblems: []string{"web InvalidSplit: the split is not served: weight is a fruit; and more"},
		},
		"a split that leads to itself is not served": {
			change: func(w *world) { w.splits[0].Spec.Backends[1].Service = "web" },
			wantProblems: []string{
				"web InvalidSplit: the split is not served: it names web both as the service and as a backend",
			},
		},
		"splits are not nested": {
			change: func(w *world) {
				w.splits = append(w.splits, trafficSplit("z", "v2", split.Backend{Service: "v1", Weight: 1}))
			},
			want:         []string{"v2:80 by z Off | v1=1 10.0.1.1:8080(v1/v1-a)"},
			wantProblems: []string{"web InvalidSplit: the split is not served: its backend v2 is the service of another split"},
		},
		"a split that is limited by matches is not served": {
			change: func(w *world) {
				w.splits[0].Spec.Matches = []split.RouteReference{{Kind: "HTTPRouteGroup", Name: "beta"}}
			},
			wantProblems: []string{"web InvalidSplit: the split is not served: it is limited by matches, which the bundled proxy does not carry out"},
		},
		"the access mode comes with the split": {
			change: func(w *world) {
				w.splits[0].Annotations = map[string]string{v1alpha1.AnnotationAccessMode: "Audit"}
			},
			want: []string{"web:80 by web Audit | v1=90 10.0.1.1:8080(v1/v1-a) | v2=10 10.0.2.1:8080(v2/v2-a)"},
		},
		"an access mode that is none denies": {
			change: func(w *world) {
				w.splits[0].Annotations = map[string]string{v1alpha1.AnnotationAccessMode: "enforced"}
			},
			want: []string{"web:80 by web Enforce | v1=90 10.0.1.1:8080(v1/v1-a) | v2=10 10.0.2.1:8080(v2/v2-a)"},
			wantProblems: []string{
				`web InvalidAccessMode: annotation serin.dev/access-mode is "enforced", which is not a mode; it is read as Enforce`,
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			w := shared(map[string]int64{"v1": 90, "v2": 10}, "v1", "v2")
			tc.change(&w)
			got := buildTable(w, nil)
			if diff := cmp.Diff(tc.want, sketch(got)); diff != "" {
				t.Errorf("table (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.wantProblems, complaints(got)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestASplitThatBecomesInvalidKeepsItsWeightsButNotItsEndpoints(t *testing.T) {
	w := shared(map[string]int64{"v1": 90, "v2": 10}, "v1", "v2")
	first := buildTable(w, nil)
	invalid := w.splits[0].DeepCopy()
	invalid.Spec.Backends[0].Weight, invalid.Spec.Backends[1].Weight = 0, 0
	w.splits = []*split.TrafficSplit{invalid}
	w.slices[0] = endpointSlice("v1", 8080, ready("10.0.1.7", "v1-new"))
	second := buildTable(w, first)
	third := buildTable(w, second)
	for _, got := range []*table{second, third} {
		want := []string{"web:80 by web Off | v1=90 10.0.1.7:8080(/v1-new) | v2=10 10.0.2.1:8080(v2/v2-a)"}
		if diff := cmp.Diff(want, sketch(got)); diff != "" {
			t.Errorf("table (-want +got):\n%s", diff)
		}
		wantProblems := []string{"web InvalidSplit: the weights it last had stay in force: it gives no backend a weight above 0"}
		if diff := cmp.Diff(wantProblems, complaints(got)); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
	}
	recreated := invalid.DeepCopy()
	recreated.UID = "another"
	w.splits = []*split.TrafficSplit{recreated}
	if got := sketch(buildTable(w, third)); len(got) > 0 {
		t.Errorf("another split of the same name got the weights of the first: %v", got)
	}
}

func TestEndpointsKeepTheirStateWhileTheyStay(t *testing.T) {
	w := shared(map[string]int64{"v1": 90, "v2": 10}, "v1", "v2")
	first := buildTable(w, nil)
	w.splits[0] = w.splits[0].DeepCopy()
	w.splits[0].Spec.Backends[1].Weight = 50
	second := buildTable(w, first)
	if len(second.states) != 2 {
		t.Fatalf("%d states", len(second.states))
	}
	for key, state := range second.states {
		if first.states[key] != state {
			t.Errorf("%v has another state", key)
		}
	}
	named := types.NamespacedName{Namespace: shop, Name: "v2"}
	if !second.named[named] || !second.named[web] || second.named[types.NamespacedName{Namespace: shop, Name: "other"}] {
		t.Errorf("named: %v", second.named)
	}
}
