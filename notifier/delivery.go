package notifier

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var (
	errFull    = errors.New("the outbox is full, and this was the oldest of its least severe messages")
	errStopped = errors.New("the controller stopped before the message could be sent")
	errNotDue  = errors.New("earlier messages to the same place were tried until its time was up")
)

// drain sends a destination's letters one after another until none is left.
func (o *Outbox) drain(ctx context.Context, stopping <-chan struct{}, dest Destination) {
	sink := o.sinkFor(dest)
	for {
		l, found := o.backlog.next(dest)
		if !found {
			return
		}
		outcome, err := o.deliver(ctx, stopping, sink, l)
		if err != nil {
			o.lose(l, outcome, err)
		} else {
			o.counts.add(l.dest, outcomeSent)
		}
		o.backlog.settle(l)
	}
}

// deliver tries a letter until it is sent or lost, and says which; the error is nil when it was sent.
func (o *Outbox) deliver(ctx context.Context, stopping <-chan struct{}, sink Sink, l letter) (outcome, error) {
	backoff := o.opts.Backoff
	err := errNotDue
	for left := o.remaining(l); left > 0; left = o.remaining(l) {
		last := isClosed(stopping)
		if ctx.Err() != nil {
			return outcomeDropped, errStopped
		}
		if err = o.try(ctx, sink, l.message); err == nil {
			return outcomeSent, nil
		}
		if outcome, final := finality(err); final {
			return outcome, err
		}
		if last {
			return outcomeDropped, fmt.Errorf("%w: %w", errStopped, err)
		}
		pause := backoff.Step()
		var busy busyError
		if errors.As(err, &busy) {
			pause = max(pause, busy.retryAfter)
		}
		if pause >= o.remaining(l) {
			break
		}
		o.counts.add(l.dest, outcomeRetried)
		o.opts.Log.Info("A notification was not delivered yet.", append(about(l), "again", pause.Round(time.Millisecond).String(), "why", err.Error())...)
		sleep(pause, stopping)
	}
	return outcomeExpired, fmt.Errorf("not delivered within %s: %w", o.opts.GiveUpAfter, err)
}

// try makes one try of bounded length.
func (o *Outbox) try(ctx context.Context, sink Sink, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, o.opts.RequestTimeout)
	defer cancel()
	return sink.Send(ctx, m)
}

// remaining is how long a letter may still be tried.
func (o *Outbox) remaining(l letter) time.Duration {
	return o.opts.GiveUpAfter - time.Since(l.queued)
}

// lose counts, logs and reports a letter that will not be sent.
func (o *Outbox) lose(l letter, outcome outcome, why error) {
	o.counts.add(l.dest, outcome)
	o.opts.Log.Error(why, "A notification is lost.", append(about(l), "outcome", string(outcome))...)
	o.opts.OnLost(l.dest, l.message, why)
}

// finality says whether an error ends the tries, and as what.
func finality(err error) (outcome, bool) {
	var refused refusedError
	var unknown unknownError
	switch {
	case errors.As(err, &refused):
		return outcomeRefused, true
	case errors.As(err, &unknown):
		return outcomeUnknown, true
	}
	return "", false
}

// about names a letter in the log. It names no address: a webhook's is a secret.
func about(l letter) []any {
	return []any{
		"service", l.dest.service(), "secret", l.dest.Namespace + "/" + l.dest.SecretName, "channel", l.dest.Channel,
		"canary", l.message.Namespace + "/" + l.message.Canary, "title", l.message.Title,
	}
}

// sleep pauses, but not past stopping.
func sleep(pause time.Duration, stopping <-chan struct{}) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
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
