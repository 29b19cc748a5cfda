package queries

import (
	"context"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// Ask returns what the checks of a Canary's spec observed in a sample's window, in their order. Of a check that could not be
// answered it says why.
func (r *Reader) Ask(ctx context.Context, canary *v1alpha1.Canary, sample analysis.Sample) []analysis.Custom {
	checks := canary.Spec.Analysis.Checks
	if len(checks) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	observed := make([]analysis.Custom, len(checks))
	src, problem := r.source(ctx, canary)
	if problem != "" {
		for i, check := range checks {
			observed[i] = analysis.Custom{Name: check.Name, Problem: problem}
		}
		return observed
	}
	w := window{start: sample.Start, end: sample.End}
	var candidates, stables []inquiry
	var wanted []question
	for i := range checks {
		candidate, stable := inquire(canary, &checks[i], sample.Candidate.Version), inquire(canary, &checks[i], sample.Stable.Version)
		candidates, stables = append(candidates, candidate), append(stables, stable)
		wanted = append(wanted, candidate.questions(w)...)
		wanted = append(wanted, stable.questions(w)...)
	}
	said := r.answers(ctx, src, wanted, w)
	for i, check := range checks {
		observed[i] = custom(check.Name, candidates[i].observe(w, said), stables[i].observe(w, said))
	}
	return observed
}

// custom puts what was observed of the two versions together. What is wrong with stable alone is no problem of the candidate.
func custom(name string, candidate, stable observation) analysis.Custom {
	if candidate.problem != "" {
		return analysis.Custom{Name: name, Problem: candidate.problem}
	}
	return analysis.Custom{Name: name, Candidate: candidate.part, Stable: stable.part, Value: candidate.value}
}

// window is the time between two looks at a counter.
type window struct{ start, end time.Time }

func (w window) length() time.Duration { return w.end.Sub(w.start) }

// earlier is a question about a time before the window. It is asked where nothing is remembered of a counter, to know one
// that is new from one that is found again.
func (w window) earlier(query string) question { return at(query, w.start.Add(-lookBack)) }

// inquiry is what a check asks about one version.
type inquiry struct {
	check *v1alpha1.CustomCheck
	// terms are numerator and denominator of a share, or the query of a gauge.
	terms []term
	// problem says why there is nothing to ask.
	problem string
}

// term is one query, and what people call it.
type term struct{ name, query string }

// inquire writes the queries of a check for one version.
func inquire(canary *v1alpha1.Canary, check *v1alpha1.CustomCheck, version string) inquiry {
	i := inquiry{check: check}
	if check.Share != nil {
		i.add("numerator", check.Share.Numerator)
		i.add("denominator", check.Share.Denominator)
	} else if check.Gauge != nil {
		i.add("query", check.Gauge.Query)
	}
	values := placeholders(canary, version)
	for n, t := range i.terms {
		expanded, problem := expand(t.query, values)
		if problem != "" {
			return inquiry{check: check, problem: t.name + " " + problem}
		}
		i.terms[n].query = expanded
	}
	return i
}

func (i *inquiry) add(role, query string) {
	i.terms = append(i.terms, term{name: "the " + role + " of " + quoted(i.check.Name), query: query})
}

// questions are what has to be asked to observe a window.
func (i inquiry) questions(w window) []question {
	var asked []question
	for _, t := range i.terms {
		asked = append(asked, i.about(t, w)...)
	}
	return asked
}

// about are the questions about one term: a counter is looked at on both ends, a gauge once.
func (i inquiry) about(t term, w window) []question {
	if i.check.Share == nil {
		return []question{at(t.query, w.end)}
	}
	return []question{at(t.query, w.start), at(t.query, w.end), w.earlier(t.query)}
}
