package sim_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/test/controlplane"
	"github.com/serin-dev/serin/test/sim/app"
	"github.com/serin-dev/serin/test/sim/load"
	"github.com/serin-dev/serin/test/sim/network"
	"github.com/serin-dev/serin/test/sim/node"
	"github.com/serin-dev/serin/test/sim/services"
)

// patience bounds every wait.
const patience = 30 * time.Second

// TestASimulatedClusterLosesNoRequest has a real Deployment of simulated pods come up, scaled down and updated under load.
func TestASimulatedClusterLosesNoRequest(t *testing.T) {
	w := newWorld(t)
	foobar := deployment("foobar")
	w.until("pods may be made", func() bool {
		account := types.NamespacedName{Namespace: "default", Name: "default"}
		return w.client.Get(t.Context(), account, &corev1.ServiceAccount{}) == nil
	})
	w.create(foobar, service("foobar"), caller("web"))
	w.until("three ready endpoints", func() bool { return len(w.endpoints()) == 3 })
	w.until("the caller has an address", func() bool { return w.pod("web").Status.PodIP != "" })

	ip := netip.MustParseAddr(w.pod("web").Status.PodIP)
	traffic := load.New(load.Options{
		URL: "http://foobar.default:80/", PerSecond: 200,
		Dial: w.services.DialFrom(services.Caller{IP: ip, Namespace: "default"}),
	})
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { traffic.Run(ctx) })

	traffic.Mark("scale down")
	w.change(foobar, func() { foobar.Spec.Replicas = ptr.To(int32(1)) })
	w.until("one pod is left", func() bool { return w.pods() == 1 })

	traffic.Mark("update")
	w.change(foobar, func() { foobar.Spec.Template.Spec.Containers[0].Image = "demo/foobar:v2" })
	w.until("v2 answers", func() bool { return traffic.Snapshot().Total()["v2"].OK > 0 })
	w.until("one pod is left", func() bool { return w.pods() == 1 })

	stop()
	running.Wait()
	snapshot := traffic.Snapshot()
	sum := snapshot.Total().Sum()
	t.Logf("%d requests, p99 %s", sum.Sent(), sum.Latency.Quantile(0.99))
	if sum.OK != sum.Sent() || sum.OK < 100 {
		t.Errorf("%d of %d requests were answered: %+v", sum.OK, sum.Sent(), snapshot.Examples)
	}
}

// world is a control plane with one simulated node.
type world struct {
	t        *testing.T
	client   client.Client
	services *services.Services
}

func newWorld(t *testing.T) *world {
	t.Helper()
	plane, err := controlplane.Start(t.Context(), controlplane.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plane.Stop() })
	c, err := client.New(plane.Config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	apps := map[string]node.Program{
		"demo/foobar:v1": app.New(app.Behavior{Release: "v1"}),
		"demo/foobar:v2": app.New(app.Behavior{Release: "v2", StartDelay: 50 * time.Millisecond}),
		"demo/caller":    node.Idle{},
	}
	pods := network.New(netip.MustParsePrefix("10.244.0.0/16"))
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		n := node.New(node.Options{RestConfig: plane.Config, Network: pods, Images: func(i string) node.Program { return apps[i] }})
		if err := n.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	s, err := services.Watch(ctx, plane.Config, pods)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, client: c, services: s}
}

func (w *world) create(objects ...client.Object) {
	w.t.Helper()
	for _, object := range objects {
		object.SetNamespace("default")
		if err := w.client.Create(w.t.Context(), object); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) change(object *appsv1.Deployment, change func()) {
	w.t.Helper()
	before := object.DeepCopy()
	change()
	if err := w.client.Patch(w.t.Context(), object, client.MergeFrom(before)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	deadline := time.After(patience)
	for !holds() {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-deadline:
			w.t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

func (w *world) endpoints() []netip.AddrPort {
	all, _ := w.services.Endpoints(w.t.Context(), types.NamespacedName{Namespace: "default", Name: "foobar"}, 80)
	return all
}

func (w *world) pods() int {
	list := &corev1.PodList{}
	if err := w.client.List(w.t.Context(), list, client.InNamespace("default"), client.MatchingLabels{"app": "foobar"}); err != nil {
		w.t.Fatal(err)
	}
	return len(list.Items)
}

func (w *world) pod(name string) *corev1.Pod {
	pod := &corev1.Pod{}
	if err := w.client.Get(w.t.Context(), types.NamespacedName{Namespace: "default", Name: name}, pod); err != nil {
		w.t.Fatal(err)
	}
	return pod
}

func deployment(name string) *appsv1.Deployment {
	labels := map[string]string{"app": name}
	container := corev1.Container{
		Name: "app", Image: "demo/foobar:v1", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: ptr.To(int32(3)),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{SchedulerName: "serin-sim", Containers: []corev1.Container{container}},
			},
		},
	}
}

func service(name string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": name},
			Ports:    []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}},
		},
	}
}

func caller(name string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PodSpec{
			SchedulerName: "serin-sim",
			Containers:    []corev1.Container{{Name: "caller", Image: "demo/caller"}},
		},
	}
}
