package queries

import (
	"context"
	"errors"
	"time"
)

// restsPer is how many times as long as it was awaited in vain something is left alone, so that what hangs takes up a sixth
// of the time at most.
const restsPer = 5

// rests holds what is left alone for a while: a Prometheus, or one query to it.
type rests struct {
	ends map[key]rest
	// answered is when a Prometheus last answered anything.
	answered map[key]time.Time
}

type rest struct {
	ends    time.Time
	failure *failure
}

// of is the failure for which a query is left alone now, by itself or with its Prometheus; nil if it is not.
func (r *rests) of(prometheus, query key, now time.Time) *failure {
	for _, k := range []key{prometheus, query} {
		if rest, ok := r.ends[k]; ok && now.Before(rest.ends) {
			return rest.failure
		}
	}
	return nil
}

// settle lets rest what did not answer. Where nobody was answered meanwhile it is the Prometheus that hangs, else the query.
// What was broken off from outside says nothing. It is called with the lock held.
func (r *Reader) settle(ctx context.Context, src *source, began time.Time, said answers, asked []question) {
	now := r.opts.Now()
	var waiting []question
	for _, q := range asked {
		if f := said.to[q].failure; f != nil && f.hangs {
			waiting = append(waiting, q)
		} else {
			r.rests.answered[src.own] = now
		}
	}
	r.rests.forgetOld(now)
	if len(waiting) == 0 || errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	ends := now.Add(restsPer * now.Sub(began))
	if r.rests.answered[src.own].Before(began) {
		r.rests.ends[src.own] = rest{ends, said.to[waiting[0]].failure}
		return
	}
	for _, q := range waiting {
		r.rests.ends[src.key(q)] = rest{ends, said.to[q].failure}
	}
}

func (r *rests) forgetOld(now time.Time) {
	for k, rest := range r.ends {
		if !now.Before(rest.ends) {
			delete(r.ends, k)
		}
	}
	for k, when := range r.answered {
		if now.Sub(when).Abs() > time.Minute {
			delete(r.answered, k)
		}
	}
}
