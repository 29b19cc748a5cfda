package config

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Kind is the kind of an object that holds configuration.
type Kind string

// Kinds of configuration.
const (
	ConfigMap Kind = "ConfigMap"
	Secret    Kind = "Secret"
)

// Ref is what a pod template refers to.
type Ref struct {
	Kind Kind
	Name string
	// Optional says that the pods run without it as well.
	Optional bool
}

// String is the reference as digests and sentences have it: ConfigMap/settings.
func (r Ref) String() string { return string(r.Kind) + "/" + r.Name }

// Refs are the ConfigMaps and Secrets that a pod template refers to, each once, in the order of kind and name. One is optional
// if every reference to it is.
func Refs(t *corev1.PodTemplateSpec) []Ref {
	var refs []Ref
	visit(&t.Spec, func(p place) { refs = append(refs, p.ref()) })
	slices.SortFunc(refs, func(a, b Ref) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	once := refs[:0]
	for _, r := range refs {
		if last := len(once) - 1; last >= 0 && once[last].Kind == r.Kind && once[last].Name == r.Name {
			once[last].Optional = once[last].Optional && r.Optional
			continue
		}
		once = append(once, r)
	}
	return once
}

// Rewrite turns each reference that Refs finds to the name that the function gives it, in place; it stays as it is where the
// function says false. The function gets each reference as it is written there: two of one object can differ in Optional.
func Rewrite(spec *corev1.PodSpec, name func(Ref) (string, bool)) {
	visit(spec, func(p place) {
		if to, ok := name(p.ref()); ok {
			*p.name = to
		}
	})
}

// place is where a pod refers to a ConfigMap or a Secret.
type place struct {
	kind     Kind
	name     *string
	optional *bool
}

func (p place) ref() Ref {
	return Ref{Kind: p.kind, Name: *p.name, Optional: p.optional != nil && *p.optional}
}

// visit shows every place that refers to something. The API server also takes empty names, which lead nowhere.
func visit(spec *corev1.PodSpec, see func(place)) {
	named := func(p place) {
		if *p.name != "" {
			see(p)
		}
	}
	for i := range spec.InitContainers {
		visitContainer(&spec.InitContainers[i], named)
	}
	for i := range spec.Containers {
		visitContainer(&spec.Containers[i], named)
	}
	for i := range spec.Volumes {
		visitVolume(&spec.Volumes[i], named)
	}
}

func visitContainer(c *corev1.Container, see func(place)) {
	for i := range c.Env {
		from := c.Env[i].ValueFrom
		if from == nil {
			continue
		}
		if r := from.ConfigMapKeyRef; r != nil {
			see(place{ConfigMap, &r.Name, r.Optional})
		}
		if r := from.SecretKeyRef; r != nil {
			see(place{Secret, &r.Name, r.Optional})
		}
	}
	for i := range c.EnvFrom {
		if r := c.EnvFrom[i].ConfigMapRef; r != nil {
			see(place{ConfigMap, &r.Name, r.Optional})
		}
		if r := c.EnvFrom[i].SecretRef; r != nil {
			see(place{Secret, &r.Name, r.Optional})
		}
	}
}

func visitVolume(v *corev1.Volume, see func(place)) {
	if r := v.ConfigMap; r != nil {
		see(place{ConfigMap, &r.Name, r.Optional})
	}
	if r := v.Secret; r != nil {
		see(place{Secret, &r.SecretName, r.Optional})
	}
	if v.Projected == nil {
		return
	}
	for i := range v.Projected.Sources {
		if r := v.Projected.Sources[i].ConfigMap; r != nil {
			see(place{ConfigMap, &r.Name, r.Optional})
		}
		if r := v.Projected.Sources[i].Secret; r != nil {
			see(place{Secret, &r.Name, r.Optional})
		}
	}
}
