//go:build e2e

package faults

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/serin-dev/serin/test/sim/app"
	"github.com/serin-dev/serin/test/sim/network"
	"github.com/serin-dev/serin/test/sim/node"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// proxyObjects are what an installation has of the bundled proxies.
const proxyObjects = `
apiVersion: v1
kind: Service
metadata: {name: serin-proxy, namespace: serin-system}
spec:
  clusterIP: None
  selector: {app: serin-proxy}
  ports: [{name: admin, port: 9102}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: serin-proxy, namespace: serin-system}
spec:
  replicas: 2
  selector: {matchLabels: {app: serin-proxy}}
  template:
    metadata: {labels: {app: serin-proxy}}
    spec:
      schedulerName: serin-sim
      containers:
      - name: proxy
        image: serin/proxy
        ports: [{name: admin, containerPort: 9102}]
`

// apps are the programs of the images that ran, by image.
var apps sync.Map

// image is the registry of the simulated node: "good:N" answers well, "late:N" too
// once it has started, and "bad:N" fails half of its requests.
func (w *world) image(name string) node.Program {
	if name == "serin/proxy" {
		return w.proxies
	}
	kind, _, _ := strings.Cut(name, ":")
	behavior := app.Behavior{Release: name, Latency: 2 * time.Millisecond}
	switch kind {
	case "good":
	case "late":
		behavior.StartDelay = 4 * time.Second
	case "bad":
		behavior.FailRatio = 0.5
	default:
		return nil
	}
	program, _ := apps.LoadOrStore(name, app.New(behavior))
	return program.(*app.App)
}

// proxies is the bundled proxy's image: each pod is a process.
type proxies struct {
	world   *world
	program string

	mu      sync.Mutex
	running map[string]*process // by pod
	env     []string
}

// Run runs a proxy until its pod terminates. It is ready once an apex could lead to it.
func (p *proxies) Run(ctx context.Context, pod node.Pod) error {
	broker, err := pod.Network.Broker()
	if err != nil {
		return err
	}
	defer broker.Close()
	kubeconfig, err := p.world.kubeconfig("proxy", "")
	if err != nil {
		return err
	}
	program, env := p.recipe()
	child := &process{
		path: program, env: env, log: filepath.Join(p.world.plane.Dir, pod.Name+".log"),
		args: []string{
			"proxy", "--kubeconfig=" + kubeconfig, "--broker=" + broker.Addr(), "--pod-ip=" + pod.IP.String(),
			"--pod-namespace=" + pod.Namespace, "--pod-name=" + pod.Name, "--admin-port=9102",
		},
	}
	if err := child.start(); err != nil {
		return err
	}
	p.note(pod.Name, child)
	pod.Ready()
	select {
	case <-child.done():
		return fmt.Errorf("the proxy %s ended", pod.Name)
	case <-pod.Terminating:
		child.stop()
	case <-ctx.Done():
		child.kill()
	}
	return nil
}

func (p *proxies) note(pod string, child *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil {
		p.running = map[string]*process{}
	}
	p.running[pod] = child
}

// recipe is what a proxy is started from.
func (p *proxies) recipe() (program string, env []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.program, p.env
}

// replaceParts has the proxies and the TrafficMetrics server run another program, each in turn and gracefully.
func (w *world) replaceParts(t *testing.T, program string, env []string) {
	t.Helper()
	w.proxies.mu.Lock()
	w.proxies.program, w.proxies.env = program, env
	running := maps.Clone(w.proxies.running)
	w.proxies.mu.Unlock()
	for pod, child := range running {
		child.stop()
		must(t, poll(w.ctx, patience, func() (bool, error) { return w.proxies.of(pod) != child, nil }))
	}
	w.metrics.stop()
	w.metrics.path, w.metrics.env = program, env
	must(t, w.metrics.start())
	must(t, w.metrics.available(w.ctx))
}

// of is the proxy of a pod.
func (p *proxies) of(pod string) *process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running[pod]
}

// one is any of the proxies, with the name of its pod.
func (p *proxies) one() (string, *process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for pod, child := range p.running {
		return pod, child
	}
	return "", nil
}

// metricsServer is the TrafficMetrics server.
type metricsServer struct {
	*process

	world  *world
	broker *network.Broker
}

func (m *metricsServer) close() {
	if m.process != nil {
		m.kill()
		m.broker.Close()
	}
}

// startMetrics starts the TrafficMetrics server and tells the API server where it is.
func (w *world) startMetrics(ctx context.Context) error {
	address, err := w.network.Allocate()
	if err != nil {
		return err
	}
	m := w.metrics
	if m.broker, err = w.network.Broker(); err != nil {
		return err
	}
	kubeconfig, err := w.kubeconfig("metrics", "")
	if err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	m.process = &process{
		path: w.part, log: filepath.Join(w.plane.Dir, "metrics.log"),
		args: []string{
			"metrics", "--kubeconfig=" + kubeconfig, "--broker=" + m.broker.Addr(), "--pod-ip=" + address.String(),
			fmt.Sprintf("--secure-port=%d", port),
		},
	}
	if err := m.start(); err != nil {
		return err
	}
	if err := w.apply(ctx, fmt.Sprintf(metricsObjects, port)); err != nil {
		return err
	}
	return m.available(ctx)
}

// metricsObjects lead the API server to the TrafficMetrics server. Its certificate is another one after each start.
const metricsObjects = `
apiVersion: v1
kind: Service
metadata: {name: serin-metrics, namespace: serin-system}
spec: {type: ExternalName, externalName: localhost}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1alpha1.metrics.smi-spec.io}
spec:
  group: metrics.smi-spec.io
  version: v1alpha1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {namespace: serin-system, name: serin-metrics, port: %d}
`

// available waits until the API server reaches the TrafficMetrics server.
func (m *metricsServer) available(ctx context.Context) error {
	return poll(ctx, patience, func() (bool, error) {
		found := &unstructured.Unstructured{}
		found.SetAPIVersion("apiregistration.k8s.io/v1")
		found.SetKind("APIService")
		if err := m.world.user.Get(ctx, client.ObjectKey{Name: "v1alpha1.metrics.smi-spec.io"}, found); err != nil {
			return false, err
		}
		conditions, _, err := unstructured.NestedSlice(found.Object, "status", "conditions")
		for _, c := range conditions {
			if c, ok := c.(map[string]any); ok && c["type"] == "Available" {
				return c["status"] == "True", err
			}
		}
		return false, err
	})
}
