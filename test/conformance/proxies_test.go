package conformance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/serin-dev/serin/metrics"
	"github.com/serin-dev/serin/metrics/scrape"
	"github.com/serin-dev/serin/test/sim/network"
	"github.com/serin-dev/serin/test/sim/node"
	"github.com/serin-dev/serin/test/sim/services"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The simulated nodes. The pods of a namespace that ends with farSuffix run on the node far, alone.
const (
	near      = "near"
	far       = "far"
	farSuffix = "-far"
)

// proxies is the world in which bundled proxies carry and count requests.
type proxies struct {
	cluster  *cluster
	network  *network.Network
	services *services.Services
	// outside is an address on the network that no pod has.
	outside netip.Addr

	mu sync.Mutex
	// opened are the namespaces with a shop.
	opened []string
}

var proxyPods = types.NamespacedName{Namespace: system, Name: "serin-proxy"}

// inProxies starts the world.
func inProxies(t *testing.T, c *cluster, _ *mesh) *stage {
	t.Helper()
	p := &proxies{cluster: c, network: network.New(netip.MustParsePrefix("10.244.0.0/16"))}
	var err error
	p.outside, err = p.network.Allocate()
	must(t, err)
	p.services, err = services.Watch(t.Context(), c.plane.Config, p.network)
	must(t, err)
	account, err := c.as(t.Context(), "serin-proxy")
	must(t, err)
	programs := map[string]node.Program{"proxy": proxyProgram{config: account}, "workload": workload{dial: p.dialer}}
	for _, name := range []string{near, far} {
		p.run(t, node.New(node.Options{
			RestConfig: c.plane.Config, Network: p.network, Name: name, Scheduler: name,
			Images: func(image string) node.Program { return programs[image] },
		}))
	}
	must(t, c.apply(t.Context(), "testdata/proxies.yaml", system))
	must(t, p.running(t.Context()))
	s := &stage{world: p, facts: p.facts(), cluster: c}
	s.replicas = c.serve(t, metrics.Options{Dial: scrape.DialFunc(p.network.DialFrom(p.outside))})
	return s
}

// run runs a node until the test ends.
func (p *proxies) run(t *testing.T, n *node.Node) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("a node ended: %v", err)
		}
	})
}

func (p *proxies) dialer(pod node.Pod) network.DialContext {
	return p.services.DialFrom(services.Caller{IP: pod.IP, Namespace: pod.Namespace})
}

func (*proxies) facts() facts {
	return facts{
		shortest: time.Second, settling: time.Second, weights: true, apexes: true, callers: "server",
		refused: map[string]string{
			"window=soon":                  `window "soon" is not a length of time such as 10s`,
			"window=1h":                    "window 1h0m0s must not exceed 5m0s, for which counts are kept",
			"window=0s":                    "window 0s must be positive",
			"window=1500ms":                "window 1.5s must be a multiple of the scrape interval 1s",
			"window=1s&window=2s":          "window is given 2 times",
			"since=yesterday":              `since "yesterday" is not a time such as 2019-04-08T22:25:55Z`,
			"since=2099-01-01T00:00:00Z":   "since 2099-01-01T00:00:00Z lies in the future: it is ",
			"since=2019-04-08T22:25:55.5Z": "since 2019-04-08T22:25:55.5Z must be a whole second and a multiple of the scrape interval 1s",
		},
		forgotten: "no window can begin at 22:25:55 UTC: scrapes are known since ", unknown: "no window can begin at ",
		down: "no proxy has answered since ",
	}
}

// open makes a shop with pods, one after the other: a proxy hears of pods in the order in which they came to be, so one that
// knows the last pod knows them all.
func (p *proxies) open(ctx context.Context, namespace string) error {
	if err := p.cluster.namespace(ctx, namespace); err != nil {
		return err
	}
	if err := p.cluster.apply(ctx, "testdata/shop.yaml", namespace); err != nil {
		return err
	}
	node := near
	if strings.HasSuffix(namespace, farSuffix) {
		node = far
	}
	for _, name := range []string{"a", "b", "c"} {
		if err := p.cluster.apply(ctx, "testdata/workload.yaml", namespace, "NAME", name, "NODE", node, "REPLICAS", "1"); err != nil {
			return err
		}
		if err := until(ctx, namespace+"/"+name, func() error { _, err := p.pod(ctx, namespace, name); return err }); err != nil {
			return err
		}
	}
	p.mu.Lock()
	p.opened = append(p.opened, namespace)
	p.mu.Unlock()
	return until(ctx, "the proxies serve "+namespace, func() error { return p.serving(ctx, namespace) })
}

// pod returns the pod of a Deployment, once it runs.
func (p *proxies) pod(ctx context.Context, namespace, name string) (*corev1.Pod, error) {
	pods := &corev1.PodList{}
	if err := p.cluster.user.List(ctx, pods, client.InNamespace(namespace), client.MatchingLabels{"app": name}); err != nil {
		return nil, err
	}
	if len(pods.Items) != 1 || pods.Items[0].Status.Phase != corev1.PodRunning || pods.Items[0].Status.PodIP == "" {
		return nil, fmt.Errorf("of %d pods none runs alone", len(pods.Items))
	}
	return &pods.Items[0], nil
}

// atOnce is how many requests are under way.
const atOnce = 8

func (p *proxies) call(ctx context.Context, c call) ([]result, error) {
	pod, err := p.pod(ctx, c.namespace, c.caller)
	if err != nil {
		return nil, err
	}
	ip, err := netip.ParseAddr(pod.Status.PodIP)
	if err != nil {
		return nil, err
	}
	dial := p.services.DialFrom(services.Caller{IP: ip, Namespace: c.namespace})
	transport := &http.Transport{MaxIdleConnsPerHost: atOnce, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return dial(ctx, network, address)
	}}
	defer transport.CloseIdleConnections()
	calls := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	to := address(c.apex+"."+c.target(), c.takes, max(c.status, http.StatusOK), c.then)
	results, errs := make([]result, c.count), make([]error, c.count)
	next := make(chan int)
	var callers sync.WaitGroup
	for range atOnce {
		callers.Go(func() {
			for i := range next {
				results[i], errs[i] = get(ctx, calls, to)
			}
		})
	}
	for i := range c.count {
		next <- i
	}
	close(next)
	callers.Wait()
	return results, errors.Join(errs...)
}

// stop ends all proxies.
func (p *proxies) stop(ctx context.Context) error { return p.scale(ctx, 0) }

// start has two proxies run again, and serve what they served.
func (p *proxies) start(ctx context.Context) error {
	if err := p.scale(ctx, 2); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, namespace := range p.opened {
		if err := until(ctx, "the proxies serve "+namespace, func() error { return p.serving(ctx, namespace) }); err != nil {
			return err
		}
	}
	return nil
}

func (p *proxies) scale(ctx context.Context, replicas int32) error {
	scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Namespace: proxyPods.Namespace, Name: proxyPods.Name}, Spec: autoscalingv1.ScaleSpec{Replicas: replicas}}
	_, err := p.cluster.admin.AppsV1().Deployments(system).UpdateScale(ctx, proxyPods.Name, scale, metav1.UpdateOptions{})
	return err
}

func (p *proxies) running(ctx context.Context) error {
	return until(ctx, "two proxies run", func() error {
		all, err := p.services.Endpoints(ctx, proxyPods, adminPort)
		if err == nil && len(all) != 2 {
			err = fmt.Errorf("%d do", len(all))
		}
		return err
	})
}
