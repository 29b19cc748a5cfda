package access

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	hub "github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/test/controlplane"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"
)

const shop = "shop"

// requests are what the controller asked the API server for, but for what it asks only when it begins.
type requests struct {
	mu  sync.Mutex
	all []string
}

func (r *requests) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(request *http.Request) (*http.Response, error) {
		if request.Method != http.MethodGet {
			r.mu.Lock()
			r.all = append(r.all, request.Method+" "+request.URL.Path[strings.LastIndex(request.URL.Path, "/")+1:])
			r.mu.Unlock()
		}
		return next.RoundTrip(request)
	})
}

// take returns what was asked for since it was last called.
func (r *requests) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() { r.all = nil }()
	return r.all
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// stage is a real API server, with a controller that has the rights of config/rbac and no others.
type stage struct {
	t     *testing.T
	admin client.Client
	book  *Book
	asked *requests
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) create(objects ...client.Object) {
	s.t.Helper()
	for _, object := range objects {
		s.must(s.admin.Create(s.t.Context(), object))
	}
}

func newStage(t *testing.T) *stage {
	t.Helper()
	plane, err := controlplane.Start(t.Context(), controlplane.Options{Own: true, Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plane.Stop() })
	s := &stage{t: t, asked: &requests{}}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, specs.AddToScheme,
	} {
		s.must(add(scheme))
	}
	scheme.AddKnownTypes(old, &hub.TrafficTarget{})
	metav1.AddToGroupVersion(scheme, old)
	s.admin, err = client.New(plane.Config, client.Options{Scheme: scheme})
	s.must(err)
	s.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: shop}})
	role := &rbacv1.ClusterRole{}
	s.read("../../config/rbac/role.yaml", role)
	s.create(role, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "controller"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "controller"}},
	})
	s.run(plane.Config)
	return s
}

func (s *stage) run(base *rest.Config) {
	s.t.Helper()
	config := rest.CopyConfig(base)
	config.Impersonate.UserName = "controller"
	config.Wrap(s.asked.wrap)
	mgr, err := ctrl.NewManager(config, ctrl.Options{Logger: logr.Discard(), Metrics: server.Options{BindAddress: "0"}})
	s.must(err)
	s.book, err = Setup(mgr, Options{AbsentRetry: 100 * time.Millisecond, Log: logr.Discard()})
	s.must(err)
	ended := make(chan error, 1)
	ctx := s.t.Context()
	go func() { ended <- mgr.Start(ctx) }()
	s.t.Cleanup(func() {
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
	})
}

func (s *stage) read(path string, into client.Object) {
	s.t.Helper()
	text, err := os.ReadFile(path)
	s.must(err)
	s.must(yaml.UnmarshalStrict(text, into))
}

func (s *stage) eventually(what string, is func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("never: %s", what)
		}
	}
}

// told are the Events about an object.
func (s *stage) told(object client.Object) []string {
	s.t.Helper()
	list := &eventsv1.EventList{}
	s.must(s.admin.List(s.t.Context(), list, client.InNamespace(shop)))
	var all []string
	for _, e := range list.Items {
		if e.Regarding.UID == object.GetUID() {
			all = append(all, fmt.Sprintf("%s %s: %s", e.Type, e.Reason, e.Note))
		}
	}
	slices.Sort(all)
	return all
}

// lacks says what web may ask of one ServiceAccount and not of the other, or why that is not known.
func (s *stage) lacks(from, to string) string {
	name := func(n string) types.NamespacedName { return types.NamespacedName{Namespace: shop, Name: n} }
	missing, err := s.book.Lacks(name(from), name(to), []types.NamespacedName{name("web")}, [][2]int32{{8080, 8080}})
	if err != nil {
		return err.Error()
	}
	return strings.Join(missing, "; ")
}

// old is the only version of TrafficTargets that this cluster serves; its CRD is someone else's and has no status subresource.
var old = metav1.SchemeGroupVersion

func init() { old.Group, old.Version = hub.GroupVersion.Group, "v1alpha2" }

func allow(name, account, route string) *hub.TrafficTarget {
	return &hub.TrafficTarget{
		TypeMeta:   metav1.TypeMeta{APIVersion: old.String(), Kind: "TrafficTarget"},
		ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: name},
		Spec: hub.TrafficTargetSpec{
			Destination: hub.Subject{Kind: "ServiceAccount", Name: account},
			Sources:     []hub.Subject{{Kind: "ServiceAccount", Name: "web"}},
			Rules:       []hub.Rule{{Kind: "TCPRoute", Name: route}},
		},
	}
}

// TestABookOnAnAPIServer tells one story from a cluster without any SMI kind to one with kinds of two makers.
func TestABookOnAnAPIServer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	s := newStage(t)
	s.eventually("a cluster without any kind allows nothing", func() bool { return s.lacks("a", "b") == "" })

	t.Log("TrafficTargets of another maker, and TCPRoutes of Serin")
	targets, routes := &apiextensionsv1.CustomResourceDefinition{}, &apiextensionsv1.CustomResourceDefinition{}
	s.read("../../config/crd/smi/access.smi-spec.io_traffictargets.yaml", targets)
	s.read("../../config/crd/smi/specs.smi-spec.io_tcproutes.yaml", routes)
	targets.Spec.Versions = slices.DeleteFunc(targets.Spec.Versions, func(v apiextensionsv1.CustomResourceDefinitionVersion) bool {
		return v.Name != old.Version
	})
	targets.Spec.Versions[0].Storage, targets.Spec.Versions[0].Subresources = true, nil
	s.create(targets, routes)
	http := &specs.TCPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: "http"}}
	bad, good := allow("bad", "b", "absent"), allow("good", "a", "http")
	for _, object := range []client.Object{http, bad, good} {
		s.eventually("its kind is served", func() bool { return s.admin.Create(t.Context(), object) == nil })
	}
	problem := "its rule names TCPRoute shop/absent, which does not exist"
	s.eventually("its problem is told", func() bool { return len(s.told(bad)) > 0 })
	if diff := cmp.Diff([]string{"Warning RouteNotFound: " + problem}, s.told(bad)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	version := bad.ResourceVersion
	s.must(s.admin.Get(t.Context(), client.ObjectKeyFromObject(bad), bad))
	if bad.ResourceVersion != version {
		t.Errorf("the object was written to: %+v", bad)
	}
	want := "no TrafficTarget in namespace shop allows shop/web to call shop/b on port 8080, as TrafficTarget shop/good allows it for shop/a"
	if got := s.lacks("a", "b"); got != want {
		t.Errorf("a bad object keeps a good one from being read: %q", got)
	}

	t.Log("whatever changes nothing asks for nothing")
	s.asked.take()
	good.Labels = map[string]string{"team": "a"}
	s.must(s.admin.Update(t.Context(), good))
	worse := allow("worse", "c", "absent")
	s.create(worse)
	s.eventually("the other problem is told", func() bool { return len(s.told(worse)) > 0 })
	if diff := cmp.Diff([]string{"POST events"}, s.asked.take()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	t.Log("the route is there")
	s.create(&specs.TCPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: "absent"}})
	s.eventually("the end of both is told", func() bool { return len(s.told(bad)) == 2 && len(s.told(worse)) == 2 })
	if diff := cmp.Diff("Normal Accepted: no problem is left; before: "+problem, s.told(bad)[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := s.lacks("a", "b"); got != "" {
		t.Errorf("it still lacks: %s", got)
	}
}
