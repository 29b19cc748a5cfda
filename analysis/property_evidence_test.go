package analysis

import (
	"testing"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
)

// What the status holds of the evidence is what its windows say: judging them again from the first gives the same numbers to
// the last digit, whatever crashed in between.
func TestTheEvidenceIsWhatItsWindowsSay(t *testing.T) {
	property(t, func(c *chaos) {
		var rollout string
		var windows []v1alpha1.WindowRecord
		judged := int32(0)
		c.every = append(c.every, func(c *chaos, l look) {
			evidence := l.plan.Status.Evidence
			if !l.recorded || evidence == nil || l.plan.Status.Candidate == nil {
				return
			}
			if key := l.plan.Status.Candidate.Version; key != rollout {
				rollout, windows, judged = key, nil, 0
			}
			fresh := int(evidence.Judged - judged)
			if fresh < 0 || fresh > len(evidence.Recent) {
				c.t.Fatalf("%d windows judged after %d, and %d are recorded", evidence.Judged, judged, len(evidence.Recent))
			}
			windows = append(windows, evidence.Recent[len(evidence.Recent)-fresh:]...)
			judged = evidence.Judged
			var again judge.State
			for _, w := range windows {
				again, _ = JudgeOf(l.spec.Analysis).Judge(again, WindowOf(w, latencyLimit(l.spec.Analysis)))
			}
			if diff := cmp.Diff(memories(again), evidence.Checks); diff != "" {
				c.t.Fatalf("%d windows judged again say otherwise (-again +recorded):\n%s", len(windows), diff)
			}
		})
		c.story()
	})
}

// memories are a state as the status has it.
func memories(s judge.State) []v1alpha1.EvidenceMemory {
	var all []v1alpha1.EvidenceMemory
	for _, m := range s.Memories {
		text, err := m.MarshalText()
		if err != nil {
			panic(err)
		}
		all = append(all, v1alpha1.EvidenceMemory{Name: m.Name, Memory: string(text)})
	}
	return all
}

// A weight rises only when every check that decides has ruled out what the next weight asks for.
func TestWeightRisesOnlyOnProof(t *testing.T) {
	holds(t, func(c *chaos, l look) {
		before, after := l.before.Candidate, l.plan.Status.Candidate
		risen := before != nil && after != nil && before.Version == after.Version && after.Weight > before.Weight && before.Weight > 0
		evidence := l.spec.Analysis.Judge == v1alpha1.JudgeEvidence && l.spec.Analysis.NoData != v1alpha1.NoDataIgnore
		if !risen || !evidence || after.Returning || l.before.Step == nil || l.before.Step.Leave != "" || commandedIn(l) || timedOutIn(l) {
			return
		}
		for _, check := range l.plan.Status.Checks {
			if !check.DryRun && (check.Needed > 0 || check.Verdict == v1alpha1.VerdictFail) {
				c.t.Fatalf("weight %d%% -> %d%%, and %s needs %d more: %s", before.Weight, after.Weight, check.Name, check.Needed, check.Verdict)
			}
		}
	})
}
