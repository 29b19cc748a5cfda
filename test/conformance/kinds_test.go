package conformance

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// otherKinds is TM-S1.
func otherKinds(t *testing.T, s *stage) {
	since := s.begin(t, s.path("/deployments/b"), time.Time{})
	n := of(s.send(t, call{caller: "a", apex: "all-b", count: 40}), "b")
	pod, caller := s.podOf(t, "b"), s.podOf(t, "a")
	set := pod[:strings.LastIndex(pod, "-")]
	for path, want := range map[string]string{
		s.path("/pods/" + pod):                   pod + " from server",
		s.path("/pods/" + pod + "/edges"):        pod + " from server " + s.namespace + "/" + caller,
		s.path("/pods"):                          pod + " from server",
		s.path("/replicasets/" + set):            set + " from server",
		s.path("/replicasets"):                   set + " from server",
		s.path("/services/b"):                    "b from client",
		s.path("/services/all-b"):                "all-b from client",
		group + "/namespaces/" + s.namespace:     s.namespace + " from server",
		group + "/nodes/" + far:                  far + " from server",
		s.path("/replicasets/" + set + "/edges"): set + " from server " + s.namespace + "/" + caller[:strings.LastIndex(caller, "-")],
	} {
		s.question(path).whole(t, since, sums{want: n})
	}
	s.question(s.path("/edges")).whole(t, since, sums{
		s.namespace + " from server /" + s.namespace: n, s.namespace + " to client /" + s.namespace: n,
	})
	for _, kind := range []string{"statefulsets", "daemonsets", "jobs", "replicationcontrollers"} {
		s.question(s.path("/"+kind)).whole(t, since, sums{})
	}
}

func (s *stage) podOf(t *testing.T, name string) string {
	t.Helper()
	pods, err := s.cluster.admin.CoreV1().Pods(s.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=" + name})
	must(t, err)
	if len(pods.Items) != 1 {
		t.Fatalf("%s has %d pods", name, len(pods.Items))
	}
	return pods.Items[0].Name
}
