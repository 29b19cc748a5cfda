package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

func named(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }

func env(source *corev1.EnvVarSource) corev1.Container {
	return corev1.Container{Name: "app", Env: []corev1.EnvVar{{Name: "A", Value: "b"}, {Name: "X", ValueFrom: source}}}
}

func app(c corev1.Container) corev1.PodSpec { return corev1.PodSpec{Containers: []corev1.Container{c}} }

func volume(source corev1.VolumeSource) corev1.PodSpec {
	return corev1.PodSpec{Volumes: []corev1.Volume{{Name: "v", VolumeSource: source}}}
}

func projected(sources ...corev1.VolumeProjection) corev1.PodSpec {
	return volume(corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: sources}})
}

func TestRefs(t *testing.T) {
	t.Parallel()
	keyOf := &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: named("a"), Key: "k"}}
	cases := map[string]struct {
		spec corev1.PodSpec
		want []Ref
	}{
		"a pod without configuration": {spec: app(corev1.Container{Name: "app", Env: []corev1.EnvVar{{Name: "A", Value: "b"}}})},
		"a variable from a ConfigMap": {app(env(keyOf)), []Ref{{Kind: ConfigMap, Name: "a"}}},
		"a variable from a Secret": {
			app(env(&corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: named("a"), Key: "k", Optional: ptr.To(true)}})),
			[]Ref{{Kind: Secret, Name: "a", Optional: true}},
		},
		"a variable from a field of the pod": {
			spec: app(env(&corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}})),
		},
		"all variables of a ConfigMap and of a Secret": {
			app(corev1.Container{EnvFrom: []corev1.EnvFromSource{
				{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: named("b")}},
				{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: named("a"), Optional: ptr.To(true)}},
			}}),
			[]Ref{{Kind: ConfigMap, Name: "a", Optional: true}, {Kind: Secret, Name: "b"}},
		},
		"an init container": {corev1.PodSpec{InitContainers: []corev1.Container{env(keyOf)}}, []Ref{{Kind: ConfigMap, Name: "a"}}},
		"a ConfigMap as a volume": {
			volume(corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: named("a")}}), []Ref{{Kind: ConfigMap, Name: "a"}},
		},
		"a Secret as a volume": {
			volume(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "a", Optional: ptr.To(false)}}), []Ref{{Kind: Secret, Name: "a"}},
		},
		"both in a projected volume, beside a token": {
			projected(
				corev1.VolumeProjection{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token"}},
				corev1.VolumeProjection{Secret: &corev1.SecretProjection{LocalObjectReference: named("b")}},
				corev1.VolumeProjection{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: named("a"), Optional: ptr.To(true)}},
			),
			[]Ref{{Kind: ConfigMap, Name: "a", Optional: true}, {Kind: Secret, Name: "b"}},
		},
		"what is needed once is not optional": {
			corev1.PodSpec{
				Containers: []corev1.Container{env(keyOf), {EnvFrom: []corev1.EnvFromSource{
					{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: named("a"), Optional: ptr.To(true)}},
				}}},
			},
			[]Ref{{Kind: ConfigMap, Name: "a"}},
		},
		"a ConfigMap and a Secret of one name are two": {
			projected(
				corev1.VolumeProjection{Secret: &corev1.SecretProjection{LocalObjectReference: named("a")}},
				corev1.VolumeProjection{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: named("a")}},
			),
			[]Ref{{Kind: ConfigMap, Name: "a"}, {Kind: Secret, Name: "a"}},
		},
		"an empty name leads nowhere": {
			spec: volume(corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{}}),
		},
		"what the node and volume drivers use is left alone": {spec: corev1.PodSpec{
			ImagePullSecrets: []corev1.LocalObjectReference{named("registry")},
			Volumes: []corev1.Volume{
				{VolumeSource: corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{NodePublishSecretRef: ptr.To(named("csi"))}}},
				{VolumeSource: corev1.VolumeSource{AzureFile: &corev1.AzureFileVolumeSource{SecretName: "azure"}}},
				{VolumeSource: corev1.VolumeSource{RBD: &corev1.RBDVolumeSource{SecretRef: ptr.To(named("rbd"))}}},
			},
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := c.spec.DeepCopy()
			if diff := cmp.Diff(c.want, Refs(&corev1.PodTemplateSpec{Spec: c.spec})); diff != "" {
				t.Errorf("references (-want +got):\n%s", diff)
			}
			Rewrite(&c.spec, func(Ref) (string, bool) { return "", false })
			if diff := cmp.Diff(*before, c.spec); diff != "" {
				t.Errorf("looking changed the pod (-before +after):\n%s", diff)
			}
		})
	}
}

func TestRewriteTurnsWhatItIsToldTo(t *testing.T) {
	t.Parallel()
	pod := func(a, b string) corev1.PodSpec {
		return projected(
			corev1.VolumeProjection{Secret: &corev1.SecretProjection{LocalObjectReference: named(a)}},
			corev1.VolumeProjection{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: named(b), Optional: ptr.To(true)}},
		)
	}
	spec := pod("a", "b")
	Rewrite(&spec, func(r Ref) (string, bool) {
		return "v1-" + r.Name, r == Ref{Kind: ConfigMap, Name: "b", Optional: true}
	})
	if diff := cmp.Diff(pod("a", "v1-b"), spec); diff != "" {
		t.Errorf("pod (-want +got):\n%s", diff)
	}
}

// A new release of Kubernetes may bring new places. Each has to be listed here: either as one that Refs finds, or as one that is
// left alone on purpose.
func TestEveryPlaceOfAPodIsKnown(t *testing.T) {
	t.Parallel()
	want := []string{
		"Containers.Env.ValueFrom.ConfigMapKeyRef", "Containers.Env.ValueFrom.SecretKeyRef",
		"Containers.EnvFrom.ConfigMapRef", "Containers.EnvFrom.SecretRef",
		"EphemeralContainers.EphemeralContainerCommon.Env.ValueFrom.ConfigMapKeyRef", // A template has none.
		"EphemeralContainers.EphemeralContainerCommon.Env.ValueFrom.SecretKeyRef",
		"EphemeralContainers.EphemeralContainerCommon.EnvFrom.ConfigMapRef",
		"EphemeralContainers.EphemeralContainerCommon.EnvFrom.SecretRef",
		"ImagePullSecrets", // The node's.
		"InitContainers.Env.ValueFrom.ConfigMapKeyRef", "InitContainers.Env.ValueFrom.SecretKeyRef",
		"InitContainers.EnvFrom.ConfigMapRef", "InitContainers.EnvFrom.SecretRef",
		"Volumes.VolumeSource.AzureFile.SecretName", // Volume drivers', as those that follow without a comment.
		"Volumes.VolumeSource.CSI.NodePublishSecretRef",
		"Volumes.VolumeSource.CephFS.SecretFile",
		"Volumes.VolumeSource.CephFS.SecretRef",
		"Volumes.VolumeSource.Cinder.SecretRef",
		"Volumes.VolumeSource.ConfigMap", // Found.
		"Volumes.VolumeSource.FlexVolume.SecretRef",
		"Volumes.VolumeSource.ISCSI.SecretRef",
		"Volumes.VolumeSource.Projected.Sources.ConfigMap", // Found.
		"Volumes.VolumeSource.Projected.Sources.Secret",    // Found.
		"Volumes.VolumeSource.RBD.SecretRef",
		"Volumes.VolumeSource.ScaleIO.SecretRef",
		"Volumes.VolumeSource.Secret", // Found.
		"Volumes.VolumeSource.StorageOS.SecretRef",
	}
	got := places(reflect.TypeFor[corev1.PodSpec](), "")
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places of a pod that name a ConfigMap or a Secret (-known +there):\n%s", diff)
	}
}

// places are the fields below a type whose name speaks of a ConfigMap or a Secret.
func places(in reflect.Type, path string) []string {
	for in.Kind() == reflect.Pointer || in.Kind() == reflect.Slice {
		in = in.Elem()
	}
	if in.Kind() != reflect.Struct || !strings.HasPrefix(in.PkgPath(), "k8s.io/api/core/") {
		return nil
	}
	var found []string
	for f := range in.Fields() {
		if strings.Contains(f.Name, "Secret") || strings.Contains(f.Name, "ConfigMap") {
			found = append(found, path+f.Name)
			continue
		}
		found = append(found, places(f.Type, path+f.Name+".")...)
	}
	return found
}
