package verdict

import (
	"fmt"
	"slices"

	"github.com/serin-dev/serin/api/v1alpha1"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
)

// behind says in a sentence why a status cannot be about what is asked for now, "" if nothing speaks against it: it answers an
// older spec, or the version that it is about runs other containers than the target asks for. What does not show there, such as
// the content of a ConfigMap, only time can tell.
func behind(f Facts) string {
	c := f.Canary
	if c.Status.ObservedGeneration < c.Generation {
		return fmt.Sprintf("the controller has seen generation %d of the Canary, which is at %d", c.Status.ObservedGeneration, c.Generation)
	}
	subject := subjectOf(&c.Status)
	if f.Target == nil || subject == nil || len(f.Target.Spec.Template.Spec.Containers) == 0 {
		return ""
	}
	asked := f.Target.Spec.Template.Spec
	if image := asked.Containers[0].Image; subject.Image != "" && image != subject.Image {
		return fmt.Sprintf("Deployment %q asks for %s, and the controller is still at %s (%s)",
			f.Target.Name, image, subject.Version, subject.Image)
	}
	i := slices.IndexFunc(f.Versions, func(d appsv1.Deployment) bool { return d.Labels[v1alpha1.LabelVersion] == subject.Version })
	if i >= 0 && !alike(asked, f.Versions[i].Spec.Template.Spec) {
		return fmt.Sprintf("Deployment %q asks for other containers than %s runs", f.Target.Name, subject.Version)
	}
	return ""
}

// subjectOf is the version that a status takes for what the target asks for.
func subjectOf(s *v1alpha1.CanaryStatus) *v1alpha1.VersionStatus {
	switch {
	case s.Candidate != nil:
		return &s.Candidate.VersionStatus
	case s.RolledBackRevision == "":
		return s.Stable
	}
	for i := range s.History {
		if s.History[i].Revision == s.RolledBackRevision {
			return &s.History[i].VersionStatus
		}
	}
	return nil
}

// alike compares what a version takes over from the target as it is. References to ConfigMaps and Secrets lead to copies of
// other names, so they are left out.
func alike(target, version corev1.PodSpec) bool {
	return alikeContainers(target.InitContainers, version.InitContainers) && alikeContainers(target.Containers, version.Containers)
}

func alikeContainers(asked, have []corev1.Container) bool {
	for _, a := range asked {
		i := slices.IndexFunc(have, func(h corev1.Container) bool { return h.Name == a.Name })
		if i < 0 || a.Image != have[i].Image || !slices.Equal(a.Command, have[i].Command) || !slices.Equal(a.Args, have[i].Args) ||
			!equality.Semantic.DeepEqual(a.Resources, have[i].Resources) || !alikeEnv(a.Env, have[i].Env) {
			return false
		}
	}
	return true
}

func alikeEnv(asked, have []corev1.EnvVar) bool {
	return slices.EqualFunc(asked, have, func(a, h corev1.EnvVar) bool {
		return a.Name == h.Name && a.Value == h.Value && (a.ValueFrom == nil) == (h.ValueFrom == nil)
	})
}
