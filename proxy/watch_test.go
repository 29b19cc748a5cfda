package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/testr"
	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/controlplane"
)

// home is the namespace of the proxy, as config/rbac has it.
const home = "serin-system"

// stage is a real API server, and what the test puts there.
type stage struct {
	t     *testing.T
	plane *controlplane.ControlPlane
	admin client.Client
	hosts *lab // for its dialler alone
}

// TestAgainstAnAPIServer tells one story from a cluster without any SMI kind to a cluster whose API server is gone. The proxy has
// the rights of config/rbac and no others.
func TestAgainstAnAPIServer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	s := newStage(t)
	s.kubectl("create namespace " + home)
	s.kubectl("create namespace " + shop)
	s.kubectl("apply -f ../config/rbac/proxy_role.yaml -f ../config/rbac/proxy.yaml")
	p, run := s.start()
	eventually(t, "ready without any SMI kind", func() bool { return s.readiness(p) == http.StatusOK })

	s.kubectl("apply -f ../config/crd/smi")
	s.furnish()
	s.create(s.split("web", 100, 0))
	published := s.published(p)
	if diff := cmp.Diff([]discoveryv1.Endpoint{{
		Addresses:  []string{"10.2.0.1"},
		Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true), Serving: ptr.To(true), Terminating: ptr.To(false)},
		NodeName:   ptr.To("node-1"),
		TargetRef:  &corev1.ObjectReference{Kind: "Pod", Namespace: home, Name: "proxy-0"},
	}}, published.Endpoints); diff != "" {
		t.Errorf("endpoints (-want +got):\n%s", diff)
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", *published.Ports[0].Port)
	answers := func(want string) {
		t.Helper()
		eventually(t, "the answer "+want, func() bool {
			status, body := get(t, newClient(t), url)
			return strings.HasPrefix(fmt.Sprint(status, body), want)
		})
	}
	answers("200v1")

	t.Log("the weights move")
	s.change(s.split("web", 0, 100))
	answers("200v2")

	t.Log("policy is enforced, by objects that come and go")
	enforcing := s.split("web", 0, 100)
	enforcing.Annotations = map[string]string{v1alpha1.AnnotationAccessMode: "Enforce"}
	s.change(enforcing)
	answers("403serin: the caller is not authenticated")
	s.pod(shop, "client-a", "client", "127.0.0.1")
	answers("403serin: no TrafficTarget in namespace shop has shop/v2 as its destination")
	s.create(&specs.HTTPRouteGroup{ObjectMeta: in("web"), Spec: specs.HTTPRouteGroupSpec{Matches: []specs.HTTPMatch{{Name: "all", PathRegex: "/", Methods: []string{"GET"}}}}})
	s.create(&access.TrafficTarget{ObjectMeta: in("web"), Spec: access.TrafficTargetSpec{
		Destination: access.Subject{Kind: "ServiceAccount", Name: "v2", Namespace: shop},
		Sources:     []access.Subject{{Kind: "ServiceAccount", Name: "client", Namespace: shop}},
		Rules:       []access.Rule{{Kind: "HTTPRouteGroup", Name: "web"}},
	}})
	answers("200v2")

	t.Log("an IdentityBinding takes the caller's place, by its ServiceAccount and then by labels that its pod does not have")
	s.bind(access.IdentitySchemes{ServiceAccount: "client"})
	var target access.TrafficTarget
	s.must(s.admin.Get(t.Context(), client.ObjectKey{Namespace: shop, Name: "web"}, &target))
	target.Spec.Sources = []access.Subject{{Kind: "IdentityBinding", Name: "callers", Namespace: shop}}
	s.must(s.admin.Update(t.Context(), &target))
	answers("200v2")
	s.bind(access.IdentitySchemes{PodLabelSelectors: []access.PodLabelSelector{{MatchLabels: map[string]string{"app": "client"}}}})
	answers("403serin: no TrafficTarget in namespace shop names shop/client as a source of shop/v2")
	var caller corev1.Pod
	s.must(s.admin.Get(t.Context(), client.ObjectKey{Namespace: shop, Name: "client-a"}, &caller))
	caller.Labels = map[string]string{"app": "client"}
	s.must(s.admin.Update(t.Context(), &caller))
	answers("200v2")

	t.Log("a second split for the apex is ignored, and told so")
	s.create(s.split("web-too", 100, 0))
	s.event("web-too", reasonApexTaken)
	answers("200v2")

	t.Log("the slice of a proxy that is gone is deleted, and so is one that somebody spoiled")
	s.create(s.orphan())
	s.gone(s.orphan())
	spoiled := s.published(p)
	spoiled.Ports[0].Port = ptr.To[int32](1)
	s.must(s.admin.Update(t.Context(), spoiled))
	eventually(t, "the slice is put right", func() bool { return *s.published(p).Ports[0].Port != 1 })

	t.Log("without the split there is no slice")
	s.must(s.admin.Delete(t.Context(), s.split("web-too", 0, 0)))
	s.must(s.admin.Delete(t.Context(), s.split("web", 0, 0)))
	s.gone(spoiled)
	s.create(enforcing)
	url = fmt.Sprintf("http://127.0.0.1:%d", *s.published(p).Ports[0].Port)
	answers("200v2")
	p2, run2 := s.startAs("proxy-1", "10.2.0.2")
	other := s.published(p2)
	run2.stop()
	if err := <-run2.ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	s.gone(other)

	t.Log("without the API server, the last table stays")
	s.must(s.plane.Stop())
	answers("200v2")
	if status := s.readiness(p); status != http.StatusOK {
		t.Errorf("/readyz says %d", status)
	}
	run.stop()
	if err := <-run.ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func newStage(t *testing.T) *stage {
	t.Helper()
	plane, err := controlplane.Start(t.Context(), controlplane.Options{Own: true, Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plane.Stop() })
	kinds := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, split.AddToScheme, access.AddToScheme, specs.AddToScheme} {
		if err := add(kinds); err != nil {
			t.Fatal(err)
		}
	}
	admin, err := client.New(plane.Config, client.Options{Scheme: kinds})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, plane: plane, admin: admin, hosts: newLab(t)}
	s.create(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}}) // or Kubernetes deletes its pods after 40 seconds, as those of a node that is gone
	return s
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) kubectl(arguments string) {
	s.t.Helper()
	command := exec.CommandContext(s.t.Context(), filepath.Join(s.plane.AssetsDir, "kubectl"), strings.Fields(arguments)...)
	command.Env = append(command.Environ(), "KUBECONFIG="+s.plane.Kubeconfig, "KUBECACHEDIR="+s.t.TempDir())
	if out, err := command.CombinedOutput(); err != nil {
		s.t.Fatalf("kubectl %s: %v: %s", arguments, err, out)
	}
}

