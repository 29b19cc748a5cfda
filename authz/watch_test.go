package authz

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/go-logr/logr/testr"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/test/controlplane"
)

const home = "serin-system"

// stage is a real API server, and what the test puts there.
type stage struct {
	t     *testing.T
	plane *controlplane.ControlPlane
	admin client.Client
}

// TestAgainstAnAPIServer tells one story from a cluster without any SMI kind to a cluster whose API server is gone. The authoriser has
// the rights of config/rbac and no others.
func TestAgainstAnAPIServer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	s := newStage(t)
	s.kubectl("create namespace " + home)
	s.kubectl("create namespace " + shop)
	s.kubectl("create serviceaccount serin-authz --namespace " + home)
	s.kubectl("apply -f ../config/authz/role.yaml")
	s.kubectl("create clusterrolebinding serin-authz --clusterrole serin-authz --serviceaccount " + home + ":serin-authz")
	l := s.start()
	answers := func(want string, edits ...func(*authv3.AttributeContext)) {
		t.Helper()
		got := ""
		eventually(t, "the answer "+want, func() bool { got = l.check(asked(edits...)); return got == want })
	}
	ready := func() bool { status, _ := l.admin("/readyz"); return status == http.StatusOK }
	eventually(t, "ready without any SMI kind", ready)
	answers("7 403 serin: the pod that is called is not known: 10.0.1.1 is not the address of exactly one running pod off the host's network")

	t.Log("pods come")
	s.pod("web-0", "web", webIP)
	s.pod("client-0", "client", clientIP)
	answers("7 403 serin: no TrafficTarget in namespace shop has shop/web as its destination")

	t.Log("policy comes, changes and goes")
	s.kubectl("apply -f ../config/crd/smi")
	world := snapshot()
	s.create(world.HTTPRouteGroups[0].DeepCopy())
	s.create(world.TrafficTargets[0].DeepCopy())
	answers("0 OK allow shop/web")
	answers("0 OK allow shop/web", from(clientIP))
	s.create(world.TrafficTargets[2].DeepCopy())
	eventually(t, "the object with problems is counted", func() bool {
		_, metrics := l.admin("/metrics")
		return strings.Contains(metrics, `serin_authz_objects_with_problems{kind="TrafficTarget"} 1`)
	})
	answers("0 OK allow shop/web")
	var stored access.TrafficTarget
	s.must(s.admin.Get(t.Context(), client.ObjectKey{Namespace: shop, Name: "web"}, &stored))
	stored.Spec.Sources[0].Name = "other"
	s.must(s.admin.Update(t.Context(), &stored))
	answers("7 403 serin: no TrafficTarget in namespace shop names shop/client as a source of shop/web")
	stored.Spec.Sources[0].Name = "client"
	s.must(s.admin.Update(t.Context(), &stored))
	answers("0 OK allow shop/web")

	t.Log("an address that two pods have is nobody's")
	s.pod("client-1", "client", clientIP)
	answers("7 403 serin: the caller is not authenticated: 10.0.2.1 is not the address of exactly one running pod off the host's network", from(clientIP))
	s.must(s.admin.Delete(t.Context(), podObject("client-1", "", ""), client.GracePeriodSeconds(0)))
	answers("0 OK allow shop/web", from(clientIP))

	t.Log("without the API server, what was known stays, and its age is told")
	s.must(s.plane.Stop())
	answers("0 OK allow shop/web", from(clientIP))
	eventually(t, "the age", func() bool {
		_, text := l.admin("/readyz")
		return strings.HasPrefix(text, "ok: 2 pods, 1 objects with problems, last heard from the API server ") && !strings.HasSuffix(text, " 0s ago\n")
	})
}

func newStage(t *testing.T) *stage {
	t.Helper()
	plane, err := controlplane.Start(t.Context(), controlplane.Options{Own: true, Progress: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plane.Stop() })
	kinds := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, access.AddToScheme, specs.AddToScheme} {
		if err := add(kinds); err != nil {
			t.Fatal(err)
		}
	}
	admin, err := client.New(plane.Config, client.Options{Scheme: kinds})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, plane: plane, admin: admin}
	s.create(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}}) // or Kubernetes deletes its pods, as those of a node that is gone
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

// start runs an authoriser with its own ServiceAccount.
func (s *stage) start() *lab {
	s.t.Helper()
	request := &authenticationv1.TokenRequest{}
	own := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: home, Name: "serin-authz"}}
	s.must(s.admin.SubResource("token").Create(s.t.Context(), own, request))
	config := rest.AnonymousClientConfig(s.plane.Config)
	config.BearerToken = request.Status.Token
	server, err := New(Options{
		RestConfig: config, Log: testr.New(s.t), GRPCAddress: "127.0.0.1:0", AdminAddress: "127.0.0.1:0",
		Evidence: []string{EvidencePrincipal, EvidenceAddress}, DrainGrace: time.Millisecond, DrainTimeout: time.Second,
	})
	s.must(err)
	server.watcher.cluster.AbsentRetry = 100 * time.Millisecond
	run(s.t, server)
	connection, err := grpc.NewClient(server.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	s.must(err)
	s.t.Cleanup(func() { connection.Close() })
	return &lab{t: s.t, server: server, envoy: authv3.NewAuthorizationClient(connection)}
}

// create creates an object, as soon as its kind is served.
func (s *stage) create(object client.Object) {
	s.t.Helper()
	var err error
	eventually(s.t, "creating "+object.GetName(), func() bool {
		err = s.admin.Create(s.t.Context(), object)
		return err == nil || apierrors.IsAlreadyExists(err) || apierrors.IsInvalid(err)
	})
	s.must(err)
}

// pod creates a running pod.
func (s *stage) pod(name, account, address string) {
	s.t.Helper()
	object := podObject(name, account, address)
	status := object.Status
	object.Spec.NodeName, object.Spec.Containers = "node-1", []corev1.Container{{Name: "main", Image: "none"}}
	s.account(account)
	s.create(object)
	object.Status = status
	object.Status.PodIPs = []corev1.PodIP{{IP: address}}
	s.must(s.admin.Status().Update(s.t.Context(), object))
}

// account makes a ServiceAccount, unless it is there.
func (s *stage) account(name string) {
	s.t.Helper()
	err := s.admin.Create(s.t.Context(), &corev1.ServiceAccount{ObjectMeta: in(name)})
	if !apierrors.IsAlreadyExists(err) {
		s.must(err)
	}
}
