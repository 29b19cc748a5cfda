package canary

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// targetOf is the user's TrafficTarget by which web may call an account.
func targetOf(name, account string) access.TrafficTarget {
	return access.TrafficTarget{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
		Spec: access.TrafficTargetSpec{
			Destination: access.Subject{Kind: "ServiceAccount", Name: account, Port: 8080},
			Sources:     []access.Subject{{Kind: "ServiceAccount", Name: "web"}},
			Rules:       []access.Rule{{Kind: "TCPRoute", Name: "http"}},
		},
	}
}

func accountNamed(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "shop", Name: name}
}

func TestMirrors(t *testing.T) {
	canary := underTest()
	canary.UID = "1"
	mine := func(from access.TrafficTarget, to string) access.TrafficTarget {
		return *mirrorOf(canary, &from, accountNamed(to), origin(canary, &from))
	}
	with := func(t access.TrafficTarget, change func(*access.TrafficTarget)) access.TrafficTarget {
		change(&t)
		return t
	}
	web := targetOf("web", "old")
	cases := map[string]struct {
		targets                []access.TrafficTarget
		write, surplus, refuse string
	}{
		"nothing is about stable": {targets: []access.TrafficTarget{targetOf("x", "other")}},
		"one is not there yet":    {targets: []access.TrafficTarget{web}, write: "web-new"},
		"one is there":            {targets: []access.TrafficTarget{web, mine(web, "new")}},
		"one is behind": {
			targets: []access.TrafficTarget{with(web, func(t *access.TrafficTarget) { t.Spec.Sources = nil }), mine(web, "new")}, write: "web-new",
		},
		"one was edited by hand": {
			targets: []access.TrafficTarget{web, with(mine(web, "new"), func(t *access.TrafficTarget) { t.Spec.Rules = nil })}, write: "web-new",
		},
		"what it copied is gone":                      {targets: []access.TrafficTarget{mine(web, "new")}, surplus: "web-new"},
		"the name is taken":                           {targets: []access.TrafficTarget{web, targetOf("web-new", "database")}, refuse: "web-new"},
		"what another's is about the candidate stays": {targets: []access.TrafficTarget{targetOf("theirs", "new")}},
		"what is not understood grants nothing to copy": {
			targets: []access.TrafficTarget{with(web, func(t *access.TrafficTarget) { t.Spec.Problems = []string{"no"} })},
		},
		"a destination that is no ServiceAccount": {
			targets: []access.TrafficTarget{with(web, func(t *access.TrafficTarget) { t.Spec.Destination.Kind = "IdentityBinding" })},
		},
		"a destination that names its namespace": {
			targets: []access.TrafficTarget{with(web, func(t *access.TrafficTarget) { t.Spec.Destination.Namespace = "shop" })}, write: "web-new",
		},
		"a mirror of a mirror has the first one's name": {targets: []access.TrafficTarget{mine(targetOf("web", "older"), "old")}, write: "web-new"},
		"two of one origin": {
			targets: []access.TrafficTarget{web, mine(targetOf("web", "older"), "old")}, write: "web-new web-old-new",
		},
		"mirrors for others stay": {targets: []access.TrafficTarget{web, mine(web, "new"), mine(web, "third")}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			m := mirrored{}
			for _, target := range tc.targets {
				if ownedBy(&target, canary) {
					m.own = append(m.own, target)
				}
			}
			m.compare(canary, tc.targets, accountNamed("old"), accountNamed("new"))
			got := []string{namesOf(m.write), namesOf(m.surplus), strings.Join(m.taken, " ")}
			if diff := cmp.Diff([]string{tc.write, tc.surplus, tc.refuse}, got); diff != "" {
				t.Errorf("writes, removes and refuses (-want +got):\n%s", diff)
			}
			for _, w := range m.write {
				if d := w.Spec.Destination; d.Name != "new" || d.Port != 8080 || !ownedBy(&w, canary) || w.Labels[v1alpha1.LabelManagedBy] != "serin" {
					t.Errorf("writes %+v", w)
				}
			}
		})
	}
	if web.Spec.Destination.Name != "old" {
		t.Error("the original was changed")
	}
}

func namesOf(targets []access.TrafficTarget) string {
	var names []string
	for _, t := range targets {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// TestUnusedMirrors has mirrors for the accounts a, b and c.
func TestUnusedMirrors(t *testing.T) {
	version := func(n int, role analysis.Role) analysis.Version {
		return analysis.Version{Name: fmt.Sprintf("v%d", n), Role: role}
	}
	cases := map[string]struct {
		runs     map[string]string // accounts by version
		planned  []analysis.Version
		testing  bool
		deleting bool
		target   string
		want     string
	}{
		"promoted: what stable needs stays": {
			runs: map[string]string{"v2": "a"}, planned: []analysis.Version{version(2, analysis.RoleStable)}, target: "a", want: "m-b m-c",
		},
		"rolled back, and not drained yet": {
			runs: map[string]string{"v1": "x", "v2": "a"}, planned: []analysis.Version{version(1, analysis.RoleStable), version(2, analysis.RoleRetiring)},
			target: "a", want: "m-b m-c",
		},
		"rolled back, and its Deployment is still there": {
			runs: map[string]string{"v1": "x", "v2": "a"}, planned: []analysis.Version{version(1, analysis.RoleStable)}, target: "a", want: "m-b m-c",
		},
		"rolled back and gone": {
			runs: map[string]string{"v1": "x"}, planned: []analysis.Version{version(1, analysis.RoleStable)}, target: "a", want: "m-a m-b m-c",
		},
		"a candidate that has no Deployment yet": {
			runs: map[string]string{"v1": "x"}, planned: []analysis.Version{version(1, analysis.RoleStable), version(2, analysis.RoleCandidate)},
			testing: true, target: "a", want: "m-b m-c",
		},
		"somebody deleted stable's Deployment": {planned: []analysis.Version{version(1, analysis.RoleStable)}, target: "a"},
		"the Canary is deleted":                {deleting: true, target: "a", want: "m-b m-c"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			canary, w := underTest(), &world{deployments: map[string]*appsv1.Deployment{}, target: versionWith(tc.target, 1)}
			plan := analysis.Plan{Versions: tc.planned}
			if tc.testing {
				plan.Status.Candidate = canary.Status.Candidate
			}
			if tc.deleting {
				canary.DeletionTimestamp = &metav1.Time{Time: noon}
			}
			for v, account := range tc.runs {
				w.deployments[v] = versionWith(account, 1)
			}
			m := mirrored{own: []access.TrafficTarget{targetOf("m-a", "a"), targetOf("m-b", "b"), targetOf("m-c", "c")}}
			if got := namesOf(m.unused(canary, w, plan)); got != tc.want {
				t.Errorf("removes %q, want %q", got, tc.want)
			}
		})
	}
}

func TestMirrorsThatWereWrittenAreLookedForSoon(t *testing.T) {
	wrote := mirrored{write: []access.TrafficTarget{targetOf("web", "a")}}
	for name, tc := range map[string]struct {
		m             mirrored
		planned, want time.Duration
	}{
		"nothing was written":    {planned: time.Minute, want: time.Minute},
		"a long wait":            {m: wrote, planned: time.Minute, want: mirrorsSeen},
		"no wait but for events": {m: wrote, want: mirrorsSeen},
		"a short wait":           {m: wrote, planned: time.Millisecond, want: time.Millisecond},
	} {
		if got := tc.m.wait(tc.planned); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}
