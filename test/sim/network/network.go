package network

import (
	"fmt"
	"net/netip"
	"sync"
)

// firstFreePort is the first simulated port handed out to a listener that asked for port 0.
const firstFreePort = 20000

// Network is one flat pod network.
type Network struct {
	prefix netip.Prefix

	mu      sync.Mutex
	last    netip.Addr
	claimed map[netip.Addr]bool
	// listeners are the real addresses of what listens at simulated ones.
	listeners map[netip.AddrPort]string
	callers   map[connection]netip.Addr
}

// connection identifies one TCP connection by its real addresses, seen from the side that accepted it. The client's port
// alone would not do: the kernel may use it for connections to several listeners at once.
type connection struct {
	client, server string
}

// New returns an empty network that allocates addresses from the prefix, an IPv4 range outside loopback.
func New(prefix netip.Prefix) *Network {
	return &Network{
		prefix:    prefix.Masked(),
		last:      prefix.Masked().Addr(),
		claimed:   map[netip.Addr]bool{},
		listeners: map[netip.AddrPort]string{},
		callers:   map[connection]netip.Addr{},
	}
}

// Allocate returns an address that nobody has. Addresses are handed out in turn, so a released one comes back as late as
// possible: whoever still remembers its last owner has time to forget.
func (n *Network) Allocate() (netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	start := n.last
	for {
		n.last = n.last.Next()
		if !n.prefix.Contains(n.last) {
			n.last = n.prefix.Addr().Next()
		}
		if !n.claimed[n.last] {
			n.claimed[n.last] = true
			return n.last, nil
		}
		if n.last == start {
			return netip.Addr{}, fmt.Errorf("network %s: no address left", n.prefix)
		}
	}
}

// Claim marks an address as taken, for a pod that had it before this network was made.
func (n *Network) Claim(addr netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.claimed[addr] = true
}

// Release gives an address back.
func (n *Network) Release(addr netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.claimed, addr)
}

// freePort returns a simulated port on which nothing listens at the address. The caller holds the lock.
func (n *Network) freePort(addr netip.Addr) (int, error) {
	for port := firstFreePort; port <= 65535; port++ {
		if n.listeners[netip.AddrPortFrom(addr, uint16(port))] == "" {
			return port, nil
		}
	}
	return 0, fmt.Errorf("network: no port left at %s", addr)
}
