//go:build e2e

package faults

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/sim/load"
	"github.com/serin-dev/serin/test/sim/services"
	"github.com/serin-dev/serin/test/sim/slack"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// rate is how many requests a shop gets each second.
const rate = 100

// shop is a Deployment with a Canary in a namespace of its own, callers, a Slack channel, and a controller of its own that sees
// no other namespace and reaches the API server by way of a gate.
type shop struct {
	*world
	t         *testing.T
	namespace string
	gate      *gate
	slack     *slack.Server
	trail     *trail
	load      *load.Generator
	endLoad   func()
}

// shopOptions are a Canary's, in YAML.
type shopOptions struct {
	steps, analysis, more string
}

var quick = shopOptions{
	steps:    "[{weight: 25, dwell: 2s}, {weight: 50, dwell: 2s}]",
	analysis: `{interval: 1s, successRate: {min: "95"}}`,
}

const deploymentYAML = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: %s}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      schedulerName: serin-sim
      terminationGracePeriodSeconds: 30
      containers: [{name: app, image: "%s", ports: [{name: http, containerPort: 8080}]}]
`

const canaryYAML = `
apiVersion: serin.dev/v1alpha1
kind: Canary
metadata: {name: shop, namespace: %s}
spec:
  targetRef: {name: shop}
  replicas: 2
  service: {takeOver: true}
  steps: %s
  analysis: %s
  progressDeadline: 1m
  scaleDownDelay: 2s
  notifications: [{slack: {channel: "#shop", secretRef: {name: slack}}}]
