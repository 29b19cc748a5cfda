package notifier

import (
	"context"
	"time"
)

// Sink is one place that messages go to.
type Sink interface {
	// Send makes one try. Its error says what may follow: refusedError and unknownError must not be tried again,
	// busyError not before its time, and any other error is known not to have delivered the message.
	Send(ctx context.Context, m Message) error
}

// refusedError is an answer that the same message would get again.
type refusedError struct{ reason string }

func (e refusedError) Error() string { return e.reason }

// busyError is a service that asks for patience.
type busyError struct{ retryAfter time.Duration }

func (e busyError) Error() string {
	return "the service asks to be tried again in " + e.retryAfter.String()
}

// unknownError is a try that was sent whole and never answered, so the message may have arrived.
type unknownError struct{ cause error }

func (e unknownError) Error() string {
	return "the message was sent but not answered, so it may have arrived and is not sent again: " + e.cause.Error()
}

func (e unknownError) Unwrap() error { return e.cause }
