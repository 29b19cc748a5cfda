package notifier

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// poster posts one message to an address, by a client whose transport notes the answer.
type poster func(ctx context.Context, client *http.Client, opened opening, m Message) error

// addressSink posts to the URL in a Secret. The Secret is read for every try, so a Secret that is mended or rotated takes
// effect at once.
type addressSink struct {
	dest      Destination
	secrets   SecretReader
	transport http.RoundTripper
	// name is the service's, for people.
	name string
	post poster
	// passing are answers below 500 that a later try may not meet again.
	passing []int
}

// Send makes one try to post the message.
func (s addressSink) Send(ctx context.Context, l Letter) (string, error) {
	data, err := s.secrets(ctx, s.dest.Namespace, s.dest.SecretName)
	if err != nil {
		return "", unreadableSecret(s.dest, err)
	}
	opened, err := openAddress(s.dest, data)
	if err != nil {
		return "", err
	}
	line := &wire{next: s.transport}
	return "", s.judge(s.post(ctx, line.client(), opened, l.Message), line)
}

// judge turns what one try met into the kinds of error that Sink.Send knows. Addresses are secrets, so none is named.
func (s addressSink) judge(err error, line *wire) error {
	secret := s.dest.secret()
	switch code := line.status; {
	case code >= 200 && code < 300:
		return nil // whatever is in the body
	case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable && line.retryAfter > 0:
		return busyError{line.retryAfter}
	case code >= 500, code == http.StatusRequestTimeout, code == http.StatusTooEarly, slices.Contains(s.passing, code):
		return fmt.Errorf("%s answered %s", lowerFirst(s.name), said(line))
	case code >= 300 && code < 400:
		return refusedError{fmt.Sprintf("The address in %s answered %s: it leads elsewhere; put the final URL there.", secret, said(line))}
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusNotFound, code == http.StatusGone:
		return refusedError{fmt.Sprintf("%s answered %s: what is in %s was revoked or is wrong; put a valid address there.", s.name, said(line), secret)}
	case code != 0:
		return refusedError{fmt.Sprintf("%s answered %s to the address in %s.", s.name, said(line), secret)}
	}
	return unanswered(err, line)
}

// lowerFirst keeps names as they are and lowers an article.
func lowerFirst(name string) string {
	if rest, found := strings.CutPrefix(name, "The "); found {
		return "the " + rest
	}
	return name
}

// unanswered judges a try without an answer.
func unanswered(err error, line *wire) error {
	switch {
	case err == nil:
		return errors.New("nothing was sent")
	case line.wrote.Load():
		return unknownError{withoutAddress(err)}
	}
	return fmt.Errorf("reaching the service: %w", withoutAddress(err))
}

// withoutAddress drops the URL that net/http puts into its errors.
func withoutAddress(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// said is the status of an answer, such as "404 Not Found". The rest of it is not repeated: it may tell the address.
func said(line *wire) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", line.status, http.StatusText(line.status)))
}
