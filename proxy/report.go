package proxy

import (
	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"

	"github.com/serin-dev/serin/api/smi/split"
)

// reporter tells of problems once: when they come, and again when they come back.
type reporter struct {
	log      logr.Logger
	recorder events.EventRecorder
	told     map[problem]bool
}

func newReporter(log logr.Logger, recorder events.EventRecorder) *reporter {
	return &reporter{log: log, recorder: recorder, told: map[problem]bool{}}
}

// report logs the problems that are new since the last call, and makes each an Event on its split.
func (r *reporter) report(problems []problem) {
	now := map[problem]bool{}
	for _, p := range problems {
		now[p] = true
		if r.told[p] {
			continue
		}
		r.log.Info("problem with a split", "split", p.split, "reason", p.reason, "message", p.message)
		about := &corev1.ObjectReference{
			APIVersion: split.GroupVersion.String(), Kind: "TrafficSplit",
			Namespace: p.split.Namespace, Name: p.split.Name, UID: p.splitUID,
		}
		r.recorder.Eventf(about, nil, corev1.EventTypeWarning, p.reason, "Serve", "%s", p.message)
	}
	r.told = now
}
