package view

import (
	"fmt"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// span is a length of time in at most two units: 48s, 3m12s, 1h05m, 3d4h.
func span(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < time.Second && d > 0:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour && d%time.Minute < time.Second:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour && d%time.Hour < time.Minute:
		return fmt.Sprintf("%dh", int(d.Hours()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	case d%(24*time.Hour) < time.Hour:
		return fmt.Sprintf("%dd", int(d.Hours())/24)
	default:
		return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
	}
}

// whole is a span that passes, in whole seconds.
func whole(d time.Duration) string { return span(max(d, 0).Truncate(time.Second)) }

// since is how long ago t was, "" when it is not known.
func (o Options) since(t *v1alpha1.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return whole(o.Now.Sub(t.Time))
}

// left is the time until t in whole seconds, rounded up: it reads 0s only when nothing is left.
func (o Options) left(t time.Time) time.Duration {
	d := t.Sub(o.Now)
	if d <= 0 {
		return 0
	}
	return (d + time.Second - 1).Truncate(time.Second)
}

func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Short is a revision as people see it.
func Short(revision string) string {
	if len(revision) > 8 {
		return revision[:8]
	}
	return revision
}

// instant is a moment in UTC with the time until then.
func (o Options) instant(t time.Time) string {
	return fmt.Sprintf("%s (in %s)", t.UTC().Format("2006-01-02 15:04 UTC"), whole(t.Sub(o.Now)))
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
