package authz

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"github.com/go-logr/logr/testr"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/enforce"
	"github.com/serin-dev/serin/policy"
)

// The tests speak of namespace shop, where web listens on 8080 and db on 5432, client may call both, and mallory nobody.
const shop = "shop"

// Addresses of pods.
const (
	webIP     = "10.0.1.1"
	dbIP      = "10.0.1.2"
	clientIP  = "10.0.2.1"
	malloryIP = "10.0.2.2"
	sharedIP  = "10.0.2.3" // of two pods
	hostIP    = "10.0.9.9" // of a node, and of a pod on its network
)

func podObject(name, account, address string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: name},
		Spec:       corev1.PodSpec{ServiceAccountName: account},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: address},
	}
}

func pods() *enforce.Pods {
	agent := podObject("agent", "client", hostIP)
	agent.Spec.HostNetwork = true
	done := podObject("done", "client", "10.0.2.4")
	done.Status.Phase = corev1.PodSucceeded
	return enforce.IndexPods([]*corev1.Pod{
		podObject("web-0", "web", webIP), podObject("db-0", "db", dbIP), podObject("client-0", "client", clientIP),
		podObject("mallory-0", "mallory", malloryIP), podObject("stranger-0", "stranger", "10.0.2.5"),
		podObject("one", "client", sharedIP), podObject("two", "mallory", sharedIP), agent, done,
	}, nil)
}

func in(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: shop, Name: name} }

func account(name string) access.Subject {
	return access.Subject{Kind: "ServiceAccount", Namespace: shop, Name: name}
}

func snapshot() policy.Snapshot {
	return policy.Snapshot{
		TrafficTargets: []access.TrafficTarget{
			{ObjectMeta: in("web"), Spec: access.TrafficTargetSpec{
				Destination: account("web"), Sources: []access.Subject{account("client")},
				Rules: []access.Rule{{Kind: "HTTPRouteGroup", Name: "routes"}},
			}},
			{ObjectMeta: in("db"), Spec: access.TrafficTargetSpec{
				Destination: account("db"), Sources: []access.Subject{account("client")},
				Rules: []access.Rule{{Kind: "TCPRoute", Name: "postgres"}},
			}},
			{ObjectMeta: in("broken"), Spec: access.TrafficTargetSpec{
				Destination: account("web"), Sources: []access.Subject{account("mallory")},
				Rules: []access.Rule{{Kind: "HTTPRouteGroup", Name: "absent"}, {Kind: "TCPRoute", Name: "absent"}},
			}},
		},
		HTTPRouteGroups: []specs.HTTPRouteGroup{{ObjectMeta: in("routes"), Spec: specs.HTTPRouteGroupSpec{Matches: []specs.HTTPMatch{
			{Name: "api", PathRegex: "/api(/.*)?$", Methods: []string{"GET"}},
			{Name: "beta", PathRegex: "/beta", Headers: map[string]string{"x-tester": "^true$"}},
			{Name: "by-host", PathRegex: "/host", Headers: map[string]string{"host": "^shop.example$"}},
		}}}},
		TCPRoutes: []specs.TCPRoute{{ObjectMeta: in("postgres"), Spec: specs.TCPRouteSpec{Matches: specs.TCPMatch{Ports: []int32{5432}}}}},
	}
}

// lab is a running server that sees no API server; its state is put there by hand.
type lab struct {
	t       testing.TB
	server  *Server
	envoy   authv3.AuthorizationClient
	options Options
}

// newLab starts a server whose state is that of the tests.
func newLab(t testing.TB, edit func(*Options)) *lab {
	l := newEmptyLab(t, edit)
	l.server.put(newState(policy.Build(snapshot()), pods()))
	return l
}

