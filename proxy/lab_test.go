package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/enforce"
)

const shop = "shop"

var web = types.NamespacedName{Namespace: shop, Name: "web"}

// lab is a plane with real listeners and real backends on loopback. The pods have addresses of their own, which Dial maps.
type lab struct {
	*plane
	t     testing.TB
	world world

	mu    sync.Mutex
	hosts map[string]string // address of a pod to where it really is
}

func newLab(t testing.TB, adjust ...func(*Options)) *lab {
	t.Helper()
	l := &lab{t: t, hosts: map[string]string{}}
	o := Options{
		AdvertiseIP: "127.0.0.1", PodName: "proxy-0", PodNamespace: "serin",
		WithdrawGrace: time.Millisecond, DrainTimeout: 5 * time.Second, Dial: l.dial, StrangerGrace: -1,
	}
	for _, f := range adjust {
		f(&o)
	}
	l.plane = newPlane(o.complete(), func() {})
	l.world = world{pods: enforce.IndexPods(nil, nil)}
	t.Cleanup(l.stop)
	return l
}

func (l *lab) dial(ctx context.Context, network, address string) (net.Conn, error) {
	l.mu.Lock()
	host := l.hosts[address]
	l.mu.Unlock()
	if host == "" {
		return nil, fmt.Errorf("no route to %s", address)
	}
	return (&net.Dialer{}).DialContext(ctx, network, host)
}

// at says where the pod address really is.
func (l *lab) at(address, host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hosts[address] = host
}

// backend starts a pod's server, which speaks HTTP/1.1 and HTTP/2, and returns it.
func (l *lab) backend(address string, handler http.Handler) *httptest.Server {
	l.t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	l.t.Cleanup(server.Close)
	l.at(address, server.Listener.Addr().String())
	return server
}

func anyPort(*route) int { return 0 }

// put puts the lab's world into force.
func (l *lab) put() {
	l.t.Helper()
	for key, err := range l.apply(buildTable(l.world, l.table.Load()), anyPort) {
		l.t.Fatalf("listening for %v: %v", key, err)
	}
	l.withdrawn(l.leavers())
}

// url is where a port of the apex web listens.
func (l *lab) url(port int32) string {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, up := range l.adverts()[web] {
		if up.number == port {
			return "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(up.listens))
		}
	}
	l.t.Fatalf("nothing listens for port %d of %s", port, web)
	return ""
}

// shared makes the usual world: the apex web with port 80, split among versions with one pod each.
func shared(weights map[string]int64, names ...string) world {
	w := world{services: []*corev1.Service{service("web", 80)}}
	s := trafficSplit("web", "web")
	var pods []*corev1.Pod
	for i, name := range names {
		s.Spec.Backends = append(s.Spec.Backends, split.Backend{Service: name, Weight: weights[name]})
		address := fmt.Sprintf("10.0.%d.1", i+1)
		w.services = append(w.services, service(name, 80))
		w.slices = append(w.slices, endpointSlice(name, 8080, ready(address, name+"-a")))
		pods = append(pods, podObject(name+"-a", address, name))
	}
	w.splits = []*split.TrafficSplit{s}
	w.pods = enforce.IndexPods(pods, nil)
	return w
}

func trafficSplit(name, apex string, backends ...split.Backend) *split.TrafficSplit {
	return &split.TrafficSplit{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: shop, Name: name, UID: types.UID("uid-" + name),
			Labels: map[string]string{v1alpha1.LabelDataPlane: v1alpha1.DataPlaneProxy, v1alpha1.LabelCanary: "web"},
		},
		Spec: split.TrafficSplitSpec{Service: apex, Backends: backends},
	}
}

func service(name string, ports ...int32) *corev1.Service {
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: name}}
	for _, port := range ports {
		s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Name: fmt.Sprintf("p%d", port), Port: port})
	}
	return s
}

// endpointSlice is a slice of the first port that service gives a name to, 80.
func endpointSlice(service string, podPort int32, endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: shop, Name: service + "-" + endpoints[0].TargetRef.Name,
			Labels: map[string]string{discoveryv1.LabelServiceName: service},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: ptr.To("p80"), Port: ptr.To(podPort)}},
		Endpoints:   endpoints,
	}
}

func ready(address, pod string) discoveryv1.Endpoint {
	return discoveryv1.Endpoint{Addresses: []string{address}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: pod}}
}

func podObject(name, address, workload string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: shop, Name: name, Labels: map[string]string{"pod-template-hash": "abc"},
			OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: workload + "-abc", Controller: ptr.To(true)}},
		},
		Spec:   corev1.PodSpec{ServiceAccountName: workload},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: address},
	}
}

// says is a handler that answers with a text.
func says200(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
}

// get fetches a URL and returns status and body.
func get(t testing.TB, client *http.Client, url string) (int, string) {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// clients are the protocols that callers speak. Make the client after the lab: it has to leave before the lab stops.
var clients = map[string]func(testing.TB) *http.Client{"HTTP/1.1": newClient, "HTTP/2": newHTTP2Client}

// newClient returns a client of its own connections.
func newClient(t testing.TB) *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 300}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// newHTTP2Client returns a client that speaks HTTP/2 without TLS.
func newHTTP2Client(t testing.TB) *http.Client {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// tally is what a counter family says, summed by some of its labels.
func (l *lab) tally(family string, labels ...string) map[string]float64 {
	l.t.Helper()
	families, err := l.ledger.registry.Gather()
	if err != nil {
		l.t.Fatal(err)
	}
	sums := map[string]float64{}
	for _, f := range families {
		if f.GetName() != family {
			continue
		}
		for _, m := range f.GetMetric() {
			value := m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			if value != 0 {
				sums[labelsOf(m, labels)] += value
			}
		}
	}
	return sums
}

func labelsOf(m *dto.Metric, names []string) string {
	text := ""
	for i, name := range names {
		for _, label := range m.GetLabel() {
			if label.GetName() == name {
				if i > 0 {
					text += " "
				}
				text += label.GetValue()
			}
		}
	}
	return text
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("not reached: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// crowd is a world of many splits, each with two versions of three pods, among many pods.
func crowd(splits, pods int) world {
	all := crowdPods(pods)
	w := world{pods: enforce.IndexPods(all, nil)}
	for i := range splits {
		apex := fmt.Sprintf("web-%d", i)
		s := trafficSplit(apex, apex)
		w.services = append(w.services, service(apex, 80))
		for v := range 2 {
			name := fmt.Sprintf("%s-v%d", apex, v+1)
			s.Spec.Backends = append(s.Spec.Backends, split.Backend{Service: name, Weight: int64(95 - 90*v)})
			w.services = append(w.services, service(name, 80))
			var endpoints []discoveryv1.Endpoint
			for n := range 3 {
				p := all[(6*i+3*v+n)%len(all)]
				endpoints = append(endpoints, ready(p.Status.PodIP, p.Name))
			}
			w.slices = append(w.slices, endpointSlice(name, 8080, endpoints...))
		}
		w.splits = append(w.splits, s)
	}
	return w
}

func crowdPods(n int) []*corev1.Pod {
	var pods []*corev1.Pod
	for i := range n {
		pods = append(pods, podObject(fmt.Sprintf("pod-%d", i), fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255), "web"))
	}
	return pods
}
