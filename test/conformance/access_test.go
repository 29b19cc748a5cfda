package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/authz"
	"github.com/serin-dev/serin/policy"
	"github.com/serin-dev/serin/test/gen"
	"github.com/serin-dev/serin/test/sim/services"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	sigsyaml "sigs.k8s.io/yaml"
)

// The namespaces of the cases about access.
const (
	accessNamespace = "access"
	otherNamespace  = "access-outside"
	servingPort     = 8080
)

// way is one of the ways in which the table is played.
type way struct {
	name string
	ask  func(context.Context, accessRow) (allowed bool, why string, err error)
}

// TestAccess plays the published cases about access with one table in three ways: the policy engine alone, the bundled proxy with
// real HTTP between pods, and the external authoriser with a real gRPC client. The last two read the objects from a real API
// server, and have ten seconds to follow a change.
func TestAccess(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	c := startCluster(t)
	s := inProxies(t, c, nil)
	p := s.world.(*proxies)
	must(t, c.namespace(t.Context(), otherNamespace))
	must(t, p.open(t.Context(), accessNamespace))
	for _, name := range []string{"prom", "web"} {
		must(t, c.apply(t.Context(), "testdata/workload.yaml", accessNamespace, "NAME", name, "NODE", near, "REPLICAS", "1"))
		must(t, until(t.Context(), name, func() error { _, err := p.pod(t.Context(), accessNamespace, name); return err }))
	}
	must(t, c.enforce(t.Context(), "all-b"))
	check := authoriser(t, c)
	for _, tc := range accessCases {
		t.Run(tc.id+" "+tc.title, func(t *testing.T) {
			graph := policy.Build(tc.snapshot(t))
			ways := []way{
				{"policy", func(_ context.Context, r accessRow) (bool, string, error) { return decide(graph, r) }},
				{"proxy", p.through},
				{"ext_authz", check},
			}
			must(t, c.change(t, tc, true))
			for _, w := range ways {
				tc.play(t, w, tc.rows)
			}
			must(t, c.change(t, tc, false))
			if tc.remove {
				for _, w := range ways[1:] {
					tc.play(t, w, []accessRow{deny("a", "GET", "/echo")})
				}
			}
		})
	}
}

// play asks until every row is answered as it must be, and then once more: a right answer must stay.
func (tc accessCase) play(t *testing.T, w way, rows []accessRow) {
	t.Helper()
	all := func() error {
		for _, r := range rows {
			allowed, why, err := w.ask(t.Context(), r)
			if err != nil {
				return err
			}
			if allowed != r.want {
				return fmt.Errorf("%s %s %s by %s: allowed %t, want %t: %s", r.source, r.method, r.path, w.name, allowed, r.want, why)
			}
		}
		return nil
	}
	must(t, until(t.Context(), tc.id+" by "+w.name, all))
	must(t, all())
}

