package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// answered is an error that the TrafficMetrics server gave as an answer.
type answered struct {
	reach    reach
	sentence string
}

func (a *answered) Error() string { return a.sentence }

// reach is whom an error concerns.
type reach int

const (
	// everything would fare the same: the server is away, forbids it, or does not serve it.
	everything reach = iota
	// thisOne could not be read; another object may.
	thisOne
	// gone says that the object does not exist.
	gone
)

// saying keeps what a server wrote from steering the terminal.
func saying(to reach, format string, args ...any) error {
	return &answered{to, strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, fmt.Sprintf(format, args...))}
}

// reachOf is whom an error concerns.
func reachOf(err error) reach {
	var a *answered
	if errors.As(err, &a) {
		return a.reach
	}
	return everything
}

// trafficError makes one sentence of why there is no answer to a question.
func (c *Client) trafficError(ctx context.Context, q traffic.Question, r reply) error {
	words := wordsOf(r.body, r.code)
	switch r.code {
	case 0:
		return c.explain(r.err, q.Name)
	case http.StatusUnauthorized, http.StatusForbidden:
		return saying(everything, "the API server does not allow it: %s", words)
	case http.StatusNotFound:
		return c.notFound(ctx, q, r)
	case http.StatusBadRequest:
		return saying(thisOne, "the TrafficMetrics server refuses the question: %s", words)
	case http.StatusServiceUnavailable:
		return saying(everything, "TrafficMetrics are unavailable: %s", words)
	}
	return saying(thisOne, "the TrafficMetrics server failed with code %d: %s", r.code, words)
}

// notFound tells apart what 404 can mean: no such object, a kind that is not served, or no such API.
func (c *Client) notFound(ctx context.Context, q traffic.Question, r reply) error {
	unclear := saying(thisOne, "the TrafficMetrics server does not find %s: %s", asked(q), wordsOf(r.body, r.code))
	missing := saying(gone, "there is no %s", q.About())
	if status, is := statusOf(r.body); is && q.Name != "" && status.Details != nil && status.Details.Name == q.Name {
		return missing
	}
	found := c.ask(ctx, c.raw.Get().AbsPath(traffic.Group()...).MaxRetries(retries))
	if found.code == http.StatusNotFound {
		return saying(everything, "this cluster has no TrafficMetrics server: the API %s is missing", strings.Join(traffic.Group()[1:], "/"))
	}
	kinds, withEdges := served(found)
	switch {
	case len(kinds) == 0:
		return unclear
	case !slices.Contains(kinds, q.Kind.Resource):
		return saying(everything, "the TrafficMetrics server of this cluster does not serve %s: it serves %s",
			q.Kind.Resource, strings.Join(kinds, ", "))
	case q.Part == traffic.Edges && len(withEdges) == 0: // The specification does not say that a server lists them.
		return unclear
	case q.Part == traffic.Edges && !slices.Contains(withEdges, q.Kind.Resource):
		return saying(everything, "the TrafficMetrics server of this cluster does not serve edges of %s: it serves those of %s",
			q.Kind.Resource, strings.Join(withEdges, ", "))
	case q.Name != "":
		return missing
	}
	return unclear
}

// served are the kinds that a server lists, and those that it has edges of; none if it does not say.
func served(list reply) (kinds, withEdges []string) {
	var all metav1.APIResourceList
	if list.err != nil || json.Unmarshal(list.body, &all) != nil {
		return nil, nil
	}
	for _, resource := range all.APIResources {
		if of, edges := strings.CutSuffix(resource.Name, "/edges"); edges {
			withEdges = append(withEdges, of)
		} else if !strings.Contains(of, "/") {
			kinds = append(kinds, of)
		}
	}
	slices.Sort(kinds)
	slices.Sort(withEdges)
	return kinds, withEdges
}

// asked names what a question asks for.
func asked(q traffic.Question) string {
	if q.Part == traffic.Edges {
		return "edges of " + q.About()
	}
	return q.About()
}

func statusOf(body []byte) (metav1.Status, bool) {
	var status metav1.Status
	err := json.Unmarshal(body, &status)
	return status, err == nil && status.Kind == "Status"
}

// longestWords bounds what is shown of a body that is no sentence, in bytes.
const longestWords = 300

// wordsOf is what a server says in whatever form: a Status, {"error": ...}, a string in JSON, or text.
func wordsOf(body []byte, code int) string {
	var object struct{ Message, Error string }
	var text string
	if json.Unmarshal(body, &object) == nil && (object.Message != "" || object.Error != "") {
		text = object.Message
		if text == "" {
			text = object.Error
		}
	} else if json.Unmarshal(body, &text) != nil {
		text = string(body)
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	switch {
	case text == "":
		return fmt.Sprintf("it says nothing but %d %s", code, http.StatusText(code))
	case len(text) > longestWords:
		return strings.ToValidUTF8(text[:longestWords], "") + "…"
	}
	return text
}
