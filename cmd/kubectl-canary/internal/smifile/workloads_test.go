package smifile_test

import (
	"testing"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/smifile"
	"github.com/serin-dev/serin/policy"

	"github.com/google/go-cmp/cmp"
)

func TestWorkloads(t *testing.T) {
	shop := func(name string) policy.Identity { return policy.Identity{Namespace: "shop", ServiceAccount: name} }
	for name, test := range map[string]struct {
		text string
		want smifile.Workload
	}{
		"a Deployment": {
			"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, labels: {not: its pods'}}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a, v: '1'}}, spec: {serviceAccountName: a}}}",
			smifile.Workload{Kind: "Deployment", Name: "a", RunsAs: shop("a"), Selector: map[string]string{"app": "a"}, Labels: map[string]string{"app": "a", "v": "1"}},
		},
		"a Pod that says nothing": {
			"apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {pod-template-hash: '1'}}",
			smifile.Workload{Kind: "Pod", Name: "a", RunsAs: shop("default")},
		},
		"a Pod of an API server": {
			"apiVersion: v1\nkind: PodList\nitems: [{metadata: {name: a, namespace: pay, labels: {app: a, pod-template-hash: '1'}}, spec: {serviceAccount: b}}]",
			smifile.Workload{Kind: "Pod", Name: "a", RunsAs: policy.Identity{Namespace: "pay", ServiceAccount: "b"}, Labels: map[string]string{"app": "a"}},
		},
		"a CronJob": {
			"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {jobTemplate: {spec: {template: {metadata: {labels: {app: a}}, spec: {serviceAccountName: a}}}}}",
			smifile.Workload{Kind: "CronJob", Name: "a", RunsAs: shop("a"), Labels: map[string]string{"app": "a"}},
		},
		"a Job, whose selector is of one run": {
			"apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {selector: {matchLabels: {controller-uid: '7'}}, template: {metadata: {labels: {app: a, controller-uid: '7'}}, spec: {serviceAccountName: a}}}",
			smifile.Workload{Kind: "Job", Name: "a", RunsAs: shop("a"), Labels: map[string]string{"app": "a"}},
		},
		"a selector of more than labels": {
			"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}, matchExpressions: [{key: v, operator: Exists}]}, template: {metadata: {labels: {app: a}}}}",
			smifile.Workload{Kind: "DaemonSet", Name: "a", RunsAs: shop("default"), Labels: map[string]string{"app": "a"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := smifile.New("shop")
			if err := o.AddText("f", []byte(test.text)); err != nil {
				t.Fatal(err)
			}
			got, err := o.Workloads()
			if diff := cmp.Diff([]smifile.Workload{test.want}, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	o := smifile.New("shop")
	if err := o.AddText("f", []byte("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: 7}")); err != nil {
		t.Fatalf("a workload that nobody asked for is an error: %v", err)
	}
	_, err := o.Workloads()
	want := "f: document 1: Deployment shop/a cannot be read: cannot unmarshal number into Go struct field "
	if err == nil || err.Error()[:len(want)] != want {
		t.Errorf("got %v, want %s...", err, want)
	}
}
