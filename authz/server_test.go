package authz

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"k8s.io/client-go/rest"

	"github.com/serin-dev/serin/policy"
)

func TestOptionsSayWhatIsWrong(t *testing.T) {
	good := func(edit func(*Options)) Options {
		o := Options{RestConfig: &rest.Config{}, GRPCAddress: "127.0.0.1:0"}
		edit(&o)
		return o
	}
	tests := map[string]struct {
		options Options
		want    string
	}{
		"nothing is there":            {want: "authz options: no RestConfig\nneither a gRPC nor an HTTP address to answer at"},
		"a mode that is none":         {options: good(func(o *Options) { o.Mode = "Off" }), want: `authz options: mode "Off" is neither Enforce nor Audit`},
		"evidence that is none":       {options: good(func(o *Options) { o.Evidence = []string{"cookie"} }), want: `authz options: evidence "cookie" is none of ["principal" "xfcc" "linkerd" "address"]`},
		"an empty trust domain":       {options: good(func(o *Options) { o.TrustDomains = []string{""} }), want: "authz options: a trust domain is empty"},
		"a key without a certificate": {options: good(func(o *Options) { o.KeyFile = "k" }), want: "authz options: a certificate and its key are needed together"},
		"clients without TLS":         {options: good(func(o *Options) { o.ClientCAFile = "c" }), want: "authz options: client certificates cannot be asked for without a serving certificate"},
		"an address of none":          {options: good(func(o *Options) { o.HTTPAddress = "here" }), want: "opening a listener: listen tcp: address here: missing port in address"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := New(tc.options); err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func TestBeforeEverythingWasSeenNothingPasses(t *testing.T) {
	l := newEmptyLab(t, everything)
	const sentence = "serin: the TrafficTargets are not known yet, because the API server has not been heard from since this authoriser started"
	if got := l.check(asked()); got != "14 503 "+sentence {
		t.Error(got)
	}
	if got := l.ask(nginxWeb, spoken("nginx", clientIP)...); got != "503 deny "+sentence {
		t.Error(got)
	}
	if status, text := l.admin("/readyz"); status != http.StatusServiceUnavailable || text != "waiting for the API server\n" {
		t.Error(status, text)
	}
	if status, _ := l.admin("/healthz"); status != http.StatusOK {
		t.Error("not healthy")
	}
	if got := healthOf(t, l); got != healthv1.HealthCheckResponse_NOT_SERVING {
		t.Error(got)
	}
	l.server.put(newState(policy.Build(snapshot()), pods()))
	if got := l.check(asked()); got != "0 OK allow shop/web" {
		t.Error(got)
	}
	if status, text := l.admin("/readyz"); status != http.StatusOK || !strings.HasPrefix(text, "ok: 9 pods, 1 objects with problems, last heard from the API server ") {
		t.Error(status, text)
	}
	if got := healthOf(t, l); got != healthv1.HealthCheckResponse_SERVING {
		t.Error(got)
	}
}

func healthOf(t *testing.T, l *lab) healthv1.HealthCheckResponse_ServingStatus {
	t.Helper()
	connection, err := grpc.NewClient(l.server.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	response, err := healthv1.NewHealthClient(connection).Check(t.Context(), &healthv1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return response.GetStatus()
}

func TestAFailureWithinIsADenial(t *testing.T) {
	l := newEmptyLab(t, everything)
	l.server.put(&state{pods: pods()}) // without a graph, every decision panics
	const sentence = "serin: the decision failed within the authoriser; its log says how"
	if got := l.check(asked()); got != "7 403 "+sentence {
		t.Error(got)
	}
	if got := l.ask(nginxWeb, spoken("nginx", clientIP)...); got != "403 deny "+sentence {
		t.Error(got)
	}
	if _, metrics := l.admin("/metrics"); !strings.Contains(metrics, `outcome="failed",wire="ext_authz"} 1`) {
		t.Error("the failure is not counted")
	}
}

func TestAuditLetsPassAndCountsWhatEnforceWouldDeny(t *testing.T) {
	l := newEmptyLab(t, func(o *Options) { everything(o); o.Mode = Audit })
	wouldDeny := func(got string) {
		t.Helper()
		if !strings.HasPrefix(got, "0 OK would-deny") && !strings.HasPrefix(got, "200 would-deny serin: ") {
			t.Error(got)
		}
	}
	wouldDeny(l.check(asked()))
	l.server.put(newState(policy.Build(snapshot()), pods()))
	wouldDeny(l.check(asked(signed("spiffe://cluster.local/ns/shop/sa/stranger"))))
	wouldDeny(l.check(asked(signed("spiffe://elsewhere/ns/shop/sa/client"))))
	wouldDeny(l.check(asked(func(a *authv3.AttributeContext) { a.Destination = nil })))
	wouldDeny(l.ask(nginxWeb, spoken("nginx", sharedIP)...))
	wouldDeny(l.ask("/authz/nginx/made-up/web/8080", spoken("nginx", clientIP)...))
	if got := l.check(asked()); got != "0 OK allow shop/web" {
		t.Error(got)
	}
	_, metrics := l.admin("/metrics")
	for _, want := range []string{
		`serin_authz_decisions_total{destination_namespace="(unknown)",mode="Audit",outcome="unavailable",wire="ext_authz"} 1`,
		`serin_authz_decisions_total{destination_namespace="shop",mode="Audit",outcome="denied",wire="ext_authz"} 1`,
		`serin_authz_decisions_total{destination_namespace="shop",mode="Audit",outcome="unauthenticated",wire="ext_authz"} 1`,
		`serin_authz_decisions_total{destination_namespace="(unknown)",mode="Audit",outcome="invalid",wire="ext_authz"} 1`,
		`serin_authz_decisions_total{destination_namespace="shop",mode="Audit",outcome="unauthenticated",wire="forward_auth"} 1`,
		`serin_authz_decisions_total{destination_namespace="(other)",mode="Audit",outcome="denied",wire="forward_auth"} 1`,
		`serin_authz_decisions_total{destination_namespace="shop",mode="Audit",outcome="allowed",wire="ext_authz"} 1`,
		`serin_authz_decision_seconds_count{wire="ext_authz"} 5`,
		`serin_authz_objects_with_problems{kind="TrafficTarget"} 1`,
		"serin_authz_state_age_seconds -1",
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	if t.Failed() {
		t.Log(metrics)
	}
}

func TestAServerThatStopsSaysSoAndKeepsAnsweringForAWhile(t *testing.T) {
	s, err := New(Options{
		RestConfig: &rest.Config{Host: "http://127.0.0.1:1"}, GRPCAddress: "127.0.0.1:0", AdminAddress: "127.0.0.1:0",
		Evidence: []string{EvidencePrincipal}, DrainGrace: 2 * time.Second, DrainTimeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.put(newState(policy.Build(snapshot()), pods()))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	connection, err := grpc.NewClient(s.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	l := &lab{t: t, server: s, envoy: authv3.NewAuthorizationClient(connection)}
	if got := l.check(asked()); got != "0 OK allow shop/web" {
		t.Error(got)
	}
	stop()
	eventually(t, "draining", func() bool { status, text := l.admin("/readyz"); return status == 503 && text == "draining\n" })
	if got := l.check(asked()); got != "0 OK allow shop/web" {
		t.Error(got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := l.envoy.Check(t.Context(), asked()); err == nil {
		t.Error("it still answers")
	}
}
