package analysis

import (
	"fmt"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
)

// taken writes what a teardown plans, in one line.
func taken(p Plan) string {
	target := "target left"
	if p.TargetReplicas != nil {
		target = fmt.Sprintf("target to %d", *p.TargetReplicas)
	}
	split := map[Existence]string{Leave: "split left", Present: "split kept", Absent: "split gone"}[p.Split]
	end := "waits"
	if p.Finished {
		end = "finished"
	}
	return fmt.Sprintf("%s, apex %q, %s, %d%%, %s", target, p.Apex, split, p.Weights.Candidate(), end)
}

func TestTeardownInEveryPhase(t *testing.T) {
	restored := func(s *scene) {
		s.seen.Target.Replicas, s.seen.Target.Ready = 3, 3
		s.seen.Apex = Apex{Found: true, Leads: LeadTarget, PodEndpoints: 3}
	}
	for _, phase := range phases {
		if phase == v1alpha1.PhaseInitializing {
			continue // nothing was taken from the target yet: see below
		}
		t.Run(string(phase), func(t *testing.T) {
			steps := []struct {
				when string
				mod  func(*scene)
				want string
			}{
				{"the target is scaled to 0", func(*scene) {}, `target to 3, apex "", split kept, 0%, waits`},
				{"its pods start", func(s *scene) { s.seen.Target.Replicas, s.seen.Target.Ready = 3, 2 }, `target left, apex "", split kept, 0%, waits`},
				{"they are ready", func(s *scene) { s.seen.Target.Replicas, s.seen.Target.Ready = 3, 3 }, `target left, apex "Target", split kept, 0%, waits`},
				{"the apex leads to them and has no endpoints yet", func(s *scene) { restored(s); s.seen.Apex.PodEndpoints = 0 }, `target left, apex "Target", split kept, 0%, waits`},
				{"the apex has endpoints", restored, `target left, apex "", split gone, 0%, waits`},
				{"the split is gone and proxies still have connections", func(s *scene) {
					restored(s)
					s.status.WithdrawnAt, s.seen.Apex.ProxyEndpoints = ago(time.Hour), 1
				}, `target left, apex "", split gone, 0%, waits`},
				{"scaleDownDelay is not over", func(s *scene) { restored(s); s.status.WithdrawnAt = ago(29 * time.Second) }, `target left, apex "", split gone, 0%, waits`},
				{"it is", func(s *scene) { restored(s); s.status.WithdrawnAt = ago(30 * time.Second) }, `target left, apex "", split gone, 0%, finished`},
				{"the target loses its pods on the way", func(s *scene) {
					restored(s)
					s.status.WithdrawnAt, s.seen.Target.Ready = ago(time.Hour), 0
				}, `target left, apex "", split gone, 0%, waits`},
				{"the target is gone", func(s *scene) { s.seen.Target = Target{} }, `target left, apex "", split kept, 0%, finished`},
				{"so is the split, as in a namespace that is deleted", func(s *scene) {
					s.seen.Target, s.seen.Traffic = Target{}, Traffic{}
				}, `target left, apex "", split left, 0%, finished`},
			}
			for _, step := range steps {
				s := in(phase)
				s.seen.Deleting = true
				step.mod(s)
				plan := s.decide()
				if got := taken(plan); got != step.want {
					t.Errorf("%s: %s, want %s", step.when, got, step.want)
				}
				if plan.Measure || (plan.Wait == 0) != plan.Finished {
					t.Errorf("%s: measures %t, waits %s", step.when, plan.Measure, plan.Wait)
				}
			}
		})
	}
}

