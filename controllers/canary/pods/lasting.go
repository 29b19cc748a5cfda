package pods

import (
	"fmt"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"

	corev1 "k8s.io/api/core/v1"
)

// longest is the most characters that a message has.
const longest = 200

// The reasons for which the kubelet lets a container wait, beside those it tries again at once. ErrImagePull, RunContainerError
// and a container that has ended for the first time are not among them: the kubelet tries each of these again at once, and only
// when that fails as well does it wait, and call the reason ImagePullBackOff or CrashLoopBackOff.
const (
	crashLoop          = "CrashLoopBackOff"
	imagePullBackOff   = "ImagePullBackOff"
	errImageNeverPull  = "ErrImageNeverPull"
	invalidImageName   = "InvalidImageName"
	configError        = "CreateContainerConfigError"
	createContainerErr = "CreateContainerError"
)

// lasting is the trouble of a pod's first container, in the order in which they start, that does not pass by itself.
func lasting(pod *corev1.Pod) *analysis.Trouble {
	for _, c := range pod.Status.InitContainerStatuses { // Sidecars are among them.
		if t := waits(pod, &c, "init container "+c.Name); t != nil {
			return t
		}
	}
	for _, c := range pod.Status.ContainerStatuses {
		if t := waits(pod, &c, "container "+c.Name); t != nil {
			return t
		}
	}
	return nil
}

// waits is the trouble of a container that waits for something that does not come by itself.
func waits(pod *corev1.Pod, c *corev1.ContainerStatus, called string) *analysis.Trouble {
	if c.State.Waiting == nil {
		return nil
	}
	t := &analysis.Trouble{
		Pod: pod.Name, Reason: c.State.Waiting.Reason, Message: oneLine(c.State.Waiting.Message),
		Since: unreadySince(pod), Kind: analysis.TroubleLasting,
	}
	switch c.State.Waiting.Reason {
	case imagePullBackOff, errImageNeverPull, invalidImageName, configError, createContainerErr:
		return t
	case crashLoop:
		t.Message = oneLine(called + " " + crash(c))
		if end := c.LastTerminationState.Terminated; end != nil {
			t.Since = end.FinishedAt.Time
		}
		return t
	default:
		return nil
	}
}

// crash says how a container ended last. The reason Error says no more than the exit code does.
func crash(c *corev1.ContainerStatus) string {
	restarts := fmt.Sprintf("%d restarts", c.RestartCount)
	if c.RestartCount == 1 {
		restarts = "1 restart"
	}
	end := c.LastTerminationState.Terminated
	switch {
	case end == nil:
		return "keeps ending, " + restarts
	case end.Reason == "" || end.Reason == "Error":
		return fmt.Sprintf("exited with %d, %s", end.ExitCode, restarts)
	default:
		return fmt.Sprintf("exited with %d (%s), %s", end.ExitCode, end.Reason, restarts)
	}
}

// unreadySince is since when the pod is not ready. A container's status does not say since when it waits, so this is when the
// trouble began at the earliest.
func unreadySince(pod *corev1.Pod) time.Time {
	if c := condition(pod, corev1.PodReady); c != nil {
		return c.LastTransitionTime.Time
	}
	return time.Time{}
}

// oneLine is a text in one line, cut at the longest that is shown.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return text
}
