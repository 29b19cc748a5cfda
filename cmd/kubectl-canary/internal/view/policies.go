package view

import (
	"fmt"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// policies shows those that freeze or limit the Canary.
func (o Options) policies(s Snapshot) (node, bool) {
	n := title("Policies")
	for _, p := range s.Policies {
		freeze, tone := o.freezeWords(p.Spec.Freeze)
		limit := limitWords(p)
		if freeze == "" && limit == "" {
			continue
		}
		text := freeze
		if freeze != "" && limit != "" {
			text += "; "
		}
		n = n.with(row(plain(p.Kind), plain(p.Name), cell{tone, text + limit}))
	}
	return n, len(n.kids) > 0
}

// freezeWords say what a freeze does now, "" if it is over.
func (o Options) freezeWords(f *v1alpha1.Freeze) (string, Tone) {
	switch {
	case f == nil || over(f, o.Now):
		return "", Normal
	case !frozen(f, o.Now):
		return fmt.Sprintf("freezes from %s: %s", o.instant(f.From.Time), f.Reason), Normal
	case f.Until == nil:
		return "freezes without an end: " + f.Reason, Careful
	default:
		return fmt.Sprintf("freezes until %s: %s", o.instant(f.Until.Time), f.Reason), Careful
	}
}

func over(f *v1alpha1.Freeze, now time.Time) bool { return f.Until != nil && !now.Before(f.Until.Time) }

func limitWords(p Policy) string {
	switch {
	case p.Spec.MaxRollouts == nil:
		return ""
	case p.Running == nil:
		return fmt.Sprintf("at most %s at a time", count(int64(*p.Spec.MaxRollouts), "rollout"))
	default:
		return fmt.Sprintf("%d of %s run", *p.Running, count(int64(*p.Spec.MaxRollouts), "rollout"))
	}
}

// Policies is a table of the policies that freeze or limit, with a blank line before it; nothing if none does.
func Policies(all []Policy, o Options) []string {
	rows := [][]cell{{plain("POLICY"), plain("NAMESPACE"), plain("FREEZE"), plain("UNTIL"), plain("ROLLOUTS")}}
	for _, p := range all {
		freeze, until, tone := "-", "-", Normal
		if f := p.Spec.Freeze; f != nil && !over(f, o.Now) {
			freeze = f.Reason
			if frozen(f, o.Now) {
				tone = Careful
			} else {
				freeze = "from " + o.instant(f.From.Time) + ": " + freeze
			}
			if f.Until != nil {
				until = o.instant(f.Until.Time)
			}
		}
		if freeze == "-" && p.Spec.MaxRollouts == nil {
			continue
		}
		name := map[string]string{"RolloutPolicy": "rolloutpolicy/", "ClusterRolloutPolicy": "clusterrolloutpolicy/"}[p.Kind] + p.Name
		rows = append(rows, []cell{plain(name), plain(orDash(p.Namespace)), {tone, freeze}, plain(until), plain(orDash(limitWords(p)))})
	}
	if len(rows) == 1 {
		return nil
	}
	return append([]string{""}, o.table(rows, "FREEZE")...)
}
