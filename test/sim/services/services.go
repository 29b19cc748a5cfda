package services

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/test/sim/network"
)

// Services watches the cluster's Services for any number of callers.
type Services struct {
	network *network.Network
	reader  client.Reader
}

// Watch returns once it knows every Service there is, and watches until the context ends.
func Watch(ctx context.Context, config *rest.Config, network *network.Network) (*Services, error) {
	watched, err := cache.New(config, cache.Options{Scheme: scheme.Scheme})
	if err != nil {
		return nil, fmt.Errorf("services: %w", err)
	}
	for _, kind := range []client.Object{&corev1.Service{}, &discoveryv1.EndpointSlice{}} {
		if _, err := watched.GetInformer(ctx, kind, cache.BlockUntilSynced(false)); err != nil {
			return nil, fmt.Errorf("services: %w", err)
		}
	}
	go func() { _ = watched.Start(ctx) }()
	if !watched.WaitForCacheSync(ctx) {
		return nil, fmt.Errorf("services: %w", context.Cause(ctx))
	}
	return &Services{network: network, reader: watched}, nil
}

// Caller is a pod that calls Services.
type Caller struct {
	// IP is the pod's address.
	IP netip.Addr
	// Namespace is where names without a namespace are looked up.
	Namespace string
}

// DialFrom returns a dialer for the caller, to be used as an http.Transport's DialContext. A Service without an endpoint
// refuses connections.
func (s *Services) DialFrom(caller Caller) network.DialContext {
	dial := s.network.DialFrom(caller.IP)
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, err
		}
		name, err := parseName(host, caller.Namespace)
		if err != nil {
			return nil, &net.DNSError{Err: err.Error(), Name: host, IsNotFound: true}
		}
		endpoint, err := s.pick(ctx, name, int32(number))
		if err != nil {
			return nil, err
		}
		return dial(ctx, network, endpoint.String())
	}
}

// Endpoints returns where the Service's port leads now.
func (s *Services) Endpoints(ctx context.Context, name types.NamespacedName, port int32) ([]netip.AddrPort, error) {
	service := &corev1.Service{}
	if err := s.reader.Get(ctx, name, service); err != nil {
		return nil, &net.DNSError{Err: "no such Service", Name: name.String(), IsNotFound: true}
	}
	portName, ok := portName(service, port)
	if !ok {
		return nil, nil
	}
	slices := &discoveryv1.EndpointSliceList{}
	err := s.reader.List(ctx, slices, client.InNamespace(name.Namespace), client.MatchingLabels{discoveryv1.LabelServiceName: name.Name})
	if err != nil {
		return nil, err
	}
	return endpoints(slices.Items, portName), nil
}

func (s *Services) pick(ctx context.Context, name types.NamespacedName, port int32) (netip.AddrPort, error) {
	all, err := s.Endpoints(ctx, name, port)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if len(all) == 0 {
		err := fmt.Errorf("service %s port %d has no endpoint: %w", name, port, os.NewSyscallError("connect", syscall.ECONNREFUSED))
		return netip.AddrPort{}, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	return all[rand.IntN(len(all))], nil
}
