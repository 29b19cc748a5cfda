package analysis

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

func TestWhatReturns(t *testing.T) {
	retiring := func(r v1alpha1.RetiringStatus) func(*scene) {
		return func(s *scene) {
			r.Version, r.Revision, r.Image, r.LostAt = "v2", "rev-2", "shop:2", ago(5*time.Second)
			s.status.Retiring, s.status.LastVersion, s.seen.HighestVersion = []v1alpha1.RetiringStatus{r}, 2, 2
			s.seen.Versions["v2"] = Backend{Endpoints: 3, Replicas: 3}
			asksFor("2")(s)
		}
	}
	cases := map[string]struct {
		mods []func(*scene)
		want string // the candidate, and whether it returns
	}{
		"what was stable a moment ago returns": {
			[]func(*scene){retiring(v1alpha1.RetiringStatus{Proven: true})}, "v2 returns",
		},
		"what never was stable is a new version": {
			[]func(*scene){retiring(v1alpha1.RetiringStatus{})}, "v3",
		},
		"what was stable and has lost its pods is a new version": {
			[]func(*scene){retiring(v1alpha1.RetiringStatus{Proven: true}), func(s *scene) {
				s.seen.Versions["v2"] = Backend{Replicas: 3}
			}}, "v3",
		},
		"nothing holds what returns": {
			[]func(*scene){retiring(v1alpha1.RetiringStatus{Proven: true}), func(s *scene) {
				s.spec.Suspend = true
				s.seen.Holds = Holds{Freeze: &Freeze{}, Slots: &Slots{}, Window: &Opening{}}
			}}, "v2 returns",
		},
		"a name that is taken does": {
			[]func(*scene){retiring(v1alpha1.RetiringStatus{Proven: true}), func(s *scene) { s.seen.Blocked = "taken" }}, "",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := ""
			if c := in(v1alpha1.PhaseSucceeded, tc.mods...).decide().Status.Candidate; c != nil {
				got = c.Version
				if c.Returning {
					got += " returns"
				}
			}
			if got != tc.want {
				t.Errorf("the candidate is %q, want %q", got, tc.want)
			}
		})
	}
}

func TestWhatWasToReturnKeepsItsPods(t *testing.T) {
	for name, c := range map[string]struct {
		returning bool
		want      string
	}{
		"it was stable a moment ago": {true, "v2"},
		"it never had traffic":       {false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := in(v1alpha1.PhasePromoting, asksFor("3"))
			s.status.Candidate.Weight, s.status.Candidate.Returning = 0, c.returning
			s.seen.Traffic.Landed = map[string]int64{"v1": 100}
			got := ""
			for _, r := range s.decide().Status.Retiring {
				got += r.Version
			}
			if got != c.want {
				t.Errorf("%q retires, want %q", got, c.want)
			}
		})
	}
}
