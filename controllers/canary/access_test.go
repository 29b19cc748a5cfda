package canary

import (
	"net/http"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// versionWith is a Deployment whose pods run as a ServiceAccount and have a port named http.
func versionWith(account string, port int32) *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "foobar"}}
	d.Spec.Template.Spec.ServiceAccountName = account
	d.Spec.Template.Spec.Containers = []corev1.Container{{Ports: []corev1.ContainerPort{
		{Name: "dns", ContainerPort: 53, Protocol: corev1.ProtocolUDP}, {Name: "http", ContainerPort: port},
	}}}
	return d
}

func TestPortPairs(t *testing.T) {
	stable, candidate := versionWith("a", 8080), versionWith("b", 9090)
	cases := map[string]struct {
		ports []corev1.ServicePort
		want  [][2]int32
		why   string
	}{
		"a name leads to each one's own": {
			ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromString("http")}}, want: [][2]int32{{8080, 9090}},
		},
		"a number is the same for both":   {ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(7)}}, want: [][2]int32{{7, 7}}},
		"no target is the port itself":    {ports: []corev1.ServicePort{{Port: 80}}, want: [][2]int32{{80, 80}}},
		"what is not TCP is nobody's":     {ports: []corev1.ServicePort{{Port: 80}, {Port: 53, Protocol: corev1.ProtocolUDP}}, want: [][2]int32{{80, 80}}},
		"a name that nobody has":          {ports: []corev1.ServicePort{{Port: 80}, {Port: 9, TargetPort: intstr.FromString("x")}}, want: [][2]int32{{80, 80}}},
		"a name that is a port of UDP":    {ports: []corev1.ServicePort{{Port: 9, TargetPort: intstr.FromString("dns")}}, why: "no port of the apex leads to a port of both versions"},
		"no ports at all are not nothing": {why: "no port of the apex leads to a port of both versions"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := portPairs(tc.ports, stable, candidate)
			why := ""
			if err != nil {
				why = err.Error()
			}
			if diff := cmp.Diff(tc.want, got); diff != "" || why != tc.why {
				t.Errorf("error %q, want %q; (-want +got):\n%s", why, tc.why, diff)
			}
		})
	}
}

func TestCallersIn(t *testing.T) {
	edge := func(direction, name string, values map[string]string) metrics.TrafficMetrics {
		m := item(values)
		m.Edge = metrics.Edge{Direction: direction, Resource: metrics.ObjectReference{Kind: "Deployment", Namespace: "shop", Name: name}}
		return *m
	}
	busy, idle := map[string]string{"success_count": "0", "failure_count": "1"}, map[string]string{"success_count": "0", "failure_count": "0"}
	list := &metrics.TrafficMetricsList{Items: []metrics.TrafficMetrics{
		edge("from", "web", busy), edge("from", "idle", idle), edge("to", "database", busy), edge("from", "", busy), edge("from", "uncounted", nil),
	}}
	want := []types.NamespacedName{{Namespace: "shop", Name: "web"}, {Namespace: "shop", Name: "uncounted"}}
	if diff := cmp.Diff(want, callersIn(list)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEdgesOfADeployment(t *testing.T) {
	cases := map[string]struct {
		answer http.HandlerFunc
		why    string
	}{
		"an answer":           {answer: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) }},
		"it is not known":     {answer: status(404, "NotFound", "no such Deployment"), why: `TrafficMetrics know no edges of Deployment "foobar-v1"`},
		"nobody can tell":     {answer: status(503, "ServiceUnavailable", "no proxy answers"), why: "TrafficMetrics are unavailable: no proxy answers"},
		"a role is too small": {answer: status(403, "Forbidden", "no"), why: "TrafficMetrics cannot be read: no"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var path string
			m := reader(t, func(w http.ResponseWriter, r *http.Request) {
				path = r.URL.String()
				tc.answer(w, r)
			})
			_, err := m.list(t.Context(), question{namespace: "shop", edgesOf: "foobar-v1", window: time.Minute})
			why := ""
			if err != nil {
				why = err.Error()
			}
			if want := "/apis/metrics.smi-spec.io/v1alpha1/namespaces/shop/deployments/foobar-v1/edges?window=1m0s"; why != tc.why || path != want {
				t.Errorf("%s: error %q, want %q", path, why, tc.why)
			}
		})
	}
}

// What need not be asked is not: the Reconciler of these cases can ask nobody.
func TestObserveAccess(t *testing.T) {
	old, other := versionWith("a", 8080), versionWith("b", 8080)
	cases := map[string]struct {
		mode              v1alpha1.AccessMode
		stable, candidate *appsv1.Deployment
		target            *appsv1.Deployment
		want              analysis.Access
	}{
		"off":                                {mode: v1alpha1.AccessOff, stable: old, candidate: other},
		"one ServiceAccount for both":        {mode: v1alpha1.AccessEnforce, stable: old, candidate: old, want: analysis.Access{Version: "v2"}},
		"nobody calls what is gone":          {mode: v1alpha1.AccessEnforce, candidate: other, want: analysis.Access{Version: "v2"}},
		"the target tells of what is to be":  {mode: v1alpha1.AccessEnforce, stable: old, target: old, want: analysis.Access{Version: "v2"}},
		"no name is the default's":           {mode: v1alpha1.AccessAudit, stable: versionWith("", 1), candidate: versionWith("default", 1), want: analysis.Access{Version: "v2"}},
		"two ServiceAccounts, nobody to ask": {mode: v1alpha1.AccessEnforce, stable: old, candidate: other, want: analysis.Access{Version: "v2", Problem: "this controller was started with --access=false, so it reads no TrafficTargets"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			canary, w := underTest(), &world{deployments: map[string]*appsv1.Deployment{}, target: tc.target}
			canary.Spec.Access.Mode = tc.mode
			for version, d := range map[string]*appsv1.Deployment{"v1": tc.stable, "v2": tc.candidate} {
				if d != nil {
					w.deployments[version] = d
				}
			}
			(&Reconciler{}).observeAccess(t.Context(), canary, w)
			if diff := cmp.Diff(tc.want, w.seen.Access); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
