package smifile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/serin-dev/serin/policy"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type groupKind struct{ group, kind string }

// workloadKinds are the kinds whose pods run as a ServiceAccount.
func workloadKinds() []groupKind {
	return []groupKind{
		{"", "Pod"}, {"apps", "Deployment"}, {"apps", "StatefulSet"}, {"apps", "DaemonSet"}, {"apps", "ReplicaSet"}, {"batch", "Job"}, {"batch", "CronJob"},
	}
}

// rawWorkload is a workload that nobody has asked for yet: most questions are not about pods, and must not fail because of them.
type rawWorkload struct {
	header
	origin string
	text   []byte
}

// Workload is a Pod, or what makes pods.
type Workload struct {
	Kind, Name string
	// RunsAs is the ServiceAccount of its pods.
	RunsAs policy.Identity
	// Selector are the labels by which it knows its pods; nil when it has none, or more than labels.
	Selector map[string]string
	// Labels are those of its pods, but for those that change with every version.
	Labels map[string]string
}

// template is the part of a workload that says what its pods are like.
type template struct {
	Metadata struct {
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec podSpec `json:"spec"`
}

type podSpec struct {
	ServiceAccountName string `json:"serviceAccountName"`
	// ServiceAccount is the old name of the same field.
	ServiceAccount string `json:"serviceAccount"`
}

// changing are the labels that controllers put on pods and change with every version, run or replica.
func changing() []string {
	return []string{
		"pod-template-hash", "controller-revision-hash", "pod-template-generation", "statefulset.kubernetes.io/pod-name",
		"apps.kubernetes.io/pod-index", "controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name",
	}
}

// Workloads are the workloads that were read, sorted by namespace, kind and name.
func (o *Objects) Workloads() ([]Workload, error) {
	all := make([]Workload, 0, len(o.workloads))
	for _, raw := range o.workloads {
		w, err := raw.read()
		if err != nil {
			return nil, fmt.Errorf("%s: %s %s/%s cannot be read: %s",
				raw.origin, raw.Kind, raw.Metadata.Namespace, raw.Metadata.Name, plain(err))
		}
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b Workload) int {
		return cmp.Or(cmp.Compare(a.RunsAs.Namespace, b.RunsAs.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	return all, nil
}

// wire is the part of any workload that says how its pods are known and what they are like.
type wire struct {
	Metadata struct {
		Labels map[string]string `json:"labels"`
	} `json:"metadata"`
	Spec struct {
		podSpec

		Selector    *metav1.LabelSelector `json:"selector"`
		Template    template              `json:"template"`
		JobTemplate struct {
			Spec struct {
				Template template `json:"template"`
			} `json:"spec"`
		} `json:"jobTemplate"`
	} `json:"spec"`
}

func (r rawWorkload) read() (Workload, error) {
	var object wire
	if err := json.Unmarshal(r.text, &object); err != nil {
		return Workload{}, err
	}
	pods := object.Spec.Template
	switch r.Kind {
	case "Pod":
		pods = template{Metadata: object.Metadata, Spec: object.Spec.podSpec}
	case "CronJob":
		pods = object.Spec.JobTemplate.Spec.Template
	}
	w := Workload{Kind: r.Kind, Name: r.Metadata.Name, Labels: lasting(pods.Metadata.Labels)}
	w.RunsAs = policy.Identity{
		Namespace:      r.Metadata.Namespace,
		ServiceAccount: cmp.Or(pods.Spec.ServiceAccountName, pods.Spec.ServiceAccount, "default"),
	}
	if s := object.Spec.Selector; s != nil && len(s.MatchExpressions) == 0 {
		w.Selector = lasting(s.MatchLabels)
	}
	return w, nil
}

// lasting are the labels that the next version has as well, nil when there are none.
func lasting(labels map[string]string) map[string]string {
	kept := maps.Clone(labels)
	for _, name := range changing() {
		delete(kept, name)
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}
