package main_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// road leads to the API server, and can be closed.
type road struct {
	to, address string

	mu       sync.Mutex
	listener net.Listener
	open     []net.Conn
}

func (r *road) build() {
	address := r.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	var listener net.Listener
	Eventually(func() (err error) { // somebody else may have the port for a moment
		listener, err = net.Listen("tcp", address)
		return err
	}).Should(Succeed())
	r.listener, r.address = listener, listener.Addr().String()
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", r.to)
			if err != nil {
				_ = near.Close()
				continue
			}
			r.mu.Lock()
			r.open = append(r.open, near, far)
			r.mu.Unlock()
			go func() { _, _ = io.Copy(near, far) }()
			go func() { _, _ = io.Copy(far, near) }()
		}
	}()
}

func (r *road) closed() {
	_ = r.listener.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.open {
		_ = c.Close()
	}
	r.open = nil
}

var _ = It("watch says that the API server is away, and goes on when it is back", func(ctx SpecContext) {
	c := made(ctx, "shop:2", underTest(v1alpha1.PhaseProgressing))
	server, err := url.Parse(plane.Config.Host)
	Expect(err).NotTo(HaveOccurred())
	r := &road{to: server.Host}
	r.build()
	w := start(ctx, c.Namespace, "watch", "foobar", "--server", "https://"+r.address)
	Eventually(w.out.String).Should(ContainSubstring("testing v2 at 10%"), w.errOut.String)
	r.closed()
	Eventually(w.out.String).Should(ContainSubstring("the API server is away, trying again: "))
	become(ctx, c, serving(two, ended(two, v1alpha1.OutcomePromoted)))
	Consistently(w.code, "300ms").ShouldNot(Receive())
	r.build()
	Eventually(w.code).Should(Receive(Equal(0)))
	r.closed()
}, SpecTimeout(time.Minute))
