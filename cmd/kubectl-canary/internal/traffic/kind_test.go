package traffic_test

import (
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"
)

func TestParseKind(t *testing.T) {
	for word, want := range map[string]string{
		"trafficsplits": "trafficsplits", "trafficsplit": "trafficsplits", "ts": "trafficsplits", "TrafficSplit": "trafficsplits",
		"trafficsplits.split.smi-spec.io": "trafficsplits", "trafficsplits.metrics.smi-spec.io": "trafficsplits",
		"deploy": "deployments", "deployment": "deployments", "deployments.apps": "deployments", "deploy.apps": "deployments",
		"po": "pods", "pod": "pods", "pods.metrics.smi-spec.io": "pods",
		"svc": "services", "services": "services", "ns": "namespaces", "namespace": "namespaces", "no": "nodes", "node": "nodes",
		"rs": "replicasets", "replicasets.apps": "replicasets", "rc": "replicationcontrollers", "replicationcontroller": "replicationcontrollers",
		"sts": "statefulsets", "ds": "daemonsets", "jobs": "jobs", "job.batch": "jobs",
	} {
		if k, err := traffic.ParseKind(word); err != nil || k.Resource != want {
			t.Errorf("%s is taken for %q (%v), want %s", word, k.Resource, err, want)
		}
	}
	for _, word := range []string{"", ".", "cronjobs", "deployments.", "deployments.extensions", "pods.apps", "deployments.v1.apps", "pods/x"} {
		k, err := traffic.ParseKind(word)
		want := `"` + word + `" is no kind that TrafficMetrics are about: use trafficsplits, deployments, pods, namespaces, services, ` +
			"statefulsets, daemonsets, replicasets, replicationcontrollers, jobs, nodes"
		if err == nil || err.Error() != want {
			t.Errorf("%q is taken for %q (%v)", word, k.Resource, err)
		}
	}
}

func kind(t testing.TB, word string) traffic.Kind {
	t.Helper()
	k, err := traffic.ParseKind(word)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestPathsAndNamesOfQuestions(t *testing.T) {
	const root = "/apis/metrics.smi-spec.io/v1alpha1"
	for path, test := range map[string]struct {
		question traffic.Question
		about    string
	}{
		"/trafficsplits":                     {traffic.Question{Kind: kind(t, "ts")}, "trafficsplits in all namespaces"},
		"/namespaces/shop/deployments":       {traffic.Question{Kind: kind(t, "deploy"), Namespace: "shop"}, `deployments in namespace "shop"`},
		"/namespaces/shop/deployments/b":     {traffic.Question{Kind: kind(t, "deploy"), Namespace: "shop", Name: "b"}, `deployment "b" in namespace "shop"`},
		"/namespaces/shop/pods/b-0/edges":    {traffic.Question{Kind: kind(t, "po"), Namespace: "shop", Name: "b-0", Part: traffic.Edges}, `pod "b-0" in namespace "shop"`},
		"/namespaces":                        {traffic.Question{Kind: kind(t, "ns")}, "namespaces"},
		"/namespaces/shop":                   {traffic.Question{Kind: kind(t, "ns"), Name: "shop"}, `namespace "shop"`},
		"/namespaces/shop/edges":             {traffic.Question{Kind: kind(t, "ns"), Name: "shop", Part: traffic.Edges}, `namespace "shop"`},
		"/nodes/a/edges":                     {traffic.Question{Kind: kind(t, "no"), Name: "a", Part: traffic.Edges, Window: time.Second}, `node "a"`},
		"/namespaces/shop/trafficsplits/app": {traffic.Question{Kind: kind(t, "ts"), Namespace: "shop", Name: "app"}, `trafficsplit "app" in namespace "shop"`},
	} {
		if got := strings.Join(test.question.Path(), "/"); got != root+path {
			t.Errorf("the path is %s, want %s", got, root+path)
		}
		if got := test.question.About(); got != test.about {
			t.Errorf("it is about %s, want %s", got, test.about)
		}
	}
}
