package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/serin-dev/serin/api/v1alpha1"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// role is one version and what it is for.
type role struct {
	v1alpha1.VersionStatus
	name   string
	weight string
	tone   Tone
}

// roles are stable, the candidate, those that retire, and those that exist though the status does not name them.
func (o Options) roles(s Snapshot) []role {
	status := &s.Canary.Status
	var all []role
	weight := int32(0)
	if c := status.Candidate; c != nil {
		weight = c.Weight
	}
	if status.Stable != nil {
		all = append(all, role{*status.Stable, "stable", fmt.Sprintf("%d%%", 100-weight), Fine})
	}
	if c := status.Candidate; c != nil {
		all = append(all, role{c.VersionStatus, "candidate", fmt.Sprintf("%d%%", weight), phaseTone(status.Phase)})
	}
	for _, r := range status.Retiring {
		v := v1alpha1.VersionStatus{Version: r.Version, Revision: r.Revision, Image: r.Image}
		name := "retiring"
		if since := o.since(r.Since); since != "" {
			name += " for " + since
		}
		all = append(all, role{v, name, "0%", Faint})
	}
	for _, d := range s.Deployments {
		version := d.Labels[v1alpha1.LabelVersion]
		if !slices.ContainsFunc(all, func(r role) bool { return r.Version == version }) {
			all = append(all, role{v1alpha1.VersionStatus{Version: version, Image: firstImage(&d)}, "being removed", "-", Faint})
		}
	}
	return all
}

func firstImage(d *appsv1.Deployment) string {
	if len(d.Spec.Template.Spec.Containers) == 0 {
		return ""
	}
	return d.Spec.Template.Spec.Containers[0].Image
}

// versions shows each version with its pods.
func (o Options) versions(s Snapshot) (node, bool) {
	n := title("Versions")
	for _, r := range o.roles(s) {
		deployment := deploymentOf(s, r.Version)
		ready, tone := size(deployment)
		image := r.Image
		if o.Detail == Wide && deployment != nil {
			image += "  Deployment " + deployment.Name
		}
		n = n.with(row(cell{r.tone, r.Version}, cell{r.tone, r.name}, plain(r.weight), cell{tone, ready},
			faint(orDash(Short(r.Revision))), plain(orDash(image))).with(o.pods(s, r.Version)...))
	}
	return n, len(n.kids) > 0
}

func deploymentOf(s Snapshot, version string) *appsv1.Deployment {
	i := slices.IndexFunc(s.Deployments, func(d appsv1.Deployment) bool { return d.Labels[v1alpha1.LabelVersion] == version })
	if i < 0 {
		return nil
	}
	return &s.Deployments[i]
}

func size(d *appsv1.Deployment) (string, Tone) {
	if d == nil {
		return "no Deployment", Careful
	}
	asked := int32(1)
	if d.Spec.Replicas != nil {
		asked = *d.Spec.Replicas
	}
	tone := Careful
	if d.Status.ReadyReplicas >= asked {
		tone = Fine
	}
	return fmt.Sprintf("%d/%d ready", d.Status.ReadyReplicas, asked), tone
}

// podsOf says which versions have fewer ready pods than asked, and which pods are in trouble.
func podsOf(s Snapshot) []string {
	var clauses []string
	for _, d := range s.Deployments {
		text, tone := size(&d)
		if tone == Fine {
			continue
		}
		version := d.Labels[v1alpha1.LabelVersion]
		var troubles []string
		for _, p := range podsBy(s.Pods, version) {
			if state := podState(&p); state.tone == Wrong && len(troubles) < 2 {
				troubles = append(troubles, fmt.Sprintf("%s is in %s", p.Name, state.word))
			}
		}
		clause := fmt.Sprintf("pods of %s: %s", version, text)
		if len(troubles) > 0 {
			clause += "; " + strings.Join(troubles, ", ")
		}
		clauses = append(clauses, clause)
	}
	return clauses
}

func podsBy(pods []corev1.Pod, version string) []corev1.Pod {
	var of []corev1.Pod
	for _, p := range pods {
		if p.Labels[v1alpha1.LabelVersion] == version {
			of = append(of, p)
		}
	}
	return of
}
