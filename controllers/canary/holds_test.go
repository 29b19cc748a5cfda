package canary

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestFrozen(t *testing.T) {
	at := func(d time.Duration) *metav1.Time { return &metav1.Time{Time: noon.Add(d)} }
	cases := map[string]struct {
		freeze  *v1alpha1.Freeze
		want    *analysis.Freeze
		changes time.Time
	}{
		"no freeze": {},
		"without an end": {
			freeze: &v1alpha1.Freeze{Reason: "audit"}, want: &analysis.Freeze{Policy: "the policy", Reason: "audit"},
		},
		"with an end": {
			freeze: &v1alpha1.Freeze{Reason: "audit", Until: at(time.Hour)},
			want:   &analysis.Freeze{Policy: "the policy", Reason: "audit", Until: noon.Add(time.Hour)}, changes: noon.Add(time.Hour),
		},
		"that begins later":      {freeze: &v1alpha1.Freeze{From: at(time.Minute), Until: at(time.Hour)}, changes: noon.Add(time.Minute)},
		"that begins now":        {freeze: &v1alpha1.Freeze{From: at(0)}, want: &analysis.Freeze{Policy: "the policy"}},
		"that ends now":          {freeze: &v1alpha1.Freeze{Until: at(0)}},
		"that is over":           {freeze: &v1alpha1.Freeze{From: at(-time.Hour), Until: at(-time.Minute)}},
		"that ends before it is": {freeze: &v1alpha1.Freeze{From: at(time.Hour), Until: at(-time.Minute)}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, changes := frozen(policy{name: "the policy", spec: v1alpha1.RolloutPolicySpec{Freeze: tc.freeze}}, noon)
			if diff := cmp.Diff(tc.want, got); diff != "" || !changes.Equal(tc.changes) {
				t.Errorf("changes %s, want %s; (-want +got):\n%s", changes, tc.changes, diff)
			}
		})
	}
}

func TestOutlasts(t *testing.T) {
	endless, early, late := analysis.Freeze{}, analysis.Freeze{Until: noon}, analysis.Freeze{Until: noon.Add(time.Hour)}
	cases := map[string]struct {
		a, b analysis.Freeze
		want bool
	}{
		"an endless one outlasts one that ends":      {endless, late, true},
		"one that ends does not outlast an endless":  {late, endless, false},
		"the later end outlasts":                     {late, early, true},
		"the earlier does not":                       {early, late, false},
		"of two endless ones neither outlasts":       {endless, endless, false},
		"of two that end together neither does that": {early, early, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := outlasts(tc.a, tc.b); got != tc.want {
				t.Errorf("outlasts = %t", got)
			}
		})
	}
}

func TestSooner(t *testing.T) {
	var never time.Time
	later := noon.Add(time.Hour)
	for name, tc := range map[string]struct{ a, b, want time.Time }{
		"two instants":     {later, noon, noon},
		"never and one":    {never, noon, noon},
		"one and never":    {noon, never, noon},
		"never, both":      {never, never, never},
		"the same instant": {noon, noon, noon},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sooner(tc.a, tc.b); !got.Equal(tc.want) {
				t.Errorf("sooner = %s", got)
			}
		})
	}
}