%s
`

// openShop makes a namespace, where v1 is Git's wish, and a watch over it. There is no Canary and no controller yet.
func openShop(t *testing.T) *shop {
	t.Helper()
	ctx := t.Context()
	namespace := strings.ToLower(strings.TrimPrefix(strings.NewReplacer("/", "-", "_", "-").Replace(t.Name()), "Test"))
	namespace = strings.Trim(namespace[:min(len(namespace), 40)], "-")
	s := &shop{world: shared, t: t, namespace: namespace, endLoad: func() {}}
	must(t, s.apply(ctx, fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}", namespace)))
	// The right to read Secrets is given for one namespace: kubectl apply -k config/secrets.
	role, err := os.ReadFile(filepath.Join(root, "config", "secrets", "role.yaml"))
	must(t, err)
	must(t, s.apply(ctx, strings.ReplaceAll(string(role), "\nmetadata:\n", "\nmetadata:\n  namespace: "+namespace+"\n")))
	s.slack, err = slack.Start("")
	must(t, err)
	t.Cleanup(s.slack.Stop)
	must(t, s.user.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "slack"}, StringData: map[string]string{"address": s.slack.WebhookURL()},
	}))
	s.gate = openGate(t, s.config)
	s.trail = follow(t, s)
	t.Cleanup(func() { s.endLoad() })
	return s
}

// controller makes a controller for the shop, not started yet. With more flags it can be one of several.
func (s *shop) controller(name, program string, flags ...string) *process {
	kubeconfig, err := s.kubeconfig("controller", s.gate.url)
	must(s.t, err)
	p := &process{path: program, log: filepath.Join(s.plane.Dir, s.namespace+"-"+name+".log"), args: append([]string{
		"controller", "--kubeconfig=" + kubeconfig, "--namespace=" + s.namespace, "--secret-namespaces=" + s.namespace,
		"--metrics-bind-address=0", "--health-bind-address=0",
		"--log-format=console",
	}, flags...)}
	s.t.Cleanup(func() {
		p.kill()
		if s.t.Failed() {
			text, _ := os.ReadFile(p.log)
			s.t.Logf("the end of the log of %s:\n%s", name, text[max(0, len(text)-3000):])
		}
	})
	return p
}

// run starts the shop's only controller.
func (s *shop) run() *process {
	p := s.controller("controller", s.serin, "--leader-elect=false")
	must(s.t, p.start())
	return p
}

// release has Git wish for an image.
func (s *shop) release(image string) {
	s.t.Helper()
	must(s.t, s.apply(s.t.Context(), fmt.Sprintf(deploymentYAML, s.namespace, image)))
}

// canary makes the Canary.
func (s *shop) canary(o shopOptions) {
	s.t.Helper()
	must(s.t, s.apply(s.t.Context(), fmt.Sprintf(canaryYAML, s.namespace, o.steps, o.analysis, o.more)))
}

// open is a shop whose first image was adopted and gets requests.
func (s *shop) open(o shopOptions) {
	s.t.Helper()
	s.release("good:1")
	s.canary(o)
	s.await(serves("good:1"))
	s.call()
}

// call starts the callers. They call by the apex's name, as a pod does, until the test ends.
func (s *shop) call() {
	s.t.Helper()
	address, err := s.network.Allocate()
	must(s.t, err)
	s.load = load.New(load.Options{
		URL: "http://" + net.JoinHostPort("shop."+s.namespace, "8080") + "/", PerSecond: rate,
		Dial:     s.services.DialFrom(services.Caller{IP: address, Namespace: s.namespace}),
		Examples: 1000,
	})
	ctx, end := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.load.Run(ctx)
	}()
	s.endLoad = func() {
		end()
		<-done
	}
}

// answered waits until so many more requests were answered.
func (s *shop) answered(more uint64) {
	s.t.Helper()
	want := s.load.Snapshot().Total().Sum().Sent() + more
	must(s.t, poll(s.t.Context(), patience, func() (bool, error) { return s.load.Snapshot().Total().Sum().Sent() >= want, nil }))
}

// await waits until something is true of the Canary, as the API server tells it.
func (s *shop) await(is func(*v1alpha1.Canary) bool) *v1alpha1.Canary {
	s.t.Helper()
	c, err := s.trail.until(s.t.Context(), is)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// serves matches a Canary at rest whose stable version runs an image that the target asks for.
func serves(image string) func(*v1alpha1.Canary) bool {
	return func(c *v1alpha1.Canary) bool {
		return c.Status.Phase == v1alpha1.PhaseSucceeded && c.Status.Stable.Image == image && c.Status.Candidate == nil
	}
}

// rolledBack matches a Canary that gave an image up.
func rolledBack(image string) func(*v1alpha1.Canary) bool {
	return func(c *v1alpha1.Canary) bool {
		return c.Status.Phase == v1alpha1.PhaseRolledBack && len(c.Status.History) > 0 && c.Status.History[0].Image == image
	}
}

// atWeight matches a Canary whose candidate's weight has landed.
func atWeight(weight int32) func(*v1alpha1.Canary) bool {
	return func(c *v1alpha1.Canary) bool {
		s := c.Status
		return s.Candidate != nil && s.Candidate.Weight == weight && s.Step != nil && s.Step.LandedAt != nil
	}
}

// settled matches a Canary that has told and tidied everything.
func settled(c *v1alpha1.Canary) bool {
	s := c.Status
	return len(s.Retiring) == 0 && s.LastAnnouncement > 0 && len(s.Deliveries) == 1 && s.Deliveries[0].Seq == s.LastAnnouncement
}

func both(is ...func(*v1alpha1.Canary) bool) func(*v1alpha1.Canary) bool {
	return func(c *v1alpha1.Canary) bool {
		for _, one := range is {
			if !one(c) {
				return false
			}
		}
		return true
	}
}

// now is the Canary as the API server has it.
func (s *shop) now() *v1alpha1.Canary {
	s.t.Helper()
	c := &v1alpha1.Canary{}
	must(s.t, poll(s.t.Context(), patience, func() (bool, error) {
		err := s.user.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop"}, c)
		return err == nil, err
	}))
	return c
}

// elapse lets traffic flow for a while, which is what a test is about: what does not happen meanwhile.
func (s *shop) elapse(d time.Duration) {
	s.t.Helper()
	s.answered(uint64(d.Seconds() * rate))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
