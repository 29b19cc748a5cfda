package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"
)

func drawName(t *rapid.T) string { return rapid.StringMatching(`[a-d]`).Draw(t, "name") }

func drawOptional(t *rapid.T) *bool {
	return rapid.SampledFrom([]*bool{nil, ptr.To(true), ptr.To(false)}).Draw(t, "optional")
}

func drawContainer(t *rapid.T) corev1.Container {
	c := corev1.Container{Name: drawName(t), Image: drawName(t)}
	for range rapid.IntRange(0, 3).Draw(t, "variables") {
		v := corev1.EnvVar{Name: drawName(t)}
		switch rapid.IntRange(0, 2).Draw(t, "from") {
		case 0:
			v.Value = drawName(t)
		case 1:
			v.ValueFrom = &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
				LocalObjectReference: named(drawName(t)), Key: drawName(t), Optional: drawOptional(t),
			}}
		case 2:
			v.ValueFrom = &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: named(drawName(t)), Key: drawName(t), Optional: drawOptional(t),
			}}
		}
		c.Env = append(c.Env, v)
	}
	if rapid.Bool().Draw(t, "all of a ConfigMap") {
		c.EnvFrom = append(c.EnvFrom, corev1.EnvFromSource{
			Prefix: drawName(t), ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: named(drawName(t)), Optional: drawOptional(t)},
		})
	}
	if rapid.Bool().Draw(t, "all of a Secret") {
		c.EnvFrom = append(c.EnvFrom, corev1.EnvFromSource{
			SecretRef: &corev1.SecretEnvSource{LocalObjectReference: named(drawName(t)), Optional: drawOptional(t)},
		})
	}
	return c
}

func drawVolume(t *rapid.T) corev1.Volume {
	v := corev1.Volume{Name: drawName(t)}
	items := []corev1.KeyToPath{{Key: drawName(t), Path: drawName(t)}}
	switch rapid.IntRange(0, 3).Draw(t, "volume") {
	case 0:
		v.ConfigMap = &corev1.ConfigMapVolumeSource{LocalObjectReference: named(drawName(t)), Items: items, Optional: drawOptional(t)}
	case 1:
		v.Secret = &corev1.SecretVolumeSource{SecretName: drawName(t), Items: items, Optional: drawOptional(t)}
	case 2:
		v.Projected = &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: named(drawName(t)), Items: items, Optional: drawOptional(t)}},
			{Secret: &corev1.SecretProjection{LocalObjectReference: named(drawName(t)), Items: items, Optional: drawOptional(t)}},
		}}
	case 3:
		v.CSI = &corev1.CSIVolumeSource{Driver: drawName(t), NodePublishSecretRef: ptr.To(named(drawName(t)))}
	}
	return v
}

func drawSpec(t *rapid.T) corev1.PodSpec {
	return corev1.PodSpec{
		InitContainers:   rapid.SliceOfN(rapid.Custom(drawContainer), 0, 2).Draw(t, "init containers"),
		Containers:       rapid.SliceOfN(rapid.Custom(drawContainer), 0, 2).Draw(t, "containers"),
		Volumes:          rapid.SliceOfN(rapid.Custom(drawVolume), 0, 3).Draw(t, "volumes"),
		ImagePullSecrets: []corev1.LocalObjectReference{named(drawName(t))},
	}
}

func TestRewriteChangesTheReferencesAndNothingElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before := drawSpec(t)
		kept := rapid.StringMatching(`[a-d]`).Draw(t, "kept")
		turn := func(r Ref) string {
			if r.Name == kept {
				return r.Name
			}
			return CopyName("foobar-v2", r.Name)
		}
		var want []Ref
		for _, r := range Refs(&corev1.PodTemplateSpec{Spec: before}) {
			want = append(want, Ref{Kind: r.Kind, Name: turn(r), Optional: r.Optional})
		}

		after := before.DeepCopy()
		Rewrite(after, func(r Ref) (string, bool) { return turn(r), r.Name != kept })
		inOrder := cmpopts.SortSlices(func(a, b Ref) bool { return a.String() < b.String() })
		if diff := cmp.Diff(want, Refs(&corev1.PodTemplateSpec{Spec: *after}), inOrder); diff != "" {
			t.Fatalf("references after (-want +got):\n%s", diff)
		}
		Rewrite(after, func(r Ref) (string, bool) { return strings.TrimPrefix(r.Name, "foobar-v2-"), true })
		if diff := cmp.Diff(before, *after); diff != "" {
			t.Fatalf("something else changed (-before +after and back):\n%s", diff)
		}
	})
}

func TestCopyName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 252)
	cases := map[string]struct{ backend, original, want string }{
		"backend and original":              {"foobar-v2", "settings", "foobar-v2-settings"},
		"a name with dots":                  {"foobar-v2", "settings.prod", "foobar-v2-settings.prod"},
		"the longest that fits":             {"v2", long[:250], "v2-" + long[:250]},
		"one more is cut":                   {"v2", long[:251], "v2-" + long[:237] + "-34eca53fa5dd"},
		"a cut at a dot leaves no dot":      {"v2", long[:236] + "." + long[:15], "v2-" + long[:236] + "-665ed63e225f"},
		"a name that nothing can have":      {"foobar-v2", "Settings!", "foobar-v2-cde5cac10945"},
		"a backend that nothing can have":   {"", "settings", "copy-2c56bef4a1f9"},
		"a name that differs only past 253": {"v2", long[:251] + "b", "v2-" + long[:237] + "-eea02e1ad465"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := CopyName(c.backend, c.original); got != c.want {
				t.Errorf("CopyName(%q, %q) = %q, want %q", c.backend, c.original, got, c.want)
			}
		})
	}
}

func FuzzCopyName(f *testing.F) {
	f.Add("foobar-v2", "settings")
	f.Add("foobar-v2", strings.Repeat("a.", 126)+"a")
	f.Add(strings.Repeat("-", 300), "ä..b")
	f.Fuzz(func(t *testing.T, backend, original string) {
		if problems := validation.IsDNS1123Subdomain(CopyName(backend, original)); len(problems) > 0 {
			t.Errorf("CopyName(%q, %q) = %q: %v", backend, original, CopyName(backend, original), problems)
		}
	})
}
