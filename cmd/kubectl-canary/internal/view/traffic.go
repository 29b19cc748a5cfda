package view

import (
	"fmt"
	"strings"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// traffic shows the TrafficSplit as written beside what the status asks for.
func (o Options) traffic(s Snapshot) (node, bool) {
	if s.Canary.Status.Stable == nil {
		return node{}, false
	}
	head := "Traffic"
	if landed := s.Canary.Status.Condition(v1alpha1.ConditionTrafficLanded); landed != nil {
		head += map[v1alpha1.ConditionStatus]string{
			v1alpha1.ConditionTrue: ", as the data plane applies it", v1alpha1.ConditionFalse: ", not applied by the data plane yet",
			v1alpha1.ConditionUnknown: "",
		}[landed.Status]
	}
	n := title(head)
	if s.Split == nil {
		return n.with(row(cell{Careful, "there is no TrafficSplit " + s.Canary.Name})), true
	}
	sum := int64(0)
	for _, b := range s.Split.Spec.Backends {
		sum += b.Weight
	}
	asked := askedFor(s.Canary)
	for _, b := range s.Split.Spec.Backends {
		written := "0%"
		if sum > 0 {
			written = fmt.Sprintf("%d%%", (b.Weight*100+sum/2)/sum)
		}
		version := versionOf(s.Canary, b.Service)
		weight, known := asked[version]
		want, tone, note := "-", Fine, ""
		if known {
			want = fmt.Sprintf("%d%%", weight)
		}
		if want != written && (known || b.Weight > 0) {
			tone, note = Careful, "differs"
		}
		n = n.with(row(plain(b.Service), cell{tone, "written " + written}, cell{tone, "status " + want}, cell{tone, note}))
	}
	for _, p := range s.Split.Spec.Problems {
		n = n.with(row(cell{Wrong, p}))
	}
	return n, true
}

// askedFor is the division of requests that the status records, by version.
func askedFor(c *v1alpha1.Canary) map[string]int32 {
	asked := map[string]int32{c.Status.Stable.Version: 100}
	if candidate := c.Status.Candidate; candidate != nil {
		asked[c.Status.Stable.Version] -= candidate.Weight
		asked[candidate.Version] += candidate.Weight
	}
	return asked
}

// versionOf is the version that a backend is named after: <apex>-v<N>.
func versionOf(c *v1alpha1.Canary, service string) string {
	apex := c.Spec.Service.Name
	if apex == "" {
		apex = c.Spec.TargetRef.Name
	}
	version, named := strings.CutPrefix(service, apex+"-")
	if !named {
		return ""
	}
	return version
}

// checks shows the verdicts on the newest window.
func (o Options) checks(s Snapshot) (node, bool) {
	n := title("Checks")
	for _, c := range s.Canary.Status.Checks {
		window := ""
		if c.Window.Of() > 0 {
			window = " in a window of " + span(c.Window.Of())
		}
		if ago := o.since(c.EndedAt); ago != "" {
			window += ", " + ago + " ago"
		}
		name, tone := c.Name, verdictTone(c.Verdict)
		if c.DryRun {
			name, tone = name+" (dry run)", Faint
		}
		n = n.with(row(cell{tone, verdictMark(c.Verdict)}, plain(name), cell{tone, string(c.Verdict)}, cell{tone, orDash(c.Value)},
			plain(orDash(c.Threshold)), faint(count(c.Requests, "request")+window)).with(evidenceOf(c)...))
	}
	return n, len(n.kids) > 0
}

func verdictMark(v v1alpha1.Verdict) string {
	switch v {
	case v1alpha1.VerdictPass:
		return "✓"
	case v1alpha1.VerdictFail:
		return "✗"
	case v1alpha1.VerdictHold, v1alpha1.VerdictNoData, v1alpha1.VerdictError:
	}
	return "?"
}

// gates shows the questions to webhooks.
func (o Options) gates(s Snapshot) (node, bool) {
	n := title("Gates")
	tones := map[v1alpha1.GateState]Tone{
		v1alpha1.GateAsked: Careful, v1alpha1.GateRefused: Careful, v1alpha1.GateOpen: Fine, v1alpha1.GateFailed: Wrong,
	}
	for _, g := range s.Canary.Status.Gates {
		answered := "no answer yet"
		if g.Asked > 0 {
			answered = fmt.Sprintf("answered %s", times(g.Asked))
		}
		if ago := o.since(g.AnsweredAt); ago != "" {
			answered += ", " + ago + " ago"
		}
		if g.Answer != "" {
			answered += ": " + g.Answer
		}
		tone := tones[g.State]
		n = n.with(row(plain(g.Webhook), faint(string(g.When)), cell{tone, string(g.State)}, plain(answered)))
	}
	return n, len(n.kids) > 0
}

func times(n int32) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
