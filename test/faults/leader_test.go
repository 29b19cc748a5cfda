//go:build e2e

package faults

import (
	"context"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestAPausedLeaderDoesNoHarmWhenItGoesOn has two controllers, and pauses the leader for longer than its lease while a weight that it
// wrote is on its way to the API server. The other one takes over, ends the rollout and ends the next one; then the weight
// arrives, and the first goes on.
func TestAPausedLeaderDoesNoHarmWhenItGoesOn(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	leaders := []string{"--leader-elect=true", "--leader-elect-namespace=" + s.namespace}
	first := s.controller("first", s.serin, leaders...)
	must(t, s.apply(t.Context(), leaseRights(s.namespace)))
	must(t, first.start())
	one := s.holder()
	s.open(quick)

	other := openGate(t, s.config) // the second one's own, so that only the first meets the trap
	firstGate := s.gate
	s.gate = other
	second := s.controller("second", s.serin, leaders...)
	must(t, second.start())

	s.release("good:2")
	s.await(atWeight(25))
	paused, arrive := firstGate.hold(ofSplit, func() { first.send(syscall.SIGSTOP) })
	defer arrive()
	t.Logf("paused %s", <-paused)
	pausedAt := time.Now()
	must(t, poll(t.Context(), patience, func() (bool, error) { return s.holder() != one, nil }))
	t.Logf("the other leads %s after the first was paused", time.Since(pausedAt).Round(time.Second))
	s.await(serves("good:2"))
	s.release("bad:3")
	s.await(rolledBack("bad:3"))
	writes := firstGate.written()

	arrive()
	s.elapse(time.Second)
	first.send(syscall.SIGCONT)
	<-first.done() // it lost its lease, and ends so that its kubelet starts it anew
	late := firstGate.written() - writes
	t.Logf("the first one ended %s after it was paused; it wrote %d times meanwhile", time.Since(pausedAt).Round(time.Second), late)
	s.elapse(2 * time.Second)

	c := s.await(both(rolledBack("bad:3"), settled))
	s.history(c, "Promoted good:2", "RolledBack bad:3 AnalysisFailed")
	s.tidy("v2")
	s.noneLost()
	s.lawful()
	s.told("v1 serves", "v2 is being tested", "v2 was promoted", "v3 is being tested", "v3 was rolled back")
}

// ofSplit is a write of weights.
func ofSplit(r *http.Request) bool { return strings.Contains(r.URL.Path, "/trafficsplits/") }

// holder waits until somebody leads, and says who.
func (s *shop) holder() string {
	s.t.Helper()
	lease := &coordinationv1.Lease{}
	must(s.t, poll(s.t.Context(), patience, func() (bool, error) {
		err := s.user.Get(context.Background(), client.ObjectKey{Namespace: s.namespace, Name: "serin-controller"}, lease)
		return err == nil && ptr.Deref(lease.Spec.HolderIdentity, "") != "", client.IgnoreNotFound(err)
	}))
	return ptr.Deref(lease.Spec.HolderIdentity, "")
}

// leaseRights let the controller's account keep its lease in the shop's namespace, where an installation has it in its own.
func leaseRights(namespace string) string {
	return `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: lease, namespace: ` + namespace + `}
rules:
- {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, create, update]}
- {apiGroups: ["", events.k8s.io], resources: [events], verbs: [create, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: lease, namespace: ` + namespace + `}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: lease}
subjects: [{kind: ServiceAccount, name: serin-controller, namespace: serin-system}]
`
}
