//go:build e2e

package faults

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// noneLost ends the callers and wants every request answered by a release.
func (s *shop) noneLost() {
	s.t.Helper()
	s.failedAtMost(0)
}

// failedAtMost ends the callers and wants every request answered, and at most so many of them by anything but a release.
func (s *shop) failedAtMost(most uint64) {
	s.t.Helper()
	s.endLoad()
	total := s.load.Snapshot()
	sum := total.Total().Sum()
	if sum.Sent() == 0 || total.InFlight > 0 || sum.FailedBetween > most {
		s.t.Errorf("of %d requests %d failed without a release's doing, at most %d may; %d have no answer: %v",
			sum.Sent(), sum.FailedBetween, most, total.InFlight, total.Examples)
	}
	s.t.Logf("%d requests, %d failed by a release, %d failed otherwise", sum.Sent(), sum.FailedByRelease, sum.FailedBetween)
}

// lawful checks every state that the shop was in: what it says of weights holds for each pair of neighbours.
func (s *shop) lawful() {
	s.t.Helper()
	s.trail.mu.Lock()
	defer s.trail.mu.Unlock()
	walk := &walk{weights: map[types.UID]map[string]int64{}, status: map[types.UID]*v1alpha1.CanaryStatus{}, banned: map[string]bool{}}
	splits := 0
	for _, revision := range slices.Sorted(maps.Keys(s.trail.seen)) {
		p := s.trail.seen[revision]
		if p.status != nil {
			walk.state(p)
			continue
		}
		splits++
		for _, sentence := range walk.split(p) {
			s.t.Errorf("at revision %d, %s: %s", revision, p.at.Format("15:04:05.000"), sentence)
		}
	}
	if splits == 0 {
		s.t.Error("no TrafficSplit was seen")
	}
	s.judgedOnce()
	s.t.Logf("%d states, %d of them TrafficSplits, %d gaps", len(s.trail.seen), splits, s.trail.gaps)
}

// judgedOnce wants no two windows of a rollout to overlap, and no release to be judged by more requests than it got.
func (s *shop) judgedOnce() {
	s.t.Helper()
	type rollout struct {
		uid     types.UID
		version string
	}
	windows := map[rollout]map[time.Time]v1alpha1.WindowRecord{}
	judged := map[string]float64{}
	for _, p := range s.trail.seen {
		if p.status == nil || p.status.Candidate == nil || p.status.Evidence == nil {
			continue
		}
		of := rollout{p.uid, p.status.Candidate.Version}
		if windows[of] == nil {
			windows[of] = map[time.Time]v1alpha1.WindowRecord{}
		}
		for _, w := range p.status.Evidence.Recent {
			if _, known := windows[of][w.EndedAt.Time]; !known {
				requests, _ := strconv.ParseFloat(w.Candidate.Requests, 64)
				judged[p.status.Candidate.Image] += requests
			}
			windows[of][w.EndedAt.Time] = w
		}
	}
	for of, all := range windows {
		last := time.Time{}
		for _, end := range slices.SortedFunc(maps.Keys(all), time.Time.Compare) {
			if start := end.Add(-all[end].Window.Of()); start.Before(last) {
				s.t.Errorf("of %s a window from %s was judged after one until %s", of.version, start, last)
			}
			last = end
		}
	}
	got := s.load.Snapshot().Total()
	for image, n := range judged {
		if most := got[image].Sent() + got[""].Sent(); n > float64(most) {
			s.t.Errorf("%s was judged by %.0f requests and got %d", image, n, most)
		}
	}
}

// walk goes along a trail.
type walk struct {
	weights map[types.UID]map[string]int64
	status  map[types.UID]*v1alpha1.CanaryStatus
	banned  map[string]bool // versions that were rolled back
}

func (w *walk) state(p point) {
	w.status[p.uid] = p.status
	if c := p.status.Candidate; c != nil && p.status.Phase == v1alpha1.PhaseRollingBack {
		w.banned[string(p.uid)+c.Version] = true
	}
}

// split says what is wrong with a TrafficSplit after all that was before.
func (w *walk) split(p point) []string {
	var wrong []string
	sum, had := int64(0), w.weights[p.uid]
	for version, weight := range p.weights {
		sum += weight
		if weight > 0 && w.banned[string(p.uid)+version] {
			wrong = append(wrong, fmt.Sprintf("%s gets %d%% although it was rolled back", version, weight))
		}
		if had != nil && weight > had[version] {
			wrong = append(wrong, w.rise(p, version, had[version], weight)...)
		}
	}
	if sum != 100 {
		wrong = append(wrong, fmt.Sprintf("the weights %v add up to %d", p.weights, sum))
	}
	w.weights[p.uid] = p.weights
	return wrong
}

