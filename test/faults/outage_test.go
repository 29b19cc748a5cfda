//go:build e2e

package faults

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// slower keeps a rollout long enough at a step to break something meanwhile.
var slower = shopOptions{
	steps:    "[{weight: 25, dwell: 12s}, {weight: 50, dwell: 2s}]",
	analysis: quick.analysis,
}

// promotedAndRolledBack ends a test of an outage: the release that was interrupted ends well, a bad one badly, and all is told once.
func (s *shop) promotedAndRolledBack() {
	s.t.Helper()
	s.await(serves("good:2"))
	s.release("bad:3")
	s.await(rolledBack("bad:3"))
	c := s.await(both(rolledBack("bad:3"), settled))
	s.history(c, "Promoted good:2", "RolledBack bad:3 AnalysisFailed")
	s.tidy("v2")
	s.lawful()
	s.toldOnce("v1 serves", "v2 is being tested", "v2 was promoted", "v3 is being tested", "v3 was rolled back")
}

// TestAPIServerKilledMidRolloutLosesNothing kills the kube-apiserver that every part talks to while a candidate is tested, and
// starts it again seconds later.
func TestAPIServerKilledMidRolloutLosesNothing(t *testing.T) {
	s := openShop(t)
	s.run()
	s.open(slower)
	s.release("good:2")
	s.await(atWeight(25))

	s.apiServer.kill()
	s.elapse(5 * time.Second)
	must(t, s.apiServer.start())
	must(t, apiServerReady(t.Context(), s.config))
	must(t, s.world.metrics.available(t.Context()))

	s.promotedAndRolledBack()
	s.noneLost()
}

// TestEtcdThatStandsStillForSecondsLosesNothing stops etcd again and again, for up to three seconds each, through a rollout.
func TestEtcdThatStandsStillForSecondsLosesNothing(t *testing.T) {
	s := openShop(t)
	s.run()
	s.open(quick)
	etcd := s.plane.Pids["etcd"]
	if etcd == 0 {
		t.Fatal("the control plane tells no process id of its etcd")
	}
	s.release("good:2")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, still := range []time.Duration{500 * time.Millisecond, 3 * time.Second, time.Second, 2 * time.Second, 3 * time.Second} {
			_ = syscall.Kill(etcd, syscall.SIGSTOP)
			<-time.After(still)
			_ = syscall.Kill(etcd, syscall.SIGCONT)
			<-time.After(700 * time.Millisecond)
		}
	}()
	<-done
	s.promotedAndRolledBack()
	s.noneLost()
}

// TestMetricsServerKilledMidRolloutHoldsTheWeight kills the TrafficMetrics server beyond the end of a dwell.
func TestMetricsServerKilledMidRolloutHoldsTheWeight(t *testing.T) {
	s := openShop(t)
	s.run()
	s.open(shopOptions{steps: "[{weight: 25, dwell: 6s}, {weight: 50, dwell: 2s}]", analysis: quick.analysis})
	s.release("good:2")
	s.await(both(atWeight(25), judgedOnce))

	s.world.metrics.kill()
	s.await(metricsAre(metav1.ConditionFalse))
	judged := s.now().Status.Step.LastWindow.Time
	s.elapse(9 * time.Second)
	c := s.now()
	if !atWeight(25)(c) || c.Status.Phase != v1alpha1.PhaseProgressing || !c.Status.Step.LastWindow.Time.Equal(judged) {
		t.Errorf("without TrafficMetrics the rollout went on: %s at %+v, %+v", c.Status.Phase, c.Status.Candidate, c.Status.Step)
	}
	must(t, s.world.metrics.start())
	must(t, s.world.metrics.available(t.Context()))
	s.await(metricsAre(metav1.ConditionTrue))
	s.promotedAndRolledBack()
	s.noneLost()
}

// judgedOnce matches a Canary that has judged a window at its step.
func judgedOnce(c *v1alpha1.Canary) bool {
	return c.Status.Step != nil && c.Status.Step.LastWindow != nil
}

// metricsAre matches a Canary by whether it says that it can read TrafficMetrics.
func metricsAre(status metav1.ConditionStatus) func(*v1alpha1.Canary) bool {
	return func(c *v1alpha1.Canary) bool {
		condition := c.Status.Condition(v1alpha1.ConditionMetricsAvailable)
		return condition != nil && condition.Status == status
	}
}

// TestProxyKilledMidRolloutCostsOnlyWhatItCarried kills one of two proxies while a candidate is tested. Each request that fails
// must have been on a connection to that process, or have been led to its address before it was back.
func TestProxyKilledMidRolloutCostsOnlyWhatItCarried(t *testing.T) {
	s := openShop(t)
	s.run()
	s.open(slower)
	s.release("good:2")
	s.await(both(atWeight(25), judgedOnce))

	pod, proxy := s.proxies.one()
	at := s.podAddress("serin-system", pod)
	killed := time.Now()
	proxy.kill()
	must(t, poll(t.Context(), patience, func() (bool, error) { return s.proxies.of(pod) != proxy && s.answersAt(at), nil }))
	back := time.Now()
	s.elapse(5 * time.Second)

	cut, refused := 0, 0
	for _, failure := range s.load.Snapshot().Examples {
		switch led := strings.Contains(failure.Text, at+":") && strings.Contains(failure.Text, "connection refused"); {
		case failure.Due.Before(killed.Add(-time.Second)) || failure.Due.After(back.Add(time.Second)):
			t.Errorf("a request of %s failed, and the proxy was away from %s to %s: %s", failure.Due, killed, back, failure.Text)
		case led:
			refused++
		case strings.Contains(failure.Text, "EOF") || strings.Contains(failure.Text, "connection reset"):
			cut++
		default:
			t.Errorf("a request failed neither on the killed proxy's connections nor on the way to it: %s", failure.Text)
		}
	}
	t.Logf("the proxy was away for %s: %d requests were cut off, %d were led to where it had been",
		back.Sub(killed).Round(time.Millisecond), cut, refused)
	s.promotedAndRolledBack()
	s.failedAtMost(uint64(cut + refused))
}

// podAddress is a pod's address.
func (s *shop) podAddress(namespace, name string) string {
	s.t.Helper()
	pod := &corev1.Pod{}
	must(s.t, s.user.Get(s.t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, pod))
	return pod.Status.PodIP
}

// answersAt says whether everything that the apex leads to at an address takes connections, and that is something.
func (s *shop) answersAt(address string) bool {
	all, err := s.services.Endpoints(s.t.Context(), types.NamespacedName{Namespace: s.namespace, Name: "shop"}, 8080)
	must(s.t, err)
	answers := false
	for _, endpoint := range all {
		if endpoint.Addr().String() != address {
			continue
		}
		connection, err := s.network.DialFrom(endpoint.Addr())(s.t.Context(), "tcp", endpoint.String())
		if err != nil {
			return false
		}
		_ = connection.Close()
		answers = true
	}
	return answers
}
