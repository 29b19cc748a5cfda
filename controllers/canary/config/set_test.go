package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var set = Set{
	{Ref: Ref{Kind: ConfigMap, Name: "b"}, Found: true, Tracked: true, Digest: "11"},
	{Ref: Ref{Kind: ConfigMap, Name: "left-alone"}, Found: true},
	{Ref: Ref{Kind: ConfigMap, Name: "maybe", Optional: true}, Tracked: true, Digest: absent},
	{Ref: Ref{Kind: Secret, Name: "a"}, Tracked: true, Digest: absent},
}

func TestMissingIsWhatIsNeededAndAbsent(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff([]Ref{{Kind: Secret, Name: "a"}}, set.Missing()); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}

func TestDigestsAreLinesOfWhatIsTracked(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff([]string{"ConfigMap/b=11", "ConfigMap/maybe=absent", "Secret/a=absent"}, set.Digests()); diff != "" {
		t.Errorf("digests (-want +got):\n%s", diff)
	}
	if got := (Set{}).Digests(); len(got) > 0 {
		t.Errorf("digests of nothing: %q", got)
	}
}

func TestPointTurnsOnlyWhatIsTracked(t *testing.T) {
	t.Parallel()
	pod := func(names ...string) corev1.PodSpec {
		return projected(
			corev1.VolumeProjection{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: named(names[0])}},
			corev1.VolumeProjection{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: named(names[0]), Optional: ptr.To(true)}},
			corev1.VolumeProjection{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: named(names[1])}},
			corev1.VolumeProjection{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: named(names[2]), Optional: ptr.To(true)}},
		)
	}
	spec := pod("b", "left-alone", "maybe")
	set.Point(&spec, "foobar-v2")
	if diff := cmp.Diff(pod("foobar-v2-b", "left-alone", "foobar-v2-maybe"), spec); diff != "" {
		t.Errorf("pod (-want +got):\n%s", diff)
	}
}

func TestDigestTellsContentsApart(t *testing.T) {
	t.Parallel()
	text := func(pairs ...string) client.Object {
		data := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			data[pairs[i]] = pairs[i+1]
		}
		return &corev1.ConfigMap{Data: data}
	}
	contents := map[string]client.Object{
		"nothing":                        &corev1.ConfigMap{},
		"one key":                        text("a", "b"),
		"another key":                    text("b", "b"),
		"another value":                  text("a", "c"),
		"an empty value":                 text("a", ""),
		"two keys":                       text("a", "b", "c", "d"),
		"a value that looks like a key":  text("a", "b\n1 c 1 d"),
		"the same as binary data":        &corev1.ConfigMap{BinaryData: map[string][]byte{"a": []byte("b")}},
		"the same as a Secret":           &corev1.Secret{Data: map[string][]byte{"a": []byte("b")}},
		"the same as a Secret of a type": &corev1.Secret{Type: corev1.SecretTypeOpaque, Data: map[string][]byte{"a": []byte("b")}},
	}
	seen := map[string]string{}
	for name, content := range contents {
		d := digest(content)
		if other, ok := seen[d]; ok {
			t.Errorf("%s has the digest of %s", name, other)
		}
		seen[d] = name
	}
	if digest(&corev1.ConfigMap{Data: map[string]string{}}) != digest(&corev1.ConfigMap{}) {
		t.Error("no data and empty data have different digests")
	}
}
