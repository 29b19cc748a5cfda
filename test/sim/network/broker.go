package network

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// Broker is the network's door for one other process, which Join opens: it has the process listen at simulated addresses, and
// finds for it what listens at others. Whatever listens by way of a broker is gone when the broker is closed.
type Broker struct {
	network *Network
	http    *http.Server
	addr    string

	mu     sync.Mutex
	closed bool
	hide   map[netip.AddrPort]func()
}

// Broker opens a door on loopback.
func (n *Network) Broker() (*Broker, error) {
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("network: broker: %w", err)
	}
	b := &Broker{network: n, addr: l.Addr().String(), hide: map[netip.AddrPort]func(){}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /expose", b.expose)
	mux.HandleFunc("POST /hide", b.unexpose)
	mux.HandleFunc("GET /socket", b.socket)
	mux.HandleFunc("GET /peer", b.peer)
	b.http = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = b.http.Serve(l) }()
	return b, nil
}

// Addr is where the process finds the broker.
func (b *Broker) Addr() string { return b.addr }

// Close closes the door and frees every simulated address at which the process listened.
func (b *Broker) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for _, hide := range b.hide {
		hide()
	}
	clear(b.hide)
	_ = b.http.Close()
}

// expose has a simulated address lead to a socket of the process, and answers the simulated port.
func (b *Broker) expose(w http.ResponseWriter, r *http.Request) {
	form := r.URL.Query()
	socket, err := net.ResolveTCPAddr("tcp4", form.Get("socket"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	addr, err := netip.ParseAddr(form.Get("host"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	port, err := strconv.Atoi(form.Get("port"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		http.Error(w, "the broker is closed", http.StatusServiceUnavailable)
		return
	}
	at, err := b.network.register(socket.String(), addr, port)
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	b.hide[at] = func() { b.network.unregister(at) }
	_, _ = io.WriteString(w, strconv.Itoa(int(at.Port())))
}

// unexpose frees a simulated address at which the process listened.
func (b *Broker) unexpose(w http.ResponseWriter, r *http.Request) {
	at, err := netip.ParseAddrPort(r.URL.Query().Get("at"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if hide := b.hide[at]; hide != nil {
		hide()
		delete(b.hide, at)
	}
}

// socket answers the real address of what listens at a simulated one.
func (b *Broker) socket(w http.ResponseWriter, r *http.Request) {
	at, err := netip.ParseAddrPort(r.URL.Query().Get("at"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.network.mu.Lock()
	socket := b.network.listeners[at]
	b.network.mu.Unlock()
	if socket == "" {
		http.Error(w, "nothing listens there", http.StatusNotFound)
		return
	}
	_, _ = io.WriteString(w, socket)
}

// peer answers the pod address of the caller of a connection.
func (b *Broker) peer(w http.ResponseWriter, r *http.Request) {
	id := connection{client: r.URL.Query().Get("client"), server: r.URL.Query().Get("server")}
	b.network.mu.Lock()
	caller := b.network.callers[id]
	b.network.mu.Unlock()
	if caller.IsValid() {
		_, _ = io.WriteString(w, caller.String())
	}
}
