package notifier

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var errNotDue = errors.New("it was not tried: earlier ones, or the time without a controller, took that long")

// attend sends a destination's letters, one after another, until none is left.
func (o *Outbox) attend(ctx context.Context, stopping <-chan struct{}, id string) {
	sink := Sink(nil)
	for {
		var e *entry
		pause, arrived, found := time.Duration(0), (<-chan struct{})(nil), false
		if isClosed(stopping) {
			e, found = o.backlog.last(id)
		} else {
			e, pause, arrived, found = o.backlog.next(id, time.Now())
		}
		switch {
		case !found || ctx.Err() != nil:
			return
		case e == nil:
			sleep(pause, arrived, stopping)
			continue
		case sink == nil:
			sink = o.sinkFor(e.Dest)
		}
		if last := isClosed(stopping); !o.deliver(ctx, sink, e) && last {
			o.backlog.left(e)
		}
	}
}

// deliver makes one try to deliver a letter, and says whether the letter is settled now.
func (o *Outbox) deliver(ctx context.Context, sink Sink, e *entry) bool {
	if o.remaining(e) <= 0 {
		why := e.why
		if why == nil {
			why = errNotDue
		}
		o.giveUp(e, outcomeExpired, o.expired(why))
		return true
	}
	if thread, known := o.threads.Get(e.topic()); known {
		e.Thread, _ = thread.(string)
	}
	thread, err := o.try(ctx, sink, e.Letter)
	var refused refusedError
	switch {
	case err == nil:
		o.counts.add(e.Dest, outcomeSent)
		if thread != "" {
			o.threads.Add(e.topic(), thread)
		}
		o.backlog.ease(e)
		o.backlog.settle(e)
		o.opts.Settled(e.receipt(thread))
		return true
	case errors.As(err, &refused):
		o.backlog.ease(e)
		o.giveUp(e, outcomeRefused, err)
		return true
	case ctx.Err() != nil:
		o.opts.Log.Info("A notification was cut short by the end; the next controller sends it.", append(about(e), "why", err.Error())...)
		return false
	}
	return o.again(e, err)
}

// again lets a letter wait for its next try, or gives it up if that would come too late; then it is settled.
func (o *Outbox) again(e *entry, err error) bool {
	e.why = err
	var busy busyError
	_ = errors.As(err, &busy)
	pause := o.backlog.delay(e, time.Now(), busy.retryAfter)
	if pause >= o.remaining(e) {
		o.giveUp(e, outcomeExpired, o.expired(err))
		return true
	}
	var unknown unknownError
	if errors.As(err, &unknown) {
		e.Restored = true
		o.counts.add(e.Dest, outcomeUnknown)
	} else {
		o.counts.add(e.Dest, outcomeRetried)
	}
	o.opts.Log.Info("A notification was not delivered yet.", append(about(e), "again", pause.Round(time.Millisecond).String(), "why", err.Error())...)
	return false
}

// try makes one try of bounded length.
func (o *Outbox) try(ctx context.Context, sink Sink, l Letter) (thread string, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.opts.RequestTimeout)
	defer cancel()
	return sink.Send(ctx, l)
}

// remaining is how long a letter may still be tried.
func (o *Outbox) remaining(e *entry) time.Duration {
	return o.opts.GiveUpAfter - time.Since(e.Message.Time)
}

func (o *Outbox) expired(why error) error {
	return fmt.Errorf("not delivered within %s: %w", o.opts.GiveUpAfter, why)
}

// giveUp counts, logs and reports a letter that will not be sent.
func (o *Outbox) giveUp(e *entry, outcome outcome, why error) {
	o.counts.add(e.Dest, outcome)
	o.opts.Log.Error(why, "A notification is lost.", append(about(e), "outcome", string(outcome))...)
	o.backlog.settle(e)
	receipt := e.receipt(e.Thread)
	receipt.Lost = why.Error()
	o.opts.Settled(receipt)
}

// about names a letter in the log. It names no address: a webhook's is a secret.
func about(e *entry) []any {
	m := e.Message
	return []any{"destination", e.Dest.ID(), "canary", m.Namespace + "/" + m.Canary, "seq", m.Seq, "title", m.Title}
}

// sleep pauses, but not past a signal or the end.
func sleep(pause time.Duration, arrived, stopping <-chan struct{}) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-arrived:
	case <-stopping:
	}
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
