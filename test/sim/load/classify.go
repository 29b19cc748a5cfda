package load

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/serin-dev/serin/test/sim/app"
)

// Class says how a request went, and whose failure it was.
type Class int

// The classes.
const (
	OK Class = iota
	FailedByRelease
	FailedBetween
)

// Answer is what came of a request.
type Answer struct {
	// Response is nil when Err is not.
	Response *http.Response
	// Body is the whole body.
	Body string
	// Err is the transport's error, or that of reading the body.
	Err error
}

// Outcome is what an answer means.
type Outcome struct {
	// Release is the release that answered, if one did.
	Release string
	// Class is how it went.
	Class Class
	// Slow says that the release took its time on purpose.
	Slow bool
	// Text says what went wrong, for failures between.
	Text string
}

// ExpectRelease expects the answer of a release of package app.
func ExpectRelease(a Answer) Outcome {
	if a.Err != nil {
		return Outcome{Class: FailedBetween, Text: a.Err.Error()}
	}
	header, status := a.Response.Header, a.Response.StatusCode
	release, fault := header.Get(app.HeaderRelease), header.Get(app.HeaderFault)
	outcome := Outcome{Release: release, Slow: fault == app.FaultSlow}
	whole := strings.TrimSuffix(a.Body, "\n") == app.Body(release)
	switch {
	case release == "":
		outcome.Class, outcome.Text = FailedBetween, fmt.Sprintf("status %d not from a release: %s", status, begin(a.Body))
	case status == http.StatusOK && whole:
		outcome.Class = OK
	case status == http.StatusInternalServerError && fault == app.FaultError && whole:
		outcome.Class = FailedByRelease
	default:
		outcome.Class = FailedBetween
		outcome.Text = fmt.Sprintf("status %d with fault %q and body %q of release %s", status, fault, begin(a.Body), release)
	}
	return outcome
}

// ExpectForbidden expects that the request is refused with 403 before it reaches a release.
func ExpectForbidden(a Answer) Outcome {
	if a.Err != nil {
		return Outcome{Class: FailedBetween, Text: a.Err.Error()}
	}
	release := a.Response.Header.Get(app.HeaderRelease)
	if a.Response.StatusCode == http.StatusForbidden && release == "" {
		return Outcome{Class: OK}
	}
	return Outcome{
		Release: release, Class: FailedBetween,
		Text: fmt.Sprintf("status %d instead of 403: %s", a.Response.StatusCode, begin(a.Body)),
	}
}

// begin returns the beginning of a body as one line.
func begin(body string) string {
	const most = 120
	line := strings.Join(strings.Fields(body), " ")
	if len(line) > most {
		return line[:most] + "..."
	}
	return line
}
