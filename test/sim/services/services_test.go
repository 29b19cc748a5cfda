package services

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/serin-dev/serin/test/sim/network"
)

func TestParseName(t *testing.T) {
	foobar := types.NamespacedName{Namespace: "shop", Name: "foobar"}
	for host, want := range map[string]types.NamespacedName{
		"foobar":                         foobar,
		"foobar.shop":                    foobar,
		"foobar.shop.svc":                foobar,
		"foobar.shop.svc.cluster.local":  foobar,
		"foobar.shop.svc.cluster.local.": foobar,
		"foobar.other":                   {Namespace: "other", Name: "foobar"},
		"www.example.org":                {},
		"":                               {},
	} {
		got, err := parseName(host, "shop")
		if got != want || (err != nil) != (want.Name == "") {
			t.Errorf("parseName(%q) = %s, %v; want %s", host, got, err, want)
		}
	}
}

func TestEndpointsAreTheReadyOnesOfAllSlices(t *testing.T) {
	slices := []discoveryv1.EndpointSlice{
		slice("a", 8080, endpoint("10.244.0.1", ready), endpoint("10.244.0.2", starting)),
		slice("b", 20001, endpoint("10.244.0.3", unknown), endpoint("10.244.0.4", terminating)),
	}
	check(t, slices, "http", "10.244.0.1:8080", "10.244.0.3:20001")
	check(t, slices, "grpc")
	check(t, nil, "http")
}

func TestTerminatingEndpointsServeWhenNoneIsReady(t *testing.T) {
	check(t, []discoveryv1.EndpointSlice{
		slice("a", 8080, endpoint("10.244.0.2", starting), endpoint("10.244.0.4", terminating)),
	}, "http", "10.244.0.4:8080")
}

func TestAnUnnamedPortLeadsToUnnamedPorts(t *testing.T) {
	s := slice("a", 8080, endpoint("10.244.0.1", ready))
	s.Ports[0].Name = ptr.To("")
	check(t, []discoveryv1.EndpointSlice{s}, "", "10.244.0.1:8080")
}

func TestACallerReachesAServiceByName(t *testing.T) {
	n := network.New(netip.MustParsePrefix("10.244.0.0/16"))
	l, err := n.Listen(t.Context(), "10.244.0.1", 8080)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	a := slice("a", 8080, endpoint("10.244.0.1", ready))
	s := &Services{network: n, reader: fake.NewClientBuilder().WithObjects(service("foobar"), service("empty"), &a).Build()}
	dial := s.DialFrom(Caller{IP: netip.MustParseAddr("10.244.0.9"), Namespace: "shop"})

	conn, err := dial(t.Context(), "tcp", "foobar.shop:80")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = accepted.Close() }()
	if got := n.Peer(accepted).String(); got != "10.244.0.9" {
		t.Errorf("the caller is %s, want 10.244.0.9", got)
	}
	for _, addr := range []string{"empty:80", "foobar:81"} {
		if _, err := dial(t.Context(), "tcp", addr); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial %s = %v, want connection refused", addr, err)
		}
	}
	var unknown *net.DNSError
	if _, err := dial(t.Context(), "tcp", "nothing:80"); !errors.As(err, &unknown) {
		t.Errorf("dial nothing:80 = %v, want a DNS error", err)
	}
}

var (
	ready       = discoveryv1.EndpointConditions{Ready: ptr.To(true), Serving: ptr.To(true), Terminating: ptr.To(false)}
	starting    = discoveryv1.EndpointConditions{Ready: ptr.To(false), Serving: ptr.To(false), Terminating: ptr.To(false)}
	terminating = discoveryv1.EndpointConditions{Ready: ptr.To(false), Serving: ptr.To(true), Terminating: ptr.To(true)}
	unknown     = discoveryv1.EndpointConditions{}
)

func endpoint(ip string, conditions discoveryv1.EndpointConditions) discoveryv1.Endpoint {
	return discoveryv1.Endpoint{Addresses: []string{ip}, Conditions: conditions}
}

func slice(name string, port int32, endpoints ...discoveryv1.Endpoint) discoveryv1.EndpointSlice {
	return discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: "foobar"}},
		Ports:      []discoveryv1.EndpointPort{{Name: ptr.To("http"), Port: &port}},
		Endpoints:  endpoints,
	}
}

func service(name string) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http", Port: 80}}},
	}
}

func check(t *testing.T, slices []discoveryv1.EndpointSlice, port string, want ...string) {
	t.Helper()
	got := endpoints(slices, port)
	if len(got) != len(want) {
		t.Fatalf("endpoints = %v, want %v", got, want)
	}
	for i := range got {
		if got[i].String() != want[i] {
			t.Errorf("endpoint %d = %s, want %s", i, got[i], want[i])
		}
	}
}