// running is a proxy's Run.
type running struct {
	stop  context.CancelFunc
	ended chan error
}

func (s *stage) start() (*Proxy, running) {
	s.t.Helper()
	return s.startAs("proxy-0", "10.2.0.1")
}

// startAs runs a proxy in a pod of that name and address; its listeners are on loopback.
func (s *stage) startAs(name, address string) (*Proxy, running) {
	s.t.Helper()
	s.pod(home, name, "serin-proxy", address)
	p, err := New(Options{
		RestConfig: s.asProxy(), Log: testr.New(s.t), PodName: name, PodNamespace: home, AdvertiseIP: address,
		AdminAddress: "127.0.0.1:0", WithdrawGrace: 50 * time.Millisecond, DrainTimeout: time.Second, Dial: s.hosts.dial,
		Listen: func(ctx context.Context, _ string, port int) (net.Listener, error) {
			return listenTCP(ctx, "127.0.0.1", port)
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	p.cluster.AbsentRetry, p.peers.patience = 100*time.Millisecond, 100*time.Millisecond
	ctx, stop := context.WithCancel(s.t.Context())
	r := running{stop: stop, ended: make(chan error, 1)}
	go func() {
		r.ended <- p.Run(ctx)
		close(r.ended)
	}()
	s.t.Cleanup(func() {
		stop()
		for range r.ended {
		}
	})
	return p, r
}

// asProxy is how a pod with the proxy's ServiceAccount reaches the API server.
func (s *stage) asProxy() *rest.Config {
	s.t.Helper()
	request := &authenticationv1.TokenRequest{}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: home, Name: "serin-proxy"}}
	s.must(s.admin.SubResource("token").Create(s.t.Context(), account, request))
	config := rest.AnonymousClientConfig(s.plane.Config)
	config.BearerToken = request.Status.Token
	return config
}

func (s *stage) readiness(p *Proxy) int {
	response, err := http.Get("http://" + p.AdminAddr().String() + "/readyz")
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// furnish puts the apex, two backends and their pods there.
func (s *stage) furnish() {
	s.t.Helper()
	for i, name := range []string{"web", "v1", "v2"} {
		s.create(service(name, 80))
		if name == "web" {
			continue
		}
		address := fmt.Sprintf("10.0.%d.1", i)
		slice := endpointSlice(name, 8080, ready(address, name+"-a"))
		slice.Ports[0].Protocol = ptr.To(corev1.ProtocolTCP)
		s.create(slice)
		s.pod(shop, name+"-a", name, address)
		s.hosts.backend(address+":8080", says200(name))
	}
}

func (s *stage) split(name string, v1, v2 int64) *split.TrafficSplit {
	made := trafficSplit(name, "web", split.Backend{Service: "v1", Weight: v1}, split.Backend{Service: "v2", Weight: v2})
	made.UID = ""
	return made
}

// create creates an object, as soon as its kind is served.
func (s *stage) create(object client.Object) {
	s.t.Helper()
	object.SetResourceVersion("")
	object.SetUID("")
	var err error
	eventually(s.t, fmt.Sprintf("creating %T %s", object, object.GetName()), func() bool {
		err = s.admin.Create(s.t.Context(), object)
		return err == nil || apierrors.IsAlreadyExists(err) || apierrors.IsInvalid(err) || apierrors.IsForbidden(err)
	})
	s.must(err)
}

// change makes a stored split say the same.
func (s *stage) change(to *split.TrafficSplit) {
	s.t.Helper()
	var stored split.TrafficSplit
	s.must(s.admin.Get(s.t.Context(), client.ObjectKeyFromObject(to), &stored))
	stored.Spec, stored.Annotations = to.Spec, to.Annotations
	s.must(s.admin.Update(s.t.Context(), &stored))
}

// bind makes an IdentityBinding say something else.
func (s *stage) bind(schemes access.IdentitySchemes) {
	s.t.Helper()
	binding := &access.IdentityBinding{ObjectMeta: in("callers")}
	if err := s.admin.Get(s.t.Context(), client.ObjectKeyFromObject(binding), binding); apierrors.IsNotFound(err) {
		binding.Spec.Schemes = schemes
		s.create(binding)
		return
	}
	binding.Spec.Schemes = schemes
	s.must(s.admin.Update(s.t.Context(), binding))
}

// pod creates a pod that runs at an address.
func (s *stage) pod(namespace, name, account, address string) {
	s.t.Helper()
	made := podObject(name, address, account)
	made.Namespace, made.OwnerReferences, made.Labels = namespace, nil, nil
	made.Spec.NodeName = "node-1"
	made.Spec.Containers = []corev1.Container{{Name: "main", Image: "none"}}
	made.Spec.TerminationGracePeriodSeconds = ptr.To[int64](0)
	status := made.Status
	if namespace != home {
		s.create(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: account}})
	}
	s.create(made)
	made.Status = status
	made.Status.PodIPs = []corev1.PodIP{{IP: address}}
	s.must(s.admin.Status().Update(s.t.Context(), made))
}

