package canary

import (
	"testing"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/notifier"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestEveryAnnouncementCarriesTheCommandsOfItsMoment(t *testing.T) {
	const look = "kubectl canary get foobar -n shop"
	paused := func(reason v1alpha1.PauseReason) *v1alpha1.PauseStatus { return &v1alpha1.PauseStatus{Reason: reason} }
	cases := map[string]struct {
		reason   string
		severity v1alpha1.Severity
		pause    *v1alpha1.PauseStatus
		want     []string
	}{
		"a new revision can be watched and aborted": {v1alpha1.ReasonNewRevision, v1alpha1.SeverityInfo, nil, []string{
			look, "kubectl canary watch foobar -n shop", "kubectl canary abort foobar -n shop --revision r2",
		}},
		"a pause for approval can be approved": {v1alpha1.ReasonPaused, v1alpha1.SeverityInfo, paused(v1alpha1.PauseApproval), []string{
			look, "kubectl canary approve foobar -n shop --revision r2", "kubectl canary abort foobar -n shop --revision r2",
		}},
		"any other pause can be resumed": {v1alpha1.ReasonPaused, v1alpha1.SeverityInfo, paused(v1alpha1.PauseTimeout), []string{
			look, "kubectl canary resume foobar -n shop --revision r2", "kubectl canary promote foobar -n shop --revision r2",
			"kubectl canary abort foobar -n shop --revision r2",
		}},
		"a problem can be retried": {v1alpha1.ReasonAnalysisFailed, v1alpha1.SeverityProblem, nil, []string{
			look, "kubectl canary retry foobar -n shop --revision r2", "kubectl canary history foobar -n shop",
		}},
		"a step that cannot be decided in time can be left": {v1alpha1.ReasonTooSlow, v1alpha1.SeverityProblem, nil, []string{
			look, "kubectl canary promote foobar -n shop --revision r2", "kubectl canary abort foobar -n shop --revision r2",
		}},
		"a good end needs nothing": {v1alpha1.ReasonPromoted, v1alpha1.SeverityGood, nil, []string{look}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			canary := &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "foobar"}}
			canary.Status.Pause = tc.pause
			m := message(canary, v1alpha1.Announcement{Reason: tc.reason, Severity: tc.severity, Rollout: "v2", Revision: "r2"})
			var got []string
			for _, action := range m.Act {
				got = append(got, action.Command)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlacesAreToldOnceEach(t *testing.T) {
	slack := func(name string) v1alpha1.Notification {
		return v1alpha1.Notification{Slack: &v1alpha1.SlackNotification{Channel: "#shop", SecretRef: v1alpha1.SecretReference{Name: name}}}
	}
	address := &v1alpha1.AddressNotification{SecretRef: v1alpha1.SecretReference{Name: "hook"}}
	canary := &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "foobar"}}
	canary.Spec.Notifications = []v1alpha1.Notification{slack("slack"), {Teams: address}, {Discord: address}, {}}
	policies := []policy{
		{namespace: "shop", spec: v1alpha1.RolloutPolicySpec{Notifications: []v1alpha1.Notification{slack("slack"), {GoogleChat: address}}}},
		{spec: v1alpha1.RolloutPolicySpec{Notifications: []v1alpha1.Notification{slack("slack"), {Webhook: address}}}},
	}
	r := &Reconciler{Namespace: "serin-system"}
	var got []string
	for _, p := range r.places(canary, policies) {
		got = append(got, p.sink.ID)
	}
	want := []string{
		"slack/shop/slack#shop", "teams/shop/hook", "discord/shop/hook", "googleChat/shop/hook",
		"slack/serin-system/slack#shop", "webhook/serin-system/hook",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReceiptsAreKeptUntilTheyAreRecorded(t *testing.T) {
	var nudged []types.NamespacedName
	r := &Receipts{Nudge: func(name types.NamespacedName) { nudged = append(nudged, name) }}
	dest := notifier.Destination{Service: notifier.Webhook, Namespace: "shop", SecretName: "hook"}
	name := types.NamespacedName{Namespace: "shop", Name: "foobar"}
	for _, seq := range []int64{1, 2} {
		r.Settled(notifier.Receipt{Dest: dest, Canary: name, UID: "u", Seq: seq, Rollout: "v2"})
	}
	want := []v1alpha1.DeliveryStatus{{Sink: dest.ID(), Seq: 2, Rollout: "v2"}}
	if diff := cmp.Diff(want, r.of("u")); diff != "" || len(nudged) != 2 {
		t.Fatalf("nudged %v (-want +got):\n%s", nudged, diff)
	}
	r.forget("u", []v1alpha1.DeliveryStatus{{Sink: dest.ID(), Seq: 1}})
	if diff := cmp.Diff(want, r.of("u")); diff != "" {
		t.Fatalf("a receipt is forgotten before it was recorded:\n%s", diff)
	}
	r.forget("u", want)
	if got := r.of("u"); got != nil {
		t.Fatalf("%v is kept after it was recorded", got)
	}
}
