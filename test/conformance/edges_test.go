package conformance

import (
	"testing"
	"time"
)

// edgesOfAChain is TM-05: a calls b, and b calls c to answer.
func edgesOfAChain(t *testing.T, s *stage) {
	path := s.path("/deployments/b")
	since := s.begin(t, path, time.Time{})
	sent := s.send(t, call{caller: "a", apex: "all-b", count: 60, then: "all-c"})
	n := of(sent, "b")
	if n != (counts{success: 60, timed: 60}) {
		t.Fatalf("those who sent them saw %v", n)
	}
	from, to := "from "+s.callers, "to client"
	a := s.question(path+"/edges").whole(t, since, sums{"b " + from + " " + s.namespace + "/a": n, "b " + to + " " + s.namespace + "/c": n})
	if len(a.items) != 2 || a.kind != "TrafficMetricsList" {
		t.Errorf("%s", a.body)
	}
	s.question(s.path("/deployments/a/edges")).whole(t, since, sums{"a " + to + " " + s.namespace + "/b": n})
	s.question(s.path("/deployments/c/edges")).whole(t, since, sums{"c " + from + " " + s.namespace + "/b": n})
}

// edgesBothWays is TM-S2.
func edgesBothWays(t *testing.T, s *stage) {
	path := s.path("/deployments/b")
	since := s.begin(t, path, time.Time{})
	back := of(s.send(t, call{caller: "c", apex: "all-b", count: 30}), "b")
	forth := of(s.send(t, call{caller: "b", apex: "all-c", count: 20, status: 503}), "c")
	from, to := "from "+s.callers, "to client"
	s.question(path+"/edges").whole(t, since, sums{"b " + from + " " + s.namespace + "/c": back, "b " + to + " " + s.namespace + "/c": forth})
	s.question(s.path("/deployments/c/edges")).whole(t, since, sums{"c " + from + " " + s.namespace + "/b": forth, "c " + to + " " + s.namespace + "/b": back})
	if back.success != 30 || forth.failure != 20 {
		t.Errorf("those who sent them saw %v and %v", back, forth)
	}
}

// oneNameTwice is TM-S3: b in one namespace calls b in another.
func oneNameTwice(t *testing.T, s *stage) {
	here, there := s.namespace, s.namespace+"-1"
	path := s.path("/deployments/b")
	since := s.begin(t, path, time.Time{})
	across := of(s.send(t, call{namespace: there, caller: "b", apex: "all-b", in: here, count: 25}), "b")
	own := of(s.send(t, call{caller: "a", apex: "all-b", count: 15}), "b")
	from, to := "from "+s.callers, "to client"
	s.question(path+"/edges").whole(t, since, sums{"b " + from + " " + here + "/a": own, "b " + from + " " + there + "/b": across})
	s.question(group+"/namespaces/"+there+"/deployments/b/edges").whole(t, since, sums{"b " + to + " " + here + "/b": across})
	s.question(group+"/namespaces/"+there+"/deployments").whole(t, since, sums{})
}