// published waits for the slice of a proxy.
func (s *stage) published(p *Proxy) *discoveryv1.EndpointSlice {
	s.t.Helper()
	var slice discoveryv1.EndpointSlice
	name := client.ObjectKey{Namespace: shop, Name: "web" + p.me.suffix()}
	eventually(s.t, "the slice "+name.Name, func() bool { return s.admin.Get(s.t.Context(), name, &slice) == nil })
	return &slice
}

// orphan is the slice of a proxy that never was.
func (s *stage) orphan() *discoveryv1.EndpointSlice {
	slice := peerSlice("proxy-9")
	slice.OwnerReferences = nil
	return slice
}

func (s *stage) gone(object client.Object) {
	s.t.Helper()
	eventually(s.t, object.GetName()+" is gone", func() bool {
		return apierrors.IsNotFound(s.admin.Get(s.t.Context(), client.ObjectKeyFromObject(object), &discoveryv1.EndpointSlice{}))
	})
}

// event waits for an Event about a split.
func (s *stage) event(name, reason string) {
	s.t.Helper()
	eventually(s.t, reason+" about "+name, func() bool {
		var events corev1.EventList
		s.must(s.admin.List(s.t.Context(), &events, client.InNamespace(shop)))
		for _, e := range events.Items {
			if e.InvolvedObject.Name == name && e.Reason == reason {
				return true
			}
		}
		return false
	})
}

func in(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: shop, Name: name}
}

// TestTheTableIsShown is about /debug/table.
func TestTheTableIsShown(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 90, "v2": 10}, "v1", "v2")
	l.put()
	view := viewOf(l.plane, time.Now())
	text, err := json.Marshal(view)
	if err != nil {
		t.Fatal(err)
	}
	listens := l.adverts()[web][0].listens
	want := fmt.Sprintf(`{"ageSeconds":0,"pods":2,"apexes":[{"apex":"shop/web","split":"web","accessMode":"Off",`+
		`"weights":[{"backend":"v1","weight":90},{"backend":"v2","weight":10}],"ports":[{"port":80,"listens":%d,"protocol":"HTTP/1.1","versions":[`+
		`{"backend":"v1","weight":90,"endpoints":[{"address":"10.0.1.1:8080","pod":"v1-a","workload":"v1","inFlight":0}]},`+
		`{"backend":"v2","weight":10,"endpoints":[{"address":"10.0.2.1:8080","pod":"v2-a","workload":"v2","inFlight":0}]}]}]}],"problems":[]}`, listens)
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}
