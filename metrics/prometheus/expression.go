package prometheus

import (
	"fmt"
	"strings"
	"time"
)

// lookBack is how far before a window numbers are looked for.
const lookBack = 5 * time.Minute

// span is a window.
type span struct{ start, end time.Time }

func (s span) length() time.Duration { return s.end.Sub(s.start) }

// counted is what doc.go says: V is a selector of counters, W the length of the window that ends where the query is evaluated,
// L how far to look back. What a counter is counted from is its number before the window; or zero, if its target was scraped
// then and did not have it; or its first number in the window. Where that gives less than nothing, or the counter was reset
// inside the window, its newest number is what was counted since the last reset.
const counted = `((last_over_time(V[W]) - (
    last_over_time(V[L] offset W)
    or 0 * last_over_time(V[W]) and on (job, instance) last_over_time(up[L] offset W) == 1
    or min_over_time(V[W])
  ) >= 0) unless resets(V[W]) > 0
  or last_over_time(V[W]))`

// increase is what each of the series that one of the sets selects counted, in PromQL.
func increase(metric names, sets []set, scope matchers, w span) string {
	if len(sets) == 0 {
		sets = []set{{}}
	}
	parts := make([]string, len(sets))
	for i, s := range sets {
		r := strings.NewReplacer("V", selector(metric, scope, s.matchers), "W", duration(w.length()), "L", duration(lookBack))
		parts[i] = r.Replace(counted)
	}
	return strings.Join(parts, "\n or ")
}

// sum adds series up by labels, in PromQL.
func sum(by []string, of string) string {
	return fmt.Sprintf("sum by (%s) (\n%s)", strings.Join(by, ", "), of)
}

// scraped tells apart what Prometheus says about itself from the rest of an answer: the label has the end of the window at
// which some target was scraped in the time before.
const scraped = "serin_scraped"

// withScrapes adds to an expression whether any target was scraped shortly before each end of the window.
func withScrapes(expression string, w span, within time.Duration) string {
	return fmt.Sprintf(`%s
 or label_replace(count(last_over_time(up[%[2]s]) == 1), %[4]q, "end", "", "")
 or label_replace(count(last_over_time(up[%[2]s] offset %[3]s) == 1), %[4]q, "start", "", "")`,
		expression, duration(within), duration(w.length()), scraped)
}

// duration is a length of time in PromQL.
func duration(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }
