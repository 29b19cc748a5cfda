//go:build e2e

package e2e

import (
	"context"
	"fmt"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// routeManifest is a route of the user's own, which leads to the apex.
const routeManifest = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: own, namespace: $NAMESPACE}
spec:
  parentRefs: [{name: public, namespace: $EDGE, sectionName: http}]
  hostnames: [own.$EDGE]
  rules:
  - matches: [{path: {type: PathPrefix, value: /}}]
    backendRefs: [{name: foobar, port: 8080}]
`

var _ = Describe("Behind Traefik and with what a Prometheus knows of it", Ordered, Serial, func() {
	var made, own *shop

	BeforeAll(func(ctx SpecContext) {
		stageTraefik(ctx)
		made, own = newShop(ctx, "made"), newShop(ctx, "own")
		for _, s := range []*shop{made, own} {
			s.release(ctx, release{"VERSION": "v1"})
		}
		own.service(ctx, "selector: {app: foobar}")
		apply(ctx, routeManifest, "$NAMESPACE", own.namespace, "$EDGE", edge)
		own.callers = callThrough(ctx, own, "own")
		made.canary(ctx, "traffic: {provider: Gateway, gatewayRefs: [{name: public, namespace: "+edge+", sectionName: http}], hostnames: [made."+edge+"]}")
		made.await(ctx, serves("v1"))
		made.callers = callThrough(ctx, made, "made")
	}, NodeTimeout(2*specTime))

	It("takes over a route of the user's own while callers call", func(ctx SpecContext) {
		own.noneLost(ctx) // before Serin
		own.canary(ctx, "traffic: {provider: Gateway, routeRef: {name: own}}")
		own.await(ctx, serves("v1"))
		Expect(backends(ctx, own)).To(ContainSubstring("foobar-v1"))
		Eventually(own.size).WithContext(ctx).WithArguments("foobar").Should(BeZero(), "pods of the target")
		own.noneLost(ctx)
	}, SpecTimeout(specTime))

	It("promotes a good release by a route of Serin's, and another by the user's", func(ctx SpecContext) {
		for _, s := range []*shop{made, own} {
			s.release(ctx, release{"VERSION": "v2"})
		}
		for _, s := range []*shop{made, own} {
			s.await(ctx, serves("v2"))
			Eventually(s.size).WithContext(ctx).WithArguments("foobar-v1").Should(BeZero(), "pods of v1")
			page := s.noneLost(ctx)
			Expect(page.Versions).To(And(HaveKey("v1"), HaveKey("v2")))
		}
	}, SpecTimeout(specTime))

	It("rolls a release back that fails a fifth of its requests, and gives the user's route back", func(ctx SpecContext) {
		made.release(ctx, release{"VERSION": "v3", "FAIL_PERCENT": "20"})
		c, err := own.state(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(cluster.Delete(ctx, c)).To(Succeed())
		made.await(ctx, rolledBack("v2", `v3 fails (1[4-9]|2[0-6])(\.\d+)?% of its requests \(stable 0%\), limit 1%: evidence \d+:1 after \d+ requests`))
		Expect(made.noneLost(ctx).byRelease()).To(BeNumerically(">", 0))
		Eventually(own.gone).WithContext(ctx).Should(BeTrue())
		Expect(backends(ctx, own)).To(Equal("foobar"))
		own.noneLost(ctx)
	}, SpecTimeout(specTime))
})

// callThrough starts callers that come by Traefik. Traefik says that it has accepted a route up to 2 s before it applies it, so what
// is counted begins with the first answer of a version.
func callThrough(ctx context.Context, s *shop, service string) *callers {
	GinkgoHelper()
	url := fmt.Sprintf("http://%s.%s:8000/", service, edge)
	c := call(ctx, s.namespace, "web", url, rate)
	c.settle(ctx)
	return c
}

// backends are the names of the backends of the user's route.
func backends(ctx context.Context, s *shop) string {
	GinkgoHelper()
	return run(ctx, "", "kubectl", "get", "httproute", "own", "-n", s.namespace, "-o=jsonpath={.spec.rules[*].backendRefs[*].name}")
}
