package enforce

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestContactNotesEachPieceOfAResponse(t *testing.T) {
	c := &Contact{}
	if age := c.Age(time.Now()); age >= 0 {
		t.Errorf("heard %s ago before anything was heard", age)
	}
	refused := errors.New("refused")
	_, err := c.wrap(roundTripper(func(*http.Request) (*http.Response, error) { return nil, refused })).RoundTrip(nil)
	if !errors.Is(err, refused) || c.heard.Load() != 0 {
		t.Errorf("error %v, heard at %d", err, c.heard.Load())
	}
	response, err := c.wrap(roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{Body: io.NopCloser(strings.NewReader("event"))}, nil
	})).RoundTrip(nil)
	if err != nil {
		t.Fatal(err)
	}
	c.heard.Store(1)
	if _, err := io.ReadAll(response.Body); err != nil || c.heard.Load() == 1 {
		t.Errorf("error %v, heard at %d", err, c.heard.Load())
	}
}
