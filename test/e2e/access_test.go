//go:build e2e

package e2e

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

const accountManifest = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: $NAME, namespace: $NAMESPACE}
`

// accessManifest lets web read what runs as foobar.
const accessManifest = `
apiVersion: specs.smi-spec.io/v1alpha4
kind: HTTPRouteGroup
metadata: {name: foobar, namespace: $NAMESPACE}
spec:
  matches:
  - {name: reads, pathRegex: "/.*", methods: [GET]}
---
apiVersion: access.smi-spec.io/v1alpha3
kind: TrafficTarget
metadata: {name: web-reads-foobar, namespace: $NAMESPACE}
spec:
  destination: {kind: ServiceAccount, name: foobar, namespace: $NAMESPACE}
  rules: [{kind: HTTPRouteGroup, name: foobar, matches: [reads]}]
  sources: [{kind: ServiceAccount, name: web, namespace: $NAMESPACE}]
`

var _ = Describe("A shop that enforces TrafficTargets", Ordered, func() {
	var s *shop
	var stranger *callers

	BeforeAll(func(ctx SpecContext) {
		s = newShop(ctx, "access")
		for _, name := range []string{"foobar", "next"} {
			apply(ctx, accountManifest, "$NAMESPACE", s.namespace, "$NAME", name)
		}
		apply(ctx, accessManifest, "$NAMESPACE", s.namespace)
		s.release(ctx, release{"VERSION": "v1", "ACCOUNT": "foobar"})
		s.canary(ctx, "access: {mode: Enforce, mirror: true}")
		s.await(ctx, serves("v1"))
		s.callers = call(ctx, s.namespace, "web", s.url(), rate)
		stranger = call(ctx, s.namespace, "stranger", s.url(), 20)
	}, NodeTimeout(specTime))

	It("refuses a caller that no TrafficTarget names, and loses no request of one that is named from its first on", func(ctx SpecContext) {
		s.noneLost(ctx)
		refusesAll(ctx, stranger)
	}, SpecTimeout(specTime))

	It("goes on to do so while a release that runs as another ServiceAccount is promoted", func(ctx SpecContext) {
		s.release(ctx, release{"VERSION": "v2", "ACCOUNT": "next"})
		s.await(ctx, serves("v2"))
		targets := run(ctx, "", "kubectl", "get", "traffictargets", "-n", s.namespace,
			`-o=jsonpath={range .items[*]}{.spec.destination.name}{" "}{end}`)
		Expect(targets).To(ContainSubstring("next"), "the copy of stable's TrafficTarget")
		page := s.noneLost(ctx)
		Expect(page.Versions).To(HaveKey("v2"))
		refusesAll(ctx, stranger)
	}, SpecTimeout(specTime))
})

// refusesAll checks that every request since the page before was answered with 403, by no version.
func refusesAll(ctx context.Context, c *callers) {
	GinkgoHelper()
	now, err := c.ledger(ctx)
	Expect(err).NotTo(HaveOccurred())
	page := now.since(c.told)
	c.told = now
	Expect(page.Requests).NotTo(BeZero())
	Expect(page.Responses).To(Equal(map[string]int{"403": page.Requests}), "%v", page.Failures)
	AddReportEntry(ledgerEntry, row("  the caller that is refused", page, 0), ReportEntryVisibilityNever)
}
