package gitops

import (
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
)

// situation is what a person may find, and what the tools say of it.
type situation struct {
	// play brings a new stage there.
	play func(*stage)
	// kstatus is what Flux and Helm say, health what Argo CD says.
	kstatus status.Status
	health  string
	// actions are the commands that Argo CD offers, by name.
	actions []string
}

// Names of Argo CD's health.
const (
	healthy     = "Healthy"
	progressing = "Progressing"
	suspended   = "Suspended"
	degraded    = "Degraded"
)

// running are the commands that fit a candidate with traffic.
var running = []string{"abort", "approve", "pause", "promote", "promote-full"}

// situations are by name.
var situations = map[string]situation{
	"the first version's pods are not ready": {
		play:    func(s *stage) { s.podsStuck = true; s.look(nil); s.look(nil) },
		kstatus: status.InProgressStatus, health: progressing,
	},
	"the first version serves": {
		play:    serve,
		kstatus: status.CurrentStatus, health: healthy,
	},
	"a candidate's pods are starting": {
		play:    func(s *stage) { serve(s); s.podsStuck = true; s.ask("2"); s.look(nil); s.look(nil) },
		kstatus: status.InProgressStatus, health: progressing, actions: []string{"abort", "pause"},
	},
	"the first weight has not landed": {
		play: func(s *stage) {
			serve(s)
			s.weightsStuck = true
			s.ask("2")
			s.until("the first weight", func(c v1alpha1.CanaryStatus) bool { return c.Step != nil })
		},
		kstatus: status.InProgressStatus, health: progressing, actions: running,
	},
	"a candidate is tested": {
		play:    test,
		kstatus: status.InProgressStatus, health: progressing, actions: running,
	},
	"a candidate is suspicious": {
		play:    func(s *stage) { test(s); s.failing = 4; s.look(nil) },
		kstatus: status.InProgressStatus, health: progressing, actions: running,
	},
	"paused for approval": {
		play:    awaitApproval,
		kstatus: status.InProgressStatus, health: suspended, actions: []string{"abort", "approve", "promote", "promote-full"},
	},
	"paused by a person": {
		play:    func(s *stage) { test(s); s.look(&v1alpha1.Command{ID: "a", Verb: v1alpha1.VerbPause, By: "jane"}) },
		kstatus: status.InProgressStatus, health: suspended,
		actions: []string{"abort", "approve", "promote", "promote-full", "resume"},
	},
	"paused by a step's timeout": {
		play: func(s *stage) {
			test(s)
			s.edit(func(spec *v1alpha1.CanarySpec) {
				spec.Steps[0].Dwell = v1alpha1.Dur(time.Second)
				spec.Steps[0].Approval = ""
			})
			s.weightsStuck = true
			s.look(nil)
			s.until("the pause", paused)
		},
		kstatus: status.InProgressStatus, health: suspended,
		actions: []string{"abort", "approve", "promote", "promote-full", "resume"},
	},
	"promoting": {
		play: func(s *stage) {
			test(s)
			s.weightsStuck = true
			s.look(&v1alpha1.Command{ID: "a", Verb: v1alpha1.VerbPromoteFull, By: "jane"})
		},
		kstatus: status.InProgressStatus, health: progressing, actions: []string{"abort"},
	},
	"promoted": {
		play: func(s *stage) {
			awaitApproval(s)
			s.look(&v1alpha1.Command{ID: "a", Verb: v1alpha1.VerbApprove, By: "jane"})
			s.until("the promotion", func(c v1alpha1.CanaryStatus) bool { return c.Phase == v1alpha1.PhaseSucceeded })
		},
		kstatus: status.CurrentStatus, health: healthy,
	},
	"rolling back": {
		play: func(s *stage) {
			test(s)
			s.weightsStuck = true
			s.look(&v1alpha1.Command{ID: "a", Verb: v1alpha1.VerbAbort, By: "jane"})
		},
		kstatus: status.InProgressStatus, health: progressing,
	},
	"rolled back": {
		play:    func(s *stage) { test(s); s.failing = 50; s.until("the rollback", rolledBack) },
		kstatus: status.FailedStatus, health: degraded, actions: []string{"retry"},
	},
	"rolled back, and the target asks for stable again": {
		play: func(s *stage) {
			test(s)
			s.failing = 50
			s.until("the rollback", rolledBack)
			s.ask("1")
			s.look(nil)
		},
		kstatus: status.CurrentStatus, health: healthy,
	},
	"the target is missing": {
		play:    func(s *stage) { serve(s); s.seen.Target = analysis.Target{}; s.look(nil) },
		kstatus: status.FailedStatus, health: degraded,
	},
	"the target is missing in the middle of a rollout": {
		play:    func(s *stage) { test(s); s.seen.Target = analysis.Target{}; s.look(nil) },
		kstatus: status.FailedStatus, health: degraded, actions: []string{"abort", "approve", "pause"},
	},
	"suspended before a rollout": {
		play:    func(s *stage) { serve(s); s.edit(suspend); s.ask("2"); s.look(nil) },
		kstatus: status.InProgressStatus, health: suspended,
	},
	"suspended in the middle of a rollout": {
		play:    func(s *stage) { test(s); s.edit(suspend); s.look(nil) },
		kstatus: status.InProgressStatus, health: suspended, actions: []string{"abort", "approve", "pause"},
	},
	"frozen before a rollout": {
		play:    func(s *stage) { serve(s); freeze(s); s.ask("2"); s.look(nil) },
		kstatus: status.InProgressStatus, health: progressing,
	},
	"frozen in the middle of a rollout": {
		play:    func(s *stage) { test(s); freeze(s); s.look(nil) },
		kstatus: status.InProgressStatus, health: progressing, actions: []string{"abort", "approve", "pause"},
	},
	"frozen while paused": {
		play:    func(s *stage) { awaitApproval(s); freeze(s); s.look(nil) },
		kstatus: status.InProgressStatus, health: suspended, actions: []string{"abort", "approve"},
	},
	"outside the windows in the middle of a rollout": {
		play: func(s *stage) {
			test(s)
			s.seen.Holds.Window = &analysis.Opening{Next: s.now.Add(time.Hour)}
			s.look(nil)
		},
		kstatus: status.InProgressStatus, health: progressing, actions: []string{"abort", "approve", "pause"},
	},
	"the spec was changed and not looked at": {
		play:    func(s *stage) { serve(s); s.edit(suspend) },
		kstatus: status.InProgressStatus, health: progressing,
	},
}