// enforce has the proxies enforce access for a split, as a Canary's spec would.
func (c *cluster) enforce(ctx context.Context, split string) error {
	o := &unstructured.Unstructured{}
	o.SetAPIVersion("split.smi-spec.io/v1alpha4")
	o.SetKind("TrafficSplit")
	o.SetNamespace(accessNamespace)
	o.SetName(split)
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:"Enforce"}}}`, v1alpha1.AnnotationAccessMode)
	return c.user.Patch(ctx, o, client.RawPatch(types.MergePatchType, []byte(patch)))
}

// change applies or deletes the objects of a case.
func (c *cluster) change(t *testing.T, tc accessCase, there bool) error {
	t.Helper()
	for namespace, text := range map[string]string{accessNamespace: tc.objects, otherNamespace: tc.outside} {
		file := filepath.Join(t.TempDir(), "objects.yaml")
		if err := os.WriteFile(file, []byte(tc.written(text)), 0o600); err != nil {
			return err
		}
		if there {
			if err := c.apply(t.Context(), file, namespace); err != nil {
				return err
			}
			continue
		}
		for _, o := range documents(t, tc.written(text)) {
			o.SetNamespace(namespace)
			if err := c.user.Delete(t.Context(), o); err != nil {
				return err
			}
		}
	}
	return nil
}

func (accessCase) written(text string) string {
	return strings.ReplaceAll(text, "NAMESPACE", accessNamespace)
}

func documents(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	all, err := gen.Objects(text)
	must(t, err)
	return all
}

// snapshot is what the objects say, without an API server.
func (tc accessCase) snapshot(t *testing.T) policy.Snapshot {
	t.Helper()
	var s policy.Snapshot
	for namespace, text := range map[string]string{accessNamespace: tc.objects, otherNamespace: tc.outside} {
		for _, o := range documents(t, tc.written(text)) {
			o.SetNamespace(namespace)
			json, err := o.MarshalJSON()
			must(t, err)
			switch o.GetKind() {
			case "TrafficTarget":
				s.TrafficTargets = append(s.TrafficTargets, decoded[access.TrafficTarget](t, json))
			case "HTTPRouteGroup":
				s.HTTPRouteGroups = append(s.HTTPRouteGroups, decoded[specs.HTTPRouteGroup](t, json))
			case "TCPRoute":
				s.TCPRoutes = append(s.TCPRoutes, decoded[specs.TCPRoute](t, json))
			case "UDPRoute":
				s.UDPRoutes = append(s.UDPRoutes, decoded[specs.UDPRoute](t, json))
			default:
				t.Fatalf("%s is not about access", o.GetKind())
			}
		}
	}
	return s
}

func decoded[T any](t *testing.T, json []byte) (object T) {
	t.Helper()
	must(t, sigsyaml.Unmarshal(json, &object))
	return object
}

// decide is the policy engine alone.
func decide(graph *policy.Graph, r accessRow) (bool, string, error) {
	d := graph.Authorize(policy.Request{
		Source:      policy.Identity{Namespace: accessNamespace, ServiceAccount: r.source},
		Destination: policy.Identity{Namespace: accessNamespace, ServiceAccount: "b"},
		Port:        servingPort, Protocol: policy.HTTP, Method: r.method, Path: r.path, Host: "all-b",
	})
	return d.Allowed, d.Reason, nil
}

// through sends a request from the source's pod through a bundled proxy.
func (p *proxies) through(ctx context.Context, r accessRow) (bool, string, error) {
	pod, err := p.pod(ctx, accessNamespace, r.source)
	if err != nil {
		return false, "", err
	}
	ip, err := netip.ParseAddr(pod.Status.PodIP)
	if err != nil {
		return false, "", err
	}
	dial := p.services.DialFrom(services.Caller{IP: ip, Namespace: accessNamespace})
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return dial(ctx, network, address)
	}}
	defer transport.CloseIdleConnections()
	target := fmt.Sprintf("http://all-b.%s:%d%s?takes=0s&status=200&then=", accessNamespace, servingPort, r.path)
	request, err := http.NewRequestWithContext(ctx, r.method, target, http.NoBody)
	if err != nil {
		return false, "", err
	}
	response, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return false, "", err
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return false, "", err
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusForbidden {
		return false, "", fmt.Errorf("status %d: %s", response.StatusCode, body)
	}
	return response.StatusCode == http.StatusOK, string(body), nil
}

// authoriser runs an external authoriser, and returns how its gRPC form is asked as Envoy asks it.
func authoriser(t *testing.T, c *cluster) func(context.Context, accessRow) (bool, string, error) {
	t.Helper()
	must(t, c.apply(t.Context(), "../../config/authz/role.yaml", system))
	must(t, c.apply(t.Context(), "testdata/authz.yaml", system))
	account, err := c.as(t.Context(), "serin-authz")
	must(t, err)
	server, err := authz.New(authz.Options{RestConfig: account, GRPCAddress: "127.0.0.1:0", Evidence: []string{authz.EvidencePrincipal}})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	connection, err := grpc.NewClient(server.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	t.Cleanup(func() {
		if err := connection.Close(); err != nil {
			t.Error(err)
		}
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the authoriser ended: %v", err)
		}
	})
	asks := authv3.NewAuthorizationClient(connection)
	return func(ctx context.Context, r accessRow) (bool, string, error) {
		answer, err := asks.Check(ctx, &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
			Source:      &authv3.AttributeContext_Peer{Principal: "spiffe://cluster.local/ns/" + accessNamespace + "/sa/" + r.source},
			Destination: &authv3.AttributeContext_Peer{Principal: "spiffe://cluster.local/ns/" + accessNamespace + "/sa/b", Address: at(servingPort)},
			Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
				Method: r.method, Path: r.path, Host: "all-b", Headers: map[string]string{":method": r.method, ":path": r.path},
			}},
		}})
		if err != nil {
			return false, "", err
		}
		switch code := codes.Code(answer.GetStatus().GetCode()); code {
		case codes.OK, codes.PermissionDenied:
			return code == codes.OK, answer.GetStatus().GetMessage(), nil
		default:
			return false, "", fmt.Errorf("%s: %s", code, answer.GetStatus().GetMessage())
		}
	}
}

// at is an address of a pod, of which only the port matters beside a certificate.
func at(port uint32) *corev3.Address {
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address: "10.244.99.99", PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port},
	}}}
}
