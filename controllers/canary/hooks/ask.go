package hooks

import (
	"context"
	"fmt"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/controllers/canary/outbound"

	"k8s.io/utils/ptr"
)

// defaultRetries is how often a try is repeated where the webhook does not say.
const defaultRetries = 3

// ask puts a question until it is answered or was tried often enough. No answer comes when the context ends first.
func (c *Caller) ask(ctx context.Context, q *question) (analysis.Answer, bool) {
	if c.opts.Pause(ctx, q.call.Wait) != nil {
		return analysis.Answer{}, false
	}
	began := c.opts.Now()
	backoff := c.opts.Backoff
	tries := ptr.Deref(q.call.Webhook.Retries, defaultRetries) + 1
	for n := int32(1); ; n++ {
		r := c.tryInTurn(ctx, q)
		if ctx.Err() == nil && (!r.again || n >= tries) {
			c.counts.ended(q.call.Webhook.When, r.outcome, c.opts.Now().Sub(began))
			return analysis.Answer{ID: q.call.ID, Ask: q.call.Ask, Yes: r.outcome == outcomeYes, Text: r.sentence(n)}, true
		}
		length := backoff.Step()
		if r.after != nil {
			length = *r.after
		}
		if ctx.Err() == nil {
			c.log(q, r, length)
		}
		if c.opts.Pause(ctx, length) != nil {
			c.counts.cancelled(q.call.Webhook.When)
			return analysis.Answer{}, false
		}
	}
}

// tryInTurn makes one try when the Canary's turn and the Caller's have come.
func (c *Caller) tryInTurn(ctx context.Context, q *question) reply {
	if !take(ctx, q.of.slots) {
		return reply{}
	}
	defer leave(q.of.slots)
	if !take(ctx, c.slots) {
		return reply{}
	}
	defer leave(c.slots)
	return c.try(ctx, q)
}

// take waits for a slot, and says whether one came free before the context ended.
func take(ctx context.Context, slots chan<- struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func leave(slots <-chan struct{}) { <-slots }

func (c *Caller) log(q *question, r reply, length time.Duration) {
	c.opts.Log.Info("A webhook did not answer yet.", "canary", q.of.name.String(), "question", q.call.ID,
		"again", length.Round(time.Millisecond).String(), "why", r.text)
}

// reply is what became of one try.
type reply struct {
	outcome outcome
	// text says it in one line.
	text string
	// silent says that nothing was answered at all; the text is why.
	silent bool
	// again says that another try may help, after how long if the service said so.
	again bool
	after *time.Duration
}

// sentence is the reply to the last of some tries.
func (r reply) sentence(tries int32) string {
	text, after := r.text, fmt.Sprintf("after %d tries", tries)
	if tries == 1 {
		after = "after 1 try"
	}
	switch {
	case r.silent:
		text = fmt.Sprintf("no answer %s: %s", after, text)
	case r.again:
		text = fmt.Sprintf("%s: %s", after, text)
	}
	return outbound.Cut(text)
}
