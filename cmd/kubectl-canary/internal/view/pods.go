package view

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// shownPods is how many pods of a version a tree shows, the worst first.
const shownPods = 8

// pods shows the pods of a version.
func (o Options) pods(s Snapshot, version string) []node {
	pods := podsBy(s.Pods, version)
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int {
		return cmp.Or(cmp.Compare(podState(&b).tone, podState(&a).tone), cmp.Compare(a.Name, b.Name))
	})
	var rows []node
	for i, p := range pods {
		if i == shownPods && o.Detail != Wide {
			rows = append(rows, row(faint(fmt.Sprintf("and %s more", count(int64(len(pods)-i), "pod")))))
			break
		}
		rows = append(rows, o.pod(&p))
	}
	return rows
}

func (o Options) pod(p *corev1.Pod) node {
	state := podState(p)
	age := "-"
	if !p.CreationTimestamp.IsZero() {
		age = whole(o.Now.Sub(p.CreationTimestamp.Time))
	}
	if o.Detail == Wide {
		age += "  " + orDash(p.Status.PodIP) + "  " + orDash(p.Spec.NodeName)
	}
	cells := []cell{plain(p.Name), {state.tone, state.word}, plain(state.ready), plain(state.restarts), faint(age)}
	n := row(cells...)
	if state.message != "" {
		n = n.with(row(cell{Wrong, state.message}))
	}
	return n
}

// state is what a pod does, as kubectl says it.
type state struct {
	word, message, ready, restarts string
	tone                           Tone
}

func podState(p *corev1.Pod) state {
	s := state{word: string(p.Status.Phase), tone: Fine}
	ready, restarts := 0, int32(0)
	for _, c := range append(slices.Clone(p.Status.InitContainerStatuses), p.Status.ContainerStatuses...) {
		restarts += c.RestartCount
		s.blame(c.State)
	}
	for _, c := range p.Status.ContainerStatuses {
		if c.Ready {
			ready++
		}
	}
	s.ready = fmt.Sprintf("%d/%d", ready, len(p.Spec.Containers))
	s.restarts = count(int64(restarts), "restart")
	s.unscheduled(p)
	switch {
	case p.DeletionTimestamp != nil:
		s.word, s.tone = "Terminating", Faint
	case s.tone == Wrong:
	case p.Status.Phase == corev1.PodFailed:
		s.tone = Wrong
	case ready < len(p.Spec.Containers):
		s.tone = Careful
	}
	if s.word == "" {
		s.word = "Unknown"
	}
	return s
}

// blame takes the reason of a container that does not run. One that is being created is no trouble.
func (s *state) blame(c corev1.ContainerState) {
	switch {
	case c.Waiting != nil && c.Waiting.Reason != "" && c.Waiting.Reason != "ContainerCreating" && c.Waiting.Reason != "PodInitializing":
		s.word, s.message, s.tone = c.Waiting.Reason, c.Waiting.Message, Wrong
	case c.Waiting != nil && c.Waiting.Reason != "" && s.tone != Wrong:
		s.word, s.tone = c.Waiting.Reason, Careful
	case c.Terminated != nil && c.Terminated.ExitCode != 0:
		s.word, s.message, s.tone = c.Terminated.Reason, c.Terminated.Message, Wrong
		if s.word == "" {
			s.word = fmt.Sprintf("exit code %d", c.Terminated.ExitCode)
		}
	}
}

// unscheduled says why a pod has no node.
func (s *state) unscheduled(p *corev1.Pod) {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			s.word, s.message, s.tone = c.Reason, c.Message, Wrong
		}
	}
}
