package authz

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/peer"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/policy"
)

// BenchmarkCheck is one question in process, without the wire, beside 1,000 TrafficTargets.
func BenchmarkCheck(b *testing.B) {
	s := snapshot()
	for i := range 1000 {
		other := *s.TrafficTargets[0].DeepCopy()
		other.Name, other.Spec.Destination.Name = fmt.Sprintf("other-%d", i), fmt.Sprintf("other-%d", i)
		s.TrafficTargets = append(s.TrafficTargets, other)
	}
	o := Options{Evidence: everyEvidence, HeadersFrom: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}.complete()
	e := &extAuthz{judge: newJudge(o)}
	e.judge.state.Store(newState(policy.Build(s), pods()))
	ctx := peer.NewContext(b.Context(), &peer.Peer{Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}})
	unsigned := from(clientIP)
	cases := map[string]*authv3.CheckRequest{
		"principal": asked(),
		"address":   asked(unsigned),
		"xfcc":      asked(unsigned, sent("x-forwarded-client-cert", `By=a;Hash=b;Subject="CN=x";URI=spiffe://cluster.local/ns/shop/sa/client`)),
		"denied":    asked(func(a *authv3.AttributeContext) { a.Request.Http.Path = "/admin" }),
	}
	for name, r := range cases {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if _, err := e.Check(ctx, r); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// TestABurstOfChangesIsOneGraph holds that what changes within a moment is compiled once.
func TestABurstOfChangesIsOneGraph(t *testing.T) {
	w := newWatcher(nil)
	targets := make([]*access.TrafficTarget, 500)
	for i := range targets {
		targets[i] = snapshot().TrafficTargets[0].DeepCopy()
		targets[i].Name = fmt.Sprintf("web-%d", i)
		w.access.Targets.OnAdd(targets[i], false)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	states := make(chan *state, 1000)
	go w.follow(ctx, func(s *state) { states <- s })
	first := <-states
	if first.graph != w.access.Graph() || len(states) > 0 {
		t.Errorf("%d more graphs followed the first", len(states))
	}
}