// rise says why a version should not have got more than it had. Stable's gain is the candidate's loss.
func (w *walk) rise(p point, version string, from, to int64) []string {
	status := w.status[p.uid]
	if status == nil || status.Candidate == nil || status.Candidate.Version != version {
		if status == nil || status.Stable == nil || status.Stable.Version != version {
			return []string{fmt.Sprintf("%s rose from %d%% to %d%%, and the Canary knows no such version", version, from, to)}
		}
		return nil
	}
	var wrong []string
	if int64(status.Candidate.Weight) != to {
		wrong = append(wrong, fmt.Sprintf("%s rose to %d%%, and the status said %d%%", version, to, status.Candidate.Weight))
	}
	if from == 0 || status.Candidate.Returning {
		return wrong
	}
	if status.Evidence != nil {
		for _, window := range status.Evidence.Recent {
			if int64(window.Weight) == from && window.Candidate.Requests != "0" {
				return wrong
			}
		}
	}
	return append(wrong, fmt.Sprintf("%s rose from %d%% to %d%% without a judged window at %d%%: %+v", version, from, to, from, status.Evidence))
}

// history wants exactly these rollouts, the oldest first: "promoted good:2", "rolled back bad:3 AnalysisFailed".
func (s *shop) history(c *v1alpha1.Canary, want ...string) {
	s.t.Helper()
	var got []string
	for _, r := range slices.Backward(c.Status.History) {
		entry := fmt.Sprintf("%s %s", r.Outcome, r.Image)
		if r.Outcome == v1alpha1.OutcomeRolledBack {
			entry += " " + r.Reason
		}
		got = append(got, entry)
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("the history is %q, want %q", got, want)
	}
}

// tidy wants nothing left of a rollout but the stable version.
func (s *shop) tidy(stable string) {
	s.t.Helper()
	ctx := s.t.Context()
	must(s.t, poll(ctx, patience, func() (bool, error) {
		list := &appsv1.DeploymentList{}
		if err := s.user.List(ctx, list, client.InNamespace(s.namespace), client.HasLabels{v1alpha1.LabelVersion}); err != nil {
			return false, err
		}
		return len(list.Items) == 1 && list.Items[0].Name == "shop-"+stable, nil
	}))
}

// restored wants what a Canary leaves when it is deleted: the target ready, an apex that leads to it, and nothing else.
func (s *shop) restored(image string) {
	s.t.Helper()
	ctx := s.t.Context()
	must(s.t, s.trail.gone(ctx))
	must(s.t, poll(ctx, patience, func() (bool, error) {
		pods, versions := &corev1.PodList{}, &appsv1.DeploymentList{}
		splits := &split.TrafficSplitList{}
		for _, l := range []client.ObjectList{pods, splits} {
			if err := s.user.List(ctx, l, client.InNamespace(s.namespace)); err != nil {
				return false, err
			}
		}
		if err := s.user.List(ctx, versions, client.InNamespace(s.namespace), client.HasLabels{v1alpha1.LabelVersion}); err != nil {
			return false, err
		}
		ready := 0
		for _, pod := range pods.Items {
			if pod.Spec.Containers[0].Image == image && pod.Labels[v1alpha1.LabelVersion] == "" && pod.DeletionTimestamp == nil {
				ready++
			}
		}
		return ready == len(pods.Items) && ready > 0 && len(versions.Items) == 0 && len(splits.Items) == 0, nil
	}))
	apex := &corev1.Service{}
	must(s.t, s.user.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: "shop"}, apex))
	if apex.Spec.Selector["app"] != "shop" || len(apex.OwnerReferences) > 0 {
		s.t.Errorf("the apex is left with selector %v and owners %v", apex.Spec.Selector, apex.OwnerReferences)
	}
}

// headline is what a message says happened: "v2 is being tested".
var headline = regexp.MustCompile(`shop (v\d+ [a-z ]+)`)

// told wants Slack to have got these transitions in order, each at least once: "v2 is being tested".
func (s *shop) told(want ...string) {
	s.t.Helper()
	s.toldSince(0, want...)
}

// toldSince wants the same of the messages after the first ones.
func (s *shop) toldSince(first int, want ...string) {
	s.t.Helper()
	var got, all []string
	for _, m := range s.slack.Messages()[first:] {
		words := m.Text
		if match := headline.FindStringSubmatch(m.Text); match != nil {
			words = strings.TrimSpace(match[1])
		}
		all = append(all, words)
		if !slices.Contains(got, words) {
			got = append(got, words)
		}
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("Slack got %q, want in order %q", all, want)
	}
	s.t.Logf("Slack got %d messages about %d transitions", len(all), len(want))
}

// toldOnce wants these transitions in order and no message twice.
func (s *shop) toldOnce(want ...string) {
	s.t.Helper()
	s.told(want...)
	if got := len(s.slack.Messages()); got != len(want) {
		s.t.Errorf("Slack got %d messages about %d transitions", got, len(want))
	}
}