// serve plays until the first version serves.
func serve(s *stage) {
	s.t.Helper()
	s.until("the first version", func(c v1alpha1.CanaryStatus) bool {
		return c.Phase == v1alpha1.PhaseSucceeded && c.ObservedGeneration == s.canary.Generation
	})
}

// test plays until a candidate stands on its first step with a weight that landed.
func test(s *stage) {
	s.t.Helper()
	serve(s)
	s.ask("2")
	s.until("the first step", func(c v1alpha1.CanaryStatus) bool { return c.Step != nil && c.Step.LandedAt != nil })
}

// awaitApproval plays until the first step waits for a person.
func awaitApproval(s *stage) {
	s.t.Helper()
	test(s)
	s.until("the pause", paused)
}

// freeze has a policy freeze rollouts.
func freeze(s *stage) {
	s.seen.Holds.Freeze = &analysis.Freeze{Policy: `ClusterRolloutPolicy "year-end"`, Reason: "year end"}
}

func paused(c v1alpha1.CanaryStatus) bool     { return c.Phase == v1alpha1.PhasePaused }
func rolledBack(c v1alpha1.CanaryStatus) bool { return c.Phase == v1alpha1.PhaseRolledBack }
func suspend(spec *v1alpha1.CanarySpec)       { spec.Suspend = true }
