package catalog

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/serin-dev/serin/metrics/source"
)

// made is a pod that an object of the kind controls.
func made(apiVersion, kind, name, hash string) *corev1.Pod {
	yes := true
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "t", Name: "p", Labels: map[string]string{podHash: hash, "app": "a"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: name, Controller: &yes}}},
		Spec: corev1.PodSpec{NodeName: "n1"},
	}
}

func TestOwners(t *testing.T) {
	orphan := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "t", Name: "p"}}
	inT := func(name string) []source.Object { return []source.Object{{Namespace: "t", Name: name}} }
	for name, tc := range map[string]struct {
		pod  *corev1.Pod
		kind source.Kind
		want []source.Object
	}{
		"a ReplicaSet's":                     {made("apps/v1", "ReplicaSet", "web-7f9c", "7f9c"), source.ReplicaSets, inT("web-7f9c")},
		"a Deployment's":                     {made("apps/v1", "ReplicaSet", "web-7f9c", "7f9c"), source.Deployments, inT("web")},
		"a ReplicaSet's without Deployment":  {made("apps/v1", "ReplicaSet", "web", ""), source.Deployments, nil},
		"a ReplicaSet's of another name":     {made("apps/v1", "ReplicaSet", "web", "7f9c"), source.Deployments, nil},
		"a StatefulSet's":                    {made("apps/v1", "StatefulSet", "db", ""), source.StatefulSets, inT("db")},
		"a StatefulSet's is no Deployment's": {made("apps/v1", "StatefulSet", "db", ""), source.Deployments, nil},
		"a DaemonSet's":                      {made("apps/v1", "DaemonSet", "log", ""), source.DaemonSets, inT("log")},
		"a Job's":                            {made("batch/v1", "Job", "nightly-1", ""), source.Jobs, inT("nightly-1")},
		"a ReplicationController's":          {made("v1", "ReplicationController", "old", ""), source.ReplicationControllers, inT("old")},
		"somebody else's StatefulSet":        {made("kruise.io/v1", "StatefulSet", "db", ""), source.StatefulSets, nil},
		"on a node":                          {made("apps/v1", "DaemonSet", "log", ""), source.Nodes, []source.Object{{Name: "n1"}}},
		"not scheduled":                      {orphan, source.Nodes, nil},
		"nobody's":                           {orphan, source.Deployments, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, ofPod(tc.pod).owners(tc.kind)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestASelectorThatIsEmptySelectsNothing(t *testing.T) {
	pod := labels.Set{"app": "a"}
	for name, tc := range map[string]struct {
		selector map[string]string
		want     bool
	}{
		"the pod's labels": {map[string]string{"app": "a"}, true},
		"other labels":     {map[string]string{"app": "b"}, false},
		"none":             {nil, false},
	} {
		s := ofService(&corev1.Service{Spec: corev1.ServiceSpec{Selector: tc.selector}})
		if got := s.selector != nil && s.selector.Matches(pod); got != tc.want {
			t.Errorf("%s: selects %t, want %t", name, got, tc.want)
		}
	}
}

func TestPodsThatAreGoneAreRemembered(t *testing.T) {
	now := time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)
	d := &departed{pods: map[types.NamespacedName]departure{}, now: func() time.Time { return now }}
	pod := ofPod(made("apps/v1", "DaemonSet", "log", ""))
	d.add(cache.DeletedFinalStateUnknown{Obj: pod})
	d.add("no pod")
	name := types.NamespacedName{Namespace: "t", Name: "p"}
	if got := d.get(name); got != pod {
		t.Errorf("got %v right after it went", got)
	}
	now = now.Add(rememberFor + time.Second)
	if got := d.get(name); got != nil {
		t.Errorf("got %v long after it went", got)
	}
	for i := range mostDeparted + 100 {
		other := ofPod(made("apps/v1", "DaemonSet", "log", ""))
		other.Name = fmt.Sprint("p", i)
		d.add(other)
	}
	if n := len(d.pods); n > mostDeparted {
		t.Errorf("%d pods are remembered, want %d at most", n, mostDeparted)
	}
}
