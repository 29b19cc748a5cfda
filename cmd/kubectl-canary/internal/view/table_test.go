package view_test

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func TestList(t *testing.T) {
	failing := world(situations["a check that fails"]).Canary
	queued := world(situations["in the queue"]).Canary
	queued.Name = "a-canary-with-a-longer-name"
	canaries := []v1alpha1.Canary{*failing, *queued}
	lines := view.List(canaries, view.AllNamespaces, view.Options{Now: now, Paint: view.Plain})
	want := []string{
		"NAMESPACE   NAME                          PHASE         STEP   WEIGHT   SUCCESS   P99     VERSION    AGE   MESSAGE",
		"shop        foobar                        Progressing   2/3    25       97.2%     231ms   v1 -> v2   3d    " +
			"testing v2 at 25%: 2 windows in a row failed, limit 3",
		"shop        a-canary-with-a-longer-name   Succeeded     -      -        -         -       v1         3d    " +
			`the target asks for registry.example/shop/foobar:2.0; ClusterRolloutPolicy "fleet" lets 5 rollouts run at a time, and 5 others run`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("of any length (-want +got):\n%s", diff)
	}
	for _, width := range []int{20, 80, 120} {
		for _, line := range view.List(canaries, view.AllNamespaces, view.Options{Now: now, Paint: view.Plain, Width: width}) {
			if w := ansi.StringWidth(line); w > width {
				t.Errorf("a line has %d columns, more than %d: %s", w, width, line)
			}
		}
	}
	golden(t, "list-80", view.List(canaries, view.OneNamespace, view.Options{Now: now, Paint: view.Plain, Width: 80}))
	golden(t, "list-wide", view.List(canaries, view.OneNamespace, view.Options{Now: now, Paint: view.Plain, Width: 80, Detail: view.Wide}))
}

func TestPolicies(t *testing.T) {
	policies := []view.Policy{
		{Kind: "ClusterRolloutPolicy", Name: "fleet", Running: ptr.To[int32](3), Spec: v1alpha1.RolloutPolicySpec{MaxRollouts: ptr.To[int32](5)}},
		{Kind: "ClusterRolloutPolicy", Name: "tells-only"},
		{Kind: "RolloutPolicy", Namespace: "shop", Name: "over", Spec: v1alpha1.RolloutPolicySpec{Freeze: &v1alpha1.Freeze{
			Reason: "it is over", Until: ptr.To(metav1.NewTime(now.Add(-time.Hour))),
		}}},
		{Kind: "RolloutPolicy", Namespace: "shop", Name: "holidays", Spec: v1alpha1.RolloutPolicySpec{
			Freeze:      &v1alpha1.Freeze{Reason: "no changes over the holidays", Until: ptr.To(metav1.NewTime(now.Add(50 * time.Hour)))},
			MaxRollouts: ptr.To[int32](1),
		}},
	}
	want := []string{
		"",
		"POLICY                       NAMESPACE   FREEZE                         UNTIL                            ROLLOUTS",
		"clusterrolloutpolicy/fleet   -           -                              -                                3 of 5 rollouts run",
		"rolloutpolicy/holidays       shop        no changes over the holidays   2026-11-22 17:04 UTC (in 2d2h)   at most 1 rollout at a time",
	}
	if diff := cmp.Diff(want, view.Policies(policies, view.Options{Now: now, Paint: view.Plain})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if lines := view.Policies(policies[1:3], view.Options{Now: now, Paint: view.Plain}); lines != nil {
		t.Errorf("policies that neither freeze nor limit are shown: %q", lines)
	}
}

func TestHistory(t *testing.T) {
	records := world(situations["rolled back"]).Canary.Status.History
	records[0].Waited = v1alpha1.Dur(44 * time.Minute)
	want := []string{
		"VERSION   REVISION   IMAGE                              OUTCOME      REASON           STARTED               TOOK   WAITED-FOR-PEOPLE",
		"v2        81aa77c0   registry.example/shop/foobar:2.0   RolledBack   AnalysisFailed   2026-11-20 14:49:05   7m     44m",
		"v1        6f9c1a2b   registry.example/shop/foobar:1.0   Promoted     Promoted         2026-11-18 13:04:05   1h     0s",
	}
	if diff := cmp.Diff(want, view.History(records, view.Options{Now: now, Paint: view.Plain})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	golden(t, "history-wide", view.History(records, view.Options{Now: now, Paint: view.Plain, Width: 80, Detail: view.Wide}))
}
