//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// shop is a namespace with the Deployment foobar, its Canary, and callers.
type shop struct {
	namespace string
	*callers
}

// release is one version of the application: the environment of its pods. The image is IMAGE if it is set.
type release map[string]string

const deploymentManifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: foobar, namespace: $NAMESPACE}
spec:
  selector: {matchLabels: {app: foobar}}
  template:
    metadata: {labels: {app: foobar}}
    spec:
      serviceAccountName: $ACCOUNT
      containers:
      - name: app
        image: $IMAGE
        imagePullPolicy: IfNotPresent
        args: [serve]
        env: [$ENV]
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 1}
        resources: {requests: {cpu: 10m}}
`

const serviceManifest = `
apiVersion: v1
kind: Service
metadata: {name: foobar, namespace: $NAMESPACE}
spec:
  $SELECTOR
  ports: [{name: http, port: 8080, targetPort: http}]
`

const canaryManifest = `
apiVersion: serin.dev/v1alpha1
kind: Canary
metadata: {name: foobar, namespace: $NAMESPACE}
spec:
  targetRef: {name: foobar}
  replicas: 2
  steps:
  - {weight: 20, dwell: 4s}
  - {weight: 50, dwell: 4s}
  analysis:
    interval: $INTERVAL
    successRate: {min: "99"}
    latency: {p99: 250ms}
  progressDeadline: 2m
  scaleDownDelay: 5s
`

// newShop makes a namespace, which goes with the spec.
func newShop(ctx context.Context, name string) *shop {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: name + "-", Labels: map[string]string{madeHere: name}}}
	Expect(cluster.Create(ctx, namespace)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) {
		Expect(client.IgnoreNotFound(cluster.Delete(ctx, namespace))).To(Succeed())
	}, NodeTimeout(patience))
	return &shop{namespace: namespace.Name}
}

// openShop makes a shop whose v1 serves on the bundled proxy, and whose callers call.
func openShop(ctx context.Context, name string, more ...string) *shop {
	GinkgoHelper()
	s := newShop(ctx, name)
	s.release(ctx, release{"VERSION": "v1"})
	s.canary(ctx, more...)
	s.await(ctx, serves("v1"))
	s.callers = call(ctx, s.namespace, "web", s.url(), rate)
	return s
}

// url is the apex.
func (s *shop) url() string { return fmt.Sprintf("http://foobar.%s:8080/", s.namespace) }

// release applies the Deployment as Git would, with another version in it.
func (s *shop) release(ctx context.Context, r release) {
	GinkgoHelper()
	image, account := "serin-shop:dev", "default"
	var env []string
	for _, name := range slices.Sorted(maps.Keys(r)) {
		switch name {
		case "IMAGE":
			image = r[name]
		case "ACCOUNT":
			account = r[name]
		default:
			env = append(env, fmt.Sprintf("{name: %s, value: %q}", name, r[name]))
		}
	}
	apply(ctx, deploymentManifest, "$NAMESPACE", s.namespace, "$IMAGE", image, "$ACCOUNT", account, "$ENV", strings.Join(env, ", "))
}

// canary applies the Canary; more are further lines of its spec.
func (s *shop) canary(ctx context.Context, more ...string) {
	GinkgoHelper()
	manifest := canaryManifest
	for _, line := range more {
		manifest += "  " + line + "\n"
	}
	interval := "2s"
	if strings.Contains(manifest, "Gateway") {
		interval = "4s" // at least twice what Prometheus takes between two scrapes, and the time Traefik takes to apply
	}
	apply(ctx, manifest, "$NAMESPACE", s.namespace, "$INTERVAL", interval)
}

// service applies the apex as the user has it, with a selector or, when it is handed over, without.
func (s *shop) service(ctx context.Context, selector string) {
	GinkgoHelper()
	apply(ctx, serviceManifest, "$NAMESPACE", s.namespace, "$SELECTOR", selector)
}

// state reads the Canary.
func (s *shop) state(ctx context.Context) (*v1alpha1.Canary, error) {
	c := &v1alpha1.Canary{}
	err := cluster.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: "foobar"}, c)
	return c, err
}

// gone says whether the Canary is gone.
func (s *shop) gone(ctx context.Context) (bool, error) {
	_, err := s.state(ctx)
	return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
}

// await waits until the Canary is as every matcher says.
func (s *shop) await(ctx context.Context, matchers ...gomegatypes.GomegaMatcher) *v1alpha1.Canary {
	GinkgoHelper()
	var seen *v1alpha1.Canary
	Eventually(func(ctx context.Context) (_ *v1alpha1.Canary, err error) {
		seen, err = s.state(ctx)
		return seen, err
	}).WithContext(ctx).Should(And(matchers...))
	return seen
}

// serves is that a version is stable, all that the target asks for, and alone.
func serves(version string) gomegatypes.GomegaMatcher {
	return And(
		HaveField("Status.Phase", v1alpha1.PhaseSucceeded),
		HaveField("Status.Version", version),
		ready(),
	)
}

// ready is that Ready=True, of the newest generation.
func ready() gomegatypes.GomegaMatcher {
	return WithTransform(func(c *v1alpha1.Canary) bool {
		r := c.Status.Condition(v1alpha1.ConditionReady)
		return r != nil && r.Status == v1alpha1.ConditionTrue && c.Status.ObservedGeneration == c.Generation
	}, BeTrue())
}

// rolledBack is that a version lost to stable, and why.
func rolledBack(stable, why string) gomegatypes.GomegaMatcher {
	return And(
		HaveField("Status.Phase", v1alpha1.PhaseRolledBack),
		HaveField("Status.Version", stable),
		HaveField("Status.Message", MatchRegexp(why)),
	)
}
