package queries

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/serin-dev/serin/controllers/canary/outbound"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// failure is why there is no number. The sentence about it names the query between before and after, unless it is about the
// Prometheus as a whole: then before is all of it.
type failure struct {
	before, after string
	whole         bool
	// hangs says that to ask again at once would only cost time.
	hangs bool
}

// about is the sentence as it is said of one query.
func (f *failure) about(name string) string {
	if f.whole {
		return f.before
	}
	return f.before + name + f.after
}

// failed says why a question was not answered.
func (s *source) failed(err error, e *exchange, timeout time.Duration) *failure {
	var said *v1.Error
	var slow net.Error
	switch {
	case e.moved != "":
		return &failure{before: fmt.Sprintf("Prometheus %s points to %s, and redirects are not followed", s.shown, s.hide.Replace(e.moved)), whole: true}
	case errors.Is(err, errTooLong):
		return &failure{after: " returned more than 1 MiB: sum() it into one number"}
	case errors.As(err, &said):
		return s.refusal(said, e.status)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return &failure{before: fmt.Sprintf("Prometheus %s did not answer within %s", s.shown, timeout), whole: true, hangs: true}
	}
	return s.unreachable(err, timeout)
}

func (s *source) unreachable(err error, timeout time.Duration) *failure {
	return &failure{
		before: fmt.Sprintf("Prometheus %s cannot be reached: %s", s.shown, s.hide.Replace(outbound.Cause(err, timeout))),
		whole:  true, hangs: true,
	}
}

// foreign is what answers, but not as a Prometheus does.
func (s *source) foreign() *failure {
	return &failure{before: fmt.Sprintf("what answers at %s is no Prometheus: the address must be the one before /api/v1", s.shown), whole: true}
}

// refusal is a failure that was answered. A token that was good enough once may have been replaced.
func (s *source) refusal(said *v1.Error, status int) *failure {
	text := outbound.Cut(outbound.Printable(s.hide.Replace(words(said, status))))
	switch {
	case status/100 == 2 && strings.HasPrefix(said.Msg, `unexpected value type "string"`): // a text is unknown to the client
		return noNumber
	case status/100 == 2:
		return s.foreign()
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		s.refused()
	case status/100 == 5:
		return &failure{before: fmt.Sprintf("Prometheus %s failed to answer ", s.shown), after: ": " + text, hangs: true}
	case itsOwn(said, status):
		return &failure{before: "Prometheus refused ", after: ": " + text}
	}
	return &failure{before: fmt.Sprintf("Prometheus %s refused ", s.shown), after: ": " + text}
}

// itsOwn says that the client has read the words of a Prometheus, which refuses with these two.
func itsOwn(said *v1.Error, status int) bool {
	return said.Detail == "" && (status == http.StatusBadRequest || status == http.StatusUnprocessableEntity)
}

// words are what a Prometheus says itself, or the status of something else that answered in its place.
func words(said *v1.Error, status int) string {
	var body struct {
		Error string `json:"error"`
	}
	switch {
	case itsOwn(said, status):
		text, _, _ := strings.Cut(said.Msg, ": [{") // a list of series would change with every pod
		return strings.TrimPrefix(text, `invalid parameter "query": `)
	case json.Unmarshal([]byte(said.Detail), &body) == nil && body.Error != "":
		return body.Error
	}
	return fmt.Sprintf("%d %s", status, http.StatusText(status))
}

var noNumber = &failure{after: " returned no number"}

// read is the number that a query gave.
func read(value model.Value) (point, *failure) {
	switch v := value.(type) {
	case *model.Scalar:
		return point{number: float64(v.Value), found: true}, nil
	case model.Vector:
		switch {
		case len(v) == 0:
			return point{}, nil
		case len(v) > 1:
			return point{}, &failure{after: fmt.Sprintf(" returned %d series: sum() them into one", len(v))}
		case v[0].Histogram != nil:
			return point{}, &failure{after: " returned a histogram: histogram_count() or histogram_sum() makes it a number"}
		}
		return point{number: float64(v[0].Value), found: true}, nil
	case model.Matrix:
		return point{}, &failure{after: " returned values over time: leave out the range in []"}
	}
	return point{}, noNumber
}
