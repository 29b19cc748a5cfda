//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// ledger is what serin-shop load tells at /ledger.
type ledger struct {
	Started   time.Time
	Requests  int
	Responses map[string]int // by status
	Versions  map[string]int // by the version that answered
	Errors    map[string]int // by kind: no answer came
	Failures  []struct {
		At   time.Time
		What string
	}
	LatencyMs map[string]float64
}

// bySerin is how many requests no version answered, for whatever reason.
func (l ledger) bySerin() int { return l.Requests - sum(l.Versions) }

// byRelease is how many requests a version itself failed: nothing else on the way answers 500.
func (l ledger) byRelease() int { return l.Responses["500"] }

// since is what was counted after an earlier look.
func (l ledger) since(before ledger) ledger {
	l.Requests -= before.Requests
	l.Responses, l.Versions, l.Errors = minus(l.Responses, before.Responses), minus(l.Versions, before.Versions), minus(l.Errors, before.Errors)
	l.Failures = l.Failures[min(len(before.Failures), len(l.Failures)):]
	return l
}

func sum(counts map[string]int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}

func minus(counts, before map[string]int) map[string]int {
	left := map[string]int{}
	for key, n := range counts {
		if n -= before[key]; n != 0 {
			left[key] = n
		}
	}
	return left
}

// list is counts for a person.
func list(counts map[string]int) string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s: %d", key, counts[key]))
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// callers are a pod that sends requests and accounts for every answer.
type callers struct {
	namespace, name string
	told            ledger // what was reported last
}

const callersManifest = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: $NAME, namespace: $NAMESPACE}
---
apiVersion: v1
kind: Pod
metadata: {name: $NAME, namespace: $NAMESPACE, labels: {app: $NAME}}
spec:
  serviceAccountName: $NAME
  containers:
  - name: load
    image: serin-shop:dev
    imagePullPolicy: IfNotPresent
    args: [load, --url=$URL, --rate=$RATE, --fresh-every=4, --report=0s]
    ports: [{name: http, containerPort: 8080}]
    readinessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 1}
`

// call starts callers and waits until a first request was answered.
func call(ctx context.Context, namespace, name, url string, perSecond int) *callers {
	GinkgoHelper()
	c := &callers{namespace: namespace, name: name}
	apply(ctx, callersManifest, "$NAMESPACE", namespace, "$NAME", name, "$URL", url, "$RATE", fmt.Sprint(perSecond))
	Eventually(c.ledger).WithContext(ctx).Should(HaveField("Requests", BeNumerically(">", perSecond)), "requests of %s", name)
	return c
}

// settle leaves out of the account what was sent before every request was answered by a version.
func (c *callers) settle(ctx context.Context) {
	GinkgoHelper()
	Eventually(func(ctx context.Context) (n int, err error) {
		before := c.told
		c.told, err = c.ledger(ctx)
		return c.told.since(before).bySerin(), err
	}).WithContext(ctx).Should(BeZero())
}

// ledger asks the pod what it counted, by way of the API server.
func (c *callers) ledger(ctx context.Context) (l ledger, err error) {
	text, err := pods.CoreV1().RESTClient().Get().Namespace(c.namespace).Resource("pods").Name(c.name + ":8080").
		SubResource("proxy").Suffix("ledger").DoRaw(ctx)
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	return l, err
}

// page is what was counted since the page before; the first begins with the first request. It goes into the table at the end.
func (c *callers) page(ctx context.Context) ledger {
	GinkgoHelper()
	var now ledger
	Eventually(func(ctx context.Context) (err error) { now, err = c.ledger(ctx); return err }).WithContext(ctx).Should(Succeed())
	page := now.since(c.told)
	c.told = now
	AddReportEntry(ledgerEntry, row(CurrentSpecReport().LeafNodeText, page, page.bySerin()), ReportEntryVisibilityNever)
	return page
}

// noneLost checks that since the page before every request was answered by a version.
func (c *callers) noneLost(ctx context.Context) ledger {
	GinkgoHelper()
	page := c.page(ctx)
	Expect(page.Requests).NotTo(BeZero())
	Expect(page.bySerin()).To(BeZero(), "requests that no version answered: statuses %s, errors %s, %v", list(page.Responses), list(page.Errors), page.Failures)
	return page
}

// row is a page as a row of the table at the end.
func row(name string, page ledger, bySerin int) string {
	return strings.Join([]string{
		name, fmt.Sprint(page.Requests), list(page.Responses), list(page.Versions),
		fmt.Sprintf("%.0fms", page.LatencyMs["p99"]), fmt.Sprint(page.byRelease()), fmt.Sprint(bySerin),
	}, "\t")
}
