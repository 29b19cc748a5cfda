package verdict_test

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/verdict"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func deployment(name, image string, env ...corev1.EnvVar) appsv1.Deployment {
	return appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: "app", Image: image, Env: env}},
		}}},
	}
}

func made(name, image string, env ...corev1.EnvVar) appsv1.Deployment {
	d := deployment("foobar-"+name, image, env...)
	d.Labels = map[string]string{v1alpha1.LabelVersion: name}
	return d
}

// look is one look at a Canary some time after the wait began.
type look struct {
	after  time.Duration
	canary *v1alpha1.Canary
	target string
}

func TestWait(t *testing.T) {
	const late = time.Minute
	paused := func(v v1alpha1.VersionStatus) *v1alpha1.Canary { return running(v1alpha1.PhasePaused, candidate(v, 0)) }
	testing2 := running(v1alpha1.PhaseProgressing, candidate(two, 0))
	failed := record(two, v1alpha1.OutcomeRolledBack, 0)
	unseen := resting(one)
	unseen.Generation = 2
	retried := running(v1alpha1.PhaseProgressing, candidate(version("v3", "rev2", "shop:2"), late), failed)
	queued := rolledBack(failed)
	queued.Status.SetCondition(v1alpha1.Condition{Type: v1alpha1.ConditionReconciling, Status: v1alpha1.ConditionTrue}, start)
	for name, test := range map[string]struct {
		goal     verdict.Goal
		revision string
		looks    []look
		want     verdict.Result
	}{
		"promoted: the rollout of what the target asks for": {
			goal: verdict.Promoted, looks: []look{{0, testing2, "shop:2"}, {late, resting(two, record(two, v1alpha1.OutcomePromoted, 0)), "shop:2"}},
			want: verdict.Result{Done: true, Sentence: "canary.serin.dev/foobar promoted: as it is"},
		},
		"promoted: the state from before the own change, seen by its image, is not believed however late": {
			goal: verdict.Promoted, looks: []look{{late, resting(one), "shop:2"}},
			want: verdict.Result{Missing: `Deployment "foobar" asks for shop:2, and the controller is still at v1 (shop:1)`},
		},
		"promoted: a state that may be from before the own change is not believed at once": {
			goal: verdict.Promoted, looks: []look{{time.Second, resting(one), "shop:1"}},
			want: verdict.Result{Missing: "giving the controller time to see the newest change", Again: 4 * time.Second},
		},
		"promoted: nothing to roll out": {
			goal: verdict.Promoted, looks: []look{{0, resting(one), "shop:1"}, {5 * time.Second, resting(one), "shop:1"}},
			want: verdict.Result{Done: true, Sentence: "canary.serin.dev/foobar promoted: as it is"},
		},
		"promoted: an edit of the Canary that the controller has not seen": {
			goal: verdict.Promoted, looks: []look{{late, unseen, "shop:1"}},
			want: verdict.Result{Missing: "the controller has seen generation 1 of the Canary, which is at 2"},
		},
		"promoted: fails as soon as it was rolled back": {
			goal: verdict.Promoted, looks: []look{{0, testing2, "shop:2"}, {late, rolledBack(failed), "shop:2"}},
			want: verdict.Result{Done: true, Code: 1, Sentence: "canary.serin.dev/foobar is not promoted but rolledback: as it is"},
		},
		"promoted: a fix after a rollback is waited for": {
			goal: verdict.Promoted, looks: []look{{late, rolledBack(failed), "shop:3"}},
			want: verdict.Result{Missing: `Deployment "foobar" asks for shop:3, and the controller is still at v2 (shop:2)`},
		},
		"promoted: a fix that waits to be let start is waited for": {
			goal: verdict.Promoted, looks: []look{{late, queued, "shop:2"}}, want: verdict.Result{Missing: "as it is"},
		},
		"promoted: fails as soon as it was reverted": {
			goal: verdict.Promoted, looks: []look{{0, testing2, "shop:2"}, {late, resting(one, record(two, v1alpha1.OutcomeReverted, 0)), "shop:1"}},
			want: verdict.Result{Done: true, Code: 1, Sentence: "canary.serin.dev/foobar: v2 (shop:2) was reverted: because"},
		},
		"promoted: the newer revision of a rollout that was superseded is followed": {
			goal: verdict.Promoted,
			looks: []look{
				{0, testing2, "shop:3"},
				{late, running(v1alpha1.PhaseProgressing, candidate(three, late), record(two, v1alpha1.OutcomeSuperseded, 0)), "shop:3"},
				{2 * late, resting(three, record(three, v1alpha1.OutcomePromoted, late)), "shop:3"},
			},
			want: verdict.Result{Done: true, Sentence: "canary.serin.dev/foobar promoted: as it is"},
		},
		"promoted: a Canary that was deleted": {
			goal: verdict.Promoted, looks: []look{{late, nil, "shop:1"}},
			want: verdict.Result{Done: true, Code: 1, Sentence: "the Canary was deleted before it was promoted"},
		},
		"promoted: a revision that serves needs no time": {
			goal: verdict.Promoted, revision: "rev1", looks: []look{{0, resting(one), "shop:1"}},
			want: verdict.Result{Done: true, Sentence: "canary.serin.dev/foobar promoted: v1 (shop:1) serves"},
		},
		"promoted: a revision that nobody knows yet is waited for": {
			goal: verdict.Promoted, revision: "rev7", looks: []look{{late, resting(one), "shop:1"}},
			want: verdict.Result{Missing: "revision rev7 is not under test: as it is"},
		},
		"promoted: a revision that was superseded": {
			goal: verdict.Promoted, revision: "rev2",
			looks: []look{{0, testing2, "shop:3"}, {1, running(v1alpha1.PhaseProgressing, candidate(three, late), record(two, v1alpha1.OutcomeSuperseded, 0)), "shop:3"}},
			want:  verdict.Result{Done: true, Code: 1, Sentence: "canary.serin.dev/foobar is not promoted: canary.serin.dev/foobar: v2 (shop:2) was superseded: because"},
		},
		"promoted: a revision that was rolled back": {
			goal: verdict.Promoted, revision: "rev2", looks: []look{{0, rolledBack(failed), "shop:2"}},
			want: verdict.Result{Done: true, Code: 1, Sentence: "canary.serin.dev/foobar is not promoted: as it is"},
		},
		"promoted: a revision that is tried again is not taken for its rollout of before": {
			goal: verdict.Promoted, revision: "rev2", looks: []look{{0, resting(one, failed), "shop:2"}, {1, retried, "shop:2"}},
			want: verdict.Result{Missing: "as it is"},
		},
		"rolledback: reached": {
			goal: verdict.RolledBack, looks: []look{{0, testing2, "shop:2"}, {late, rolledBack(failed), "shop:2"}},
			want: verdict.Result{Done: true, Sentence: "canary.serin.dev/foobar rolledback: as it is"},
		},
		"rolledback: fails when promoted": {
			goal: verdict.RolledBack, looks: []look{{late, resting(two), "shop:2"}},
			want: verdict.Result{Done: true, Code: 1, Sentence: "canary.serin.dev/foobar is not rolledback but promoted: as it is"},
		},
		"rolledback: not while the traffic is on its way": {
			goal: verdict.RolledBack, looks: []look{{late, running(v1alpha1.PhaseRollingBack, candidate(two, 0), failed), "shop:2"}},
			want: verdict.Result{Missing: "as it is"},
		},
		"paused: reached": {
			goal: verdict.Paused, looks: []look{{late, paused(two), "shop:2"}},
			want: verdict.Result{Done: true, Sentence: "canary.serin.dev/foobar paused: as it is"},
		},
		"paused: the pause of an older rollout does not count": {
			goal: verdict.Paused, looks: []look{{late, paused(two), "shop:3"}},
			want: verdict.Result{Missing: `Deployment "foobar" asks for shop:3, and the controller is still at v2 (shop:2)`},
		},
		"paused: a revision": {
			goal: verdict.Paused, revision: "rev2", looks: []look{{0, paused(two), "shop:2"}},
			want: verdict.Result{Done: true, Sentence: "canary.serin.dev/foobar paused: as it is"},
		},
		"paused: fails when the rollout ended": {
			goal: verdict.Paused, looks: []look{{0, testing2, "shop:2"}, {late, resting(two), "shop:2"}},
			want: verdict.Result{Done: true, Code: 1, Sentence: "canary.serin.dev/foobar is not paused but promoted: as it is"},
		},
		"promoted: a pause is waited through": {
			goal: verdict.Promoted, looks: []look{{late, paused(two), "shop:2"}}, want: verdict.Result{Missing: "as it is"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			wait := verdict.Wait{Goal: test.goal, Revision: test.revision, Settle: 5 * time.Second, Started: start}
			var got verdict.Result
			for _, l := range test.looks {
				target := deployment("foobar", l.target)
				got = wait.Judge(verdict.Facts{Canary: l.canary, Target: &target, Now: start.Add(l.after)})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWaitSeesAChangeThatIsNoImage(t *testing.T) {
	old, changed := corev1.EnvVar{Name: "COLOUR", Value: "blue"}, corev1.EnvVar{Name: "COLOUR", Value: "green"}
	for name, test := range map[string]struct {
		asked corev1.EnvVar
		want  verdict.Result
	}{
		"another value of a variable": {changed, verdict.Result{Missing: `Deployment "foobar" asks for other containers than v1 runs`}},
		"the same value":              {old, verdict.Result{Done: true, Sentence: "canary.serin.dev/foobar promoted: as it is"}},
	} {
		t.Run(name, func(t *testing.T) {
			wait := verdict.Wait{Goal: verdict.Promoted, Settle: 5 * time.Second, Started: start}
			target := deployment("foobar", "shop:1", test.asked)
			got := wait.Judge(verdict.Facts{
				Canary: resting(one), Target: &target, Versions: []appsv1.Deployment{made("v1", "shop:1", old)}, Now: start.Add(time.Minute),
			})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