func TestTeardown(t *testing.T) {
	cases := map[string]struct {
		reason  string
		mod     func(*scene)
		want    string
		message string
		notes   []string
	}{
		"waiting for pods": {
			mod:     func(s *scene) { s.seen.Target.Replicas, s.seen.Target.Ready = 3, 1 },
			want:    `target left, apex "", split kept, 0%, waits`,
			message: `the Canary is being deleted: waiting for the pods of Deployment "shop", 1 of 3 ready`,
		},
		"leading the apex back": {
			mod:     func(s *scene) { s.seen.Target.Replicas, s.seen.Target.Ready = 3, 3 },
			want:    `target left, apex "Target", split kept, 0%, waits`,
			message: "the Canary is being deleted: leading the apex back to the target's pods",
		},
		"a version that the target does not run any more is waited for": {
			reason:  "the apex's own selector fits its pods",
			mod:     func(s *scene) { s.seen.Target.Replicas, s.seen.Target.Ready, s.seen.Target.Revision = 3, 3, "rev-1" },
			want:    `target left, apex "", split kept, 0%, waits`,
			message: "the Canary is being deleted: waiting until v2 has no pods, which callers would reach by the apex's own selector",
		},
		"so are its pods when it is gone": {
			mod: func(s *scene) {
				*s = *in(v1alpha1.PhaseSucceeded)
				s.seen.Target.Replicas, s.seen.Target.Ready = 3, 3
				s.seen.Versions["v2"] = Backend{Endpoints: 1}
			},
			want:    `target left, apex "", split kept, 0%, waits`,
			message: "the Canary is being deleted: waiting until v2 has no pods, which callers would reach by the apex's own selector",
		},
		"it is not waited for longer than it may take": {
			reason: "nobody says what it gets",
			mod: func(s *scene) {
				*s = *in(v1alpha1.PhaseSucceeded)
				s.drive(v1alpha1.ProviderGateway)
				s.status.Retiring = []v1alpha1.RetiringStatus{{Version: "v2", Revision: "rev-2", LostAt: ago(151 * time.Second)}}
				s.seen.Target.Replicas, s.seen.Target.Ready = 3, 3
				s.seen.Versions["v2"] = Backend{Endpoints: 1, Replicas: 1}
			},
			want:    `target left, apex "Target", split kept, 0%, waits`,
			message: "the Canary is being deleted: leading the apex back to the target's pods",
		},
		"done": {
			mod: func(s *scene) {
				s.seen.Target.Replicas, s.seen.Target.Ready = 3, 3
				s.seen.Apex, s.status.WithdrawnAt = Apex{Found: true, Leads: LeadTarget, PodEndpoints: 3}, ago(time.Minute)
			},
			want:    `target left, apex "", split gone, 0%, finished`,
			message: "the Canary is being deleted: the target serves; waiting until no version has traffic",
			notes:   []string{"Restored: the target serves again with 3 ready pods"},
		},
		"nothing was made": {
			mod:     func(s *scene) { s.status, s.seen.Versions = v1alpha1.CanaryStatus{}, nil },
			want:    `target left, apex "", split left, 0%, finished`,
			message: "the Canary is being deleted: there is nothing to restore",
		},
		"the first version never served and the target is broken": {
			reason: "nothing was taken from it, so there is nothing to wait for",
			mod: func(s *scene) {
				*s = *in(v1alpha1.PhaseInitializing)
				s.seen.Target.Ready = 0
			},
			want:    `target left, apex "", split left, 0%, finished`,
			message: "the Canary is being deleted: there is nothing to restore",
		},
		"the first version has its split and the target serves": {
			mod: func(s *scene) {
				*s = *in(v1alpha1.PhaseInitializing)
				s.seen.Versions["v1"], s.seen.Traffic = Backend{Endpoints: 3, Replicas: 3}, Traffic{Written: true}
			},
			want:    `target left, apex "", split gone, 0%, waits`,
			message: "the Canary is being deleted: the target serves; waiting until no version has traffic",
		},
		"an apex of someone else is left alone": {
			mod: func(s *scene) {
				s.seen.Target.Replicas, s.seen.Target.Ready = 3, 3
				s.seen.Apex = Apex{Found: true, Leads: LeadStable, Foreign: "someone owns it"}
			},
			want:    `target left, apex "", split gone, 0%, waits`,
			message: "the Canary is being deleted: the target serves; waiting until no version has traffic",
		},
		"an apex that was never led away is left alone": {
			mod: func(s *scene) {
				s.seen.Target.Replicas, s.seen.Target.Ready = 3, 3
				s.seen.Apex = Apex{Found: true, Leads: LeadElsewhere}
			},
			want:    `target left, apex "", split gone, 0%, waits`,
			message: "the Canary is being deleted: the target serves; waiting until no version has traffic",
		},
		"an apex of someone else, and a target that does not serve yet": {
			reason: "the split goes last",
			mod: func(s *scene) {
				s.seen.Apex = Apex{Found: true, Leads: LeadStable, Foreign: "someone owns it"}
			},
			want:    `target to 3, apex "", split kept, 0%, waits`,
			message: `the Canary is being deleted: waiting for the pods of Deployment "shop", 0 of 3 ready`,
		},
		"no apex": {
			mod: func(s *scene) {
				s.seen.Target.Replicas, s.seen.Target.Ready, s.seen.Apex = 3, 3, Apex{}
			},
			want:    `target left, apex "", split gone, 0%, waits`,
			message: "the Canary is being deleted: the target serves; waiting until no version has traffic",
		},
		"a target that someone else sizes keeps its size": {
			mod: func(s *scene) {
				s.seen.Target.Replicas, s.seen.Target.Ready, s.seen.Target.ReplicasOwner = 2, 1, "kubectl"
			},
			want:    `target left, apex "", split kept, 0%, waits`,
			message: `the Canary is being deleted: waiting for the pods of Deployment "shop", 1 of 2 ready`,
		},
		"a target that someone else scaled to 0 has what it asks for": {
			mod:     func(s *scene) { s.seen.Target.ReplicasOwner = "kubectl" },
			want:    `target left, apex "Target", split kept, 0%, waits`,
			message: "the Canary is being deleted: leading the apex back to the target's pods",
		},
		"spec.replicas is the size to go back to": {
			mod:     func(s *scene) { s.spec.Replicas = new(int32); *s.spec.Replicas = 7 },
			want:    `target to 7, apex "", split kept, 0%, waits`,
			message: `the Canary is being deleted: waiting for the pods of Deployment "shop", 0 of 7 ready`,
		},
		"without pods there are none to wait for": {
			mod:     func(s *scene) { s.spec.Replicas = new(int32) },
			want:    `target left, apex "Target", split kept, 0%, waits`,
			message: "the Canary is being deleted: leading the apex back to the target's pods",
		},
		"a command is too late": {
			mod:     func(s *scene) { s.seen.Command = say(v1alpha1.VerbPromote) },
			want:    `target to 3, apex "", split kept, 0%, waits`,
			message: `the Canary is being deleted: waiting for the pods of Deployment "shop", 0 of 3 ready`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(v1alpha1.PhaseProgressing)
			tc.mod(s)
			s.seen.Deleting = true
			wantNotes := tc.notes
			if s.status.Candidate != nil {
				wantNotes = append([]string{"Reverted: the Canary is being deleted: v2 (shop:2) gets no more traffic"}, wantNotes...)
			}
			plan := s.decide()
			if diff := cmp.Diff([]string{tc.want, tc.message}, []string{taken(plan), plan.Status.Message}); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(wantNotes, notes(plan)); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}