// newEmptyLab starts a server that has not seen anything yet.
func newEmptyLab(t testing.TB, edit func(*Options)) *lab {
	t.Helper()
	o := Options{
		RestConfig: &rest.Config{Host: "http://127.0.0.1:1"}, GRPCAddress: "127.0.0.1:0", HTTPAddress: "127.0.0.1:0", AdminAddress: "127.0.0.1:0",
		DrainGrace: time.Millisecond, DrainTimeout: time.Second,
	}
	if test, ok := t.(*testing.T); ok {
		o.Log = testr.New(test)
	}
	if edit != nil {
		edit(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	run(t, s)
	connection, err := grpc.NewClient(s.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return &lab{t: t, server: s, envoy: authv3.NewAuthorizationClient(connection), options: o}
}

// run runs a server until the test ends, or the function is called.
func run(t testing.TB, s *Server) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- s.Run(ctx)
		close(ended)
	}()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// check asks over gRPC and returns the answer as "CODE STATUS BODY".
func (l *lab) check(r *authv3.CheckRequest) string {
	l.t.Helper()
	response, err := l.envoy.Check(l.t.Context(), r)
	if err != nil {
		l.t.Fatalf("Check ended in an error, which may be let pass: %v", err)
	}
	denied := response.GetDeniedResponse()
	if denied == nil {
		fields := response.GetDynamicMetadata().GetFields()
		return strings.TrimSpace(fmt.Sprintf("%d OK %s %s", response.GetStatus().GetCode(),
			fields["decision"].GetStringValue(), fields["target"].GetStringValue()))
	}
	return fmt.Sprintf("%d %d %s", response.GetStatus().GetCode(), denied.GetStatus().GetCode(), strings.TrimSpace(denied.GetBody()))
}

// ask sends a request over HTTP, letter by letter, and returns the answer as "STATUS WORD BODY".
func (l *lab) ask(path string, lines ...string) string {
	l.t.Helper()
	response, text := l.send("GET "+path+" HTTP/1.1", lines...)
	return fmt.Sprintf("%d %s %s", response.StatusCode, response.Header.Get(headerDecision), strings.TrimSpace(text))
}

func (l *lab) send(first string, lines ...string) (*http.Response, string) {
	l.t.Helper()
	connection, err := net.Dial("tcp", l.server.HTTPAddr().String())
	if err != nil {
		l.t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "%s\r\nHost: authz.serin-system\r\nConnection: close\r\n%s\r\n", first, strings.Join(append(lines, ""), "\r\n"))
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		l.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return response, string(text)
}

// admin fetches a page of the admin listener.
func (l *lab) admin(path string) (int, string) {
	l.t.Helper()
	response, err := http.Get("http://" + l.server.AdminAddr().String() + path)
	if err != nil {
		l.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func socket(address string, port uint32) *corev3.Address {
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address: address, PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port},
	}}}
}

// asked is GET /api from client to web, known by its certificate, changed as a test needs it.
func asked(edits ...func(*authv3.AttributeContext)) *authv3.CheckRequest {
	a := &authv3.AttributeContext{
		Source:      &authv3.AttributeContext_Peer{Principal: "spiffe://cluster.local/ns/shop/sa/client", Address: socket(clientIP, 40000)},
		Destination: &authv3.AttributeContext_Peer{Address: socket(webIP, 8080)},
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
			Method: "GET", Path: "/api", Host: "web.shop", Headers: map[string]string{":path": "/api", ":method": "GET", "accept": "*/*"},
		}},
	}
	for _, edit := range edits {
		edit(a)
	}
	return &authv3.CheckRequest{Attributes: a}
}

// from is a source that only its address identifies.
func from(address string) func(*authv3.AttributeContext) {
	return func(a *authv3.AttributeContext) {
		a.Source = &authv3.AttributeContext_Peer{Address: socket(address, 40000)}
	}
}

// signed is a source whose certificate says who it is.
func signed(principal string) func(*authv3.AttributeContext) {
	return func(a *authv3.AttributeContext) { a.Source.Principal = principal }
}

func sent(name, value string) func(*authv3.AttributeContext) {
	return func(a *authv3.AttributeContext) { a.Request.Http.Headers[name] = value }
}

// everything trusts every evidence, from loopback.
func everything(o *Options) {
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	o.Evidence, o.HeadersFrom, o.AddressFrom = everyEvidence, loopback, loopback
}

func trusting(evidence ...string) func(*Options) {
	return func(o *Options) {
		everything(o)
		o.Evidence = evidence
	}
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("not reached: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
