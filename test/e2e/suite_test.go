//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"
	ctrl "sigs.k8s.io/controller-runtime"
)

const (
	// patience bounds every wait; each ends as soon as what it waits for is there.
	patience = 3 * time.Minute
	// rate is that of the callers of each shop, in requests per second.
	rate = 200
	// ledgerEntry is the name of the report entries that the table at the end is made of.
	ledgerEntry = "ledger"
)

func TestOnARealNode(t *testing.T) {
	RegisterFailHandler(Fail)
	ctrl.SetLogger(logr.Discard())
	SetDefaultEventuallyTimeout(patience)
	SetDefaultEventuallyPollingInterval(200 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "Serin on a real node")
}

// One process installs Serin, all use it.
var _ = SynchronizedBeforeSuite(func(ctx SpecContext) {
	if os.Getenv("KUBECONFIG") == "" {
		Fail("these tests need KUBECONFIG: a cluster with the images serin:dev and serin-shop:dev on its nodes; \"make e2e\" starts one")
	}
	connect()
	quickStart(ctx)
	install(ctx)
}, func(context.Context) { connect() }, NodeTimeout(2*patience))

// Whatever the specs made goes, and with it every Canary: a namespace in deletion has no finalizer of Serin left.
var _ = SynchronizedAfterSuite(func() {}, func(ctx SpecContext) {
	if cluster == nil {
		return
	}
	Eventually(leftovers).WithContext(ctx).Should(BeEmpty(), "namespaces that do not go")
}, NodeTimeout(patience))

var _ = ReportAfterSuite("what the callers counted", func(report Report) {
	out := &strings.Builder{}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	skipped := &strings.Builder{}
	fmt.Fprintln(table, "SPEC\tREQUESTS\tRESPONSES\tVERSIONS\tP99\tFAILED BY THE RELEASE\tFAILED BY SERIN")
	for _, spec := range report.SpecReports {
		for _, entry := range spec.ReportEntries {
			if entry.Name == ledgerEntry {
				fmt.Fprintln(table, entry.StringRepresentation())
			}
		}
		if spec.State == types.SpecStateSkipped && spec.Failure.Message != "" {
			fmt.Fprintf(skipped, "skipped: %s: %s\n", spec.LeafNodeText, spec.Failure.Message)
		}
	}
	_ = table.Flush()
	passed := report.SpecReports.WithLeafNodeType(types.NodeTypeIt).CountWithState(types.SpecStatePassed)
	fmt.Printf("\n%s%s\n%d specs passed in %s\n", out, skipped, passed, report.RunTime.Round(time.Second))
})
