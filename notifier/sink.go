package notifier

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Sink is one place that messages go to.
type Sink interface {
	// Send makes one try, and returns the thread that later messages of the same rollout belong to, where the service has
	// threads of its own. Its error says what may follow: a refusedError must not be tried again, a busyError not before its
	// time; after an unknownError the message may have arrived; after any other it is known that it has not. With
	// Letter.Restored it may have arrived before, so a Sink that can find out looks first.
	Send(ctx context.Context, l Letter) (thread string, err error)
}

// opener makes the Sink of each destination.
type opener struct {
	secrets   SecretReader
	transport http.RoundTripper
	slackAPI  string
}

func (o opener) open(dest Destination) Sink {
	desk := addressSink{dest: dest, secrets: o.secrets, transport: o.transport}
	switch dest.Service {
	case Slack:
		return slackSink{dest: dest, secrets: o.secrets, transport: o.transport, apiURL: o.slackAPI}
	case Teams:
		desk.name, desk.post = "Microsoft Teams", postTeams
	case Discord:
		desk.name, desk.post = "Discord", postDiscord
	case GoogleChat:
		desk.name, desk.post = "Google Chat", postGoogleChat
	case Webhook:
		desk.name, desk.post = "The webhook", postCloudEvent
		desk.passing = []int{http.StatusNotFound} // what a gateway answers while nothing stands behind it
	default:
		return noSink{dest}
	}
	return desk
}

// noSink is where no service is known.
type noSink struct{ dest Destination }

// Send refuses.
func (s noSink) Send(context.Context, Letter) (string, error) {
	return "", refusedError{fmt.Sprintf("There is no service %q to notify.", s.dest.Service)}
}

// refusedError is an answer that the same message would get again.
type refusedError struct{ reason string }

func (e refusedError) Error() string { return e.reason }

// busyError is a service that asks for patience.
type busyError struct{ retryAfter time.Duration }

func (e busyError) Error() string {
	return "the service asks to be tried again in " + e.retryAfter.String()
}

// unknownError is a try after which nobody knows whether the message has arrived.
type unknownError struct{ cause error }

func (e unknownError) Error() string { return "the message may have arrived: " + e.cause.Error() }

func (e unknownError) Unwrap() error { return e.cause }
