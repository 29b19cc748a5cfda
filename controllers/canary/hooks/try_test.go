package hooks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
)

func TestAnAnswerIsOneLine(t *testing.T) {
	html := "text/html; charset=utf-8"
	tests := map[string]struct {
		status int
		body   string
		header []string
		yes    bool
		text   string
	}{
		"an empty yes":                           {status: 200, yes: true, text: "200 OK"},
		"any status from 200 to 299 means yes":   {status: 202, body: "noted", yes: true, text: "202 Accepted: noted"},
		"no content":                             {status: 204, yes: true, text: "204 No Content"},
		"a no says why":                          {status: 403, body: "not on a Friday\nsee the calendar", text: "403 Forbidden: not on a Friday"},
		"the first line that says something":     {status: 403, body: "\r\n  \r\n not now \r\n", text: "403 Forbidden: not now"},
		"the field message of JSON":              {status: 409, body: `{"code": 7, "message": "a deploy\nruns"}`, text: "409 Conflict: a deploy"},
		"JSON without that field":                {status: 409, body: `{"error":"busy"}`, text: `409 Conflict: {"error":"busy"}`},
		"JSON with another type in it":           {status: 409, body: `{"message": 7}`, text: `409 Conflict: {"message": 7}`},
		"a status without a name":                {status: 599, body: "x", text: "after 1 try: 599 status code 599: x"},
		"a page for browsers":                    {status: 404, body: "<!DOCTYPE html><p>no", header: []string{"Content-Type", html}, text: "404 Not Found"},
		"binary":                                 {status: 400, body: "\x89PNG\xff\xfe\x00\x01", text: "400 Bad Request"},
		"zeros":                                  {status: 400, body: "a\x00b", text: "400 Bad Request"},
		"colours of a terminal":                  {status: 400, body: "\x1b[31mred\x1b[0m\talert", text: "400 Bad Request: [31mred[0m alert"},
		"text that would be shown backwards":     {status: 400, body: "abc\u202edef", text: "400 Bad Request: abcdef"},
		"a long line is cut at 200 characters":   {status: 400, body: strings.Repeat("ä", 300), text: "400 Bad Request: " + strings.Repeat("ä", 182) + "…"},
		"a huge body is not read to its end":     {status: 400, body: "too much" + strings.Repeat("\n12345678", 1<<20), text: "400 Bad Request: too much"},
		"a huge line that ends in a character":   {status: 400, body: "x" + strings.Repeat("ä", 1<<20), text: "400 Bad Request: x" + strings.Repeat("ä", 181) + "…"},
		"429 is tried again, and is no no":       {status: 429, body: "slow down", text: "after 1 try: 429 Too Many Requests: slow down"},
		"500 is tried again, and is no no":       {status: 500, body: "oops", text: "after 1 try: 500 Internal Server Error: oops"},
		"a redirect names where it points":       {status: 302, header: []string{"Location", "/login?next=secret"}, text: "302 Found: it points to http://HOST/login, and redirects are not followed"},
		"a redirect elsewhere":                   {status: 308, header: []string{"Location", "https://me:pw@else.example/x#y"}, text: "308 Permanent Redirect: it points to https://else.example/x, and redirects are not followed"},
		"a redirect to nowhere":                  {status: 301, body: "gone", text: "301 Moved Permanently: gone"},
		"a status of 300 or more is never a yes": {status: 304, text: "304 Not Modified"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, answers(tc.status, tc.body, tc.header...))
			got := open(t).told(questionTo(s.URL))
			text := strings.ReplaceAll(tc.text, "HOST", s.Listener.Addr().String())
			want := []analysis.Answer{{ID: "v2/BeforeStep/25/friday", Yes: tc.yes, Text: text}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			if s.count() != 1 {
				t.Errorf("asked %d times, want once", s.count())
			}
		})
	}
}

func TestATryIsRepeatedWhileItMayHelp(t *testing.T) {
	second := time.Second
	tests := map[string]struct {
		statuses   []int
		retryAfter string
		retries    int32
		want       analysis.Answer
		pauses     []time.Duration
	}{
		"500 and then 200": {statuses: []int{500, 200}, retries: 3, want: analysis.Answer{Yes: true, Text: "200 OK: try 2"}, pauses: []time.Duration{second}},
		"500 to the end": {
			statuses: []int{500, 502, 503, 504}, retries: 3,
			want: analysis.Answer{Text: "after 4 tries: 504 Gateway Timeout: try 4"}, pauses: []time.Duration{second, 2 * second, 4 * second},
		},
		"a no ends the tries":           {statuses: []int{503, 403}, retries: 3, want: analysis.Answer{Text: "403 Forbidden: try 2"}, pauses: []time.Duration{second}},
		"no retries":                    {statuses: []int{503}, want: analysis.Answer{Text: "after 1 try: 503 Service Unavailable: try 1"}},
		"429 that asks for no pause":    {statuses: []int{429, 200}, retryAfter: "0", retries: 1, want: analysis.Answer{Yes: true, Text: "200 OK: try 2"}},
		"429 that asks for a pause":     {statuses: []int{429, 200}, retryAfter: "7", retries: 1, want: analysis.Answer{Yes: true, Text: "200 OK: try 2"}, pauses: []time.Duration{7 * second}},
		"429 that asks for a long one":  {statuses: []int{429, 200}, retryAfter: "3600", retries: 1, want: analysis.Answer{Yes: true, Text: "200 OK: try 2"}, pauses: []time.Duration{30 * second}},
		"429 that names a time":         {statuses: []int{429, 200}, retryAfter: "Mon, 02 Mar 2026 12:00:09 GMT", retries: 1, want: analysis.Answer{Yes: true, Text: "200 OK: try 2"}, pauses: []time.Duration{9 * second}},
		"429 that names a time gone by": {statuses: []int{429, 200}, retryAfter: "Mon, 02 Mar 2020 12:00:00 GMT", retries: 1, want: analysis.Answer{Yes: true, Text: "200 OK: try 2"}},
		"429 that asks for nonsense":    {statuses: []int{429, 200}, retryAfter: "-5", retries: 1, want: analysis.Answer{Yes: true, Text: "200 OK: try 2"}, pauses: []time.Duration{second}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request, nth int) {
				if tc.retryAfter != "" {
					w.Header().Set("Retry-After", tc.retryAfter)
				}
				answers(tc.statuses[nth-1], fmt.Sprintf("try %d", nth))(w, r, nth)
			})
			d := open(t, func(o *Options) {
				o.Now = func() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }
			})
			tc.want.ID = "v2/BeforeStep/25/friday"
			if diff := cmp.Diff([]analysis.Answer{tc.want}, d.told(questionTo(s.URL, retries(tc.retries)))); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.pauses, d.paused()); diff != "" {
				t.Errorf("pauses (-want +got):\n%s", diff)
			}
			if s.count() != len(tc.statuses) {
				t.Errorf("asked %d times, want %d", s.count(), len(tc.statuses))
			}
		})
	}
}

func TestNoAnswerIsANoThatSaysWhy(t *testing.T) {
	hangs := serve(t, func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	cuts := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		conn.Close()
	})
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	address := closed.Addr().String()
	tests := map[string]struct {
		call analysis.Call
		want string
	}{
		"nothing listens":                 {questionTo("http://"+address, retries(3)), "no answer after 4 tries: connection refused"},
		"three retries are the default":   {questionTo("http://"+address, func(c *analysis.Call) { c.Webhook.Retries = nil }), "no answer after 4 tries: connection refused"},
		"secrets in the URL stay secret":  {questionTo("http://me:hunter2@"+address+"/x?token=hunter2", retries(1)), "no answer after 2 tries: connection refused"},
		"it hangs":                        {questionTo(hangs.URL, retries(1), timeout(30*time.Millisecond)), "no answer after 2 tries: nothing came within 30ms"},
		"it hangs up":                     {questionTo(cuts.URL), "no answer after 1 try: EOF"},
		"another protocol":                {questionTo(strings.Replace(hangs.URL, "http:", "https:", 1)), "no answer after 1 try: http: server gave HTTP response to HTTPS client"},
		"an address that is none":         {questionTo("http://[::1/?token=hunter2"), `the URL of webhook "friday" cannot be understood`},
		"an address with a broken escape": {questionTo("http://x/%zz"), `the URL of webhook "friday" cannot be understood`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			want := []analysis.Answer{{ID: tc.call.ID, Text: tc.want}}
			if diff := cmp.Diff(want, open(t).told(tc.call)); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAStatusWhoseBodyNeverEndsIsAnAnswer(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "not on a Friday\nbecau")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	got := open(t).told(questionTo(s.URL, timeout(100*time.Millisecond)))
	if len(got) != 1 || got[0].Text != "403 Forbidden: not on a Friday" {
		t.Errorf("answers = %+v", got)
	}
}

func TestTheRequest(t *testing.T) {
	s := serve(t, answers(200, ""))
	d := open(t, secrets(map[string]map[string]string{
		"gate": {"Authorization": "Bearer hunter2\n", "x-team": "shop"},
	}))
	d.told(questionTo(s.URL+"/ask?x=1", headersFrom("gate"), func(c *analysis.Call) {
		c.Ask = 2
		c.Webhook.Metadata = map[string]string{"ticket": "OPS-7"}
		c.Subject.Reason, c.Subject.Message = "AnalysisFailed", "3 windows in a row failed"
	}))
	d.told(questionTo("http://me:pw@" + s.Listener.Addr().String()))
	r := s.requests[0]
	if got := fmt.Sprintf("%s %s", r.Method, r.URL); got != "POST /ask?x=1" {
		t.Errorf("request = %q", got)
	}
	want := map[string]string{
		"Content-Type": "application/json", "User-Agent": "serin", "Authorization": "Bearer hunter2", "X-Team": "shop",
		"Serin-Question": "3d9a/v2/BeforeStep/25/friday/2",
	}
	for name, value := range want {
		if got := r.Header.Get(name); got != value {
			t.Errorf("header %s = %q, want %q", name, got, value)
		}
	}
	if name, password, _ := s.requests[1].BasicAuth(); name != "me" || password != "pw" {
		t.Errorf("the URL's user is %q with %q", name, password)
	}
	body := map[string]any{
		"id": "3d9a/v2/BeforeStep/25/friday", "ask": 2.0, "when": "BeforeStep", "webhook": "friday",
		"canary": "foobar", "namespace": "shop", "phase": "Progressing",
		"version": "v2", "revision": "81aa", "image": "foobar:2",
		"stable": map[string]any{"version": "v1", "revision": "6f9c", "image": "foobar:1"},
		"weight": 5.0, "nextWeight": 25.0, "reason": "AnalysisFailed", "message": "3 windows in a row failed",
		"metadata": map[string]any{"ticket": "OPS-7"},
	}
	if diff := cmp.Diff(body, s.bodies[0]); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	body["ask"], body["reason"], body["message"], body["metadata"] = 0.0, "", "", map[string]any{}
	if diff := cmp.Diff(body, s.bodies[1]); diff != "" {
		t.Errorf("body without metadata (-want +got):\n%s", diff)
	}
}

func TestSecretsThatCannotBeSent(t *testing.T) {
	tests := map[string]struct {
		data map[string]string
		want string
	}{
		"a name that is none":         {map[string]string{"a b": "x"}, `the key "a b" of Secret "gate" is not the name of a header`},
		"an empty name":               {map[string]string{"": "x"}, `the key "" of Secret "gate" is not the name of a header`},
		"a value with a line break":   {map[string]string{"X-Token": "hunter2\r\nX-Admin: yes"}, `the key "X-Token" of Secret "gate" holds what a header cannot hold, such as a line break`},
		"a value with a zero":         {map[string]string{"X-Token": "a\x00b"}, `the key "X-Token" of Secret "gate" holds what a header cannot hold, such as a line break`},
		"the host":                    {map[string]string{"host": "else.example"}, `Secret "gate" may not set the header Host`},
		"the length":                  {map[string]string{"content-length": "0"}, `Secret "gate" may not set the header Content-Length`},
		"a header of the connection":  {map[string]string{"transfer-encoding": "chunked"}, `Secret "gate" may not set the header Transfer-Encoding`},
		"a header that Serin sets":    {map[string]string{"SERIN-QUESTION": "x"}, `Secret "gate" may not set the header Serin-Question`},
		"the first of several by key": {map[string]string{"upgrade": "h2c", "connection": "close"}, `Secret "gate" may not set the header Connection`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, answers(200, ""))
			d := open(t, secrets(map[string]map[string]string{"gate": tc.data}))
			got := d.told(questionTo(s.URL, headersFrom("gate"), retries(3)))
			if diff := cmp.Diff([]analysis.Answer{{ID: "v2/BeforeStep/25/friday", Text: tc.want}}, got); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			if s.count() != 0 {
				t.Error("the webhook was asked all the same")
			}
		})
	}
}

func TestASecretThatCannotBeRead(t *testing.T) {
	s := serve(t, answers(200, ""))
	got := open(t, secrets(nil)).told(questionTo(s.URL, headersFrom("gate"), retries(3)))
	if len(got) != 1 || got[0].Yes || got[0].Text != `Secret "gate" does not exist` {
		t.Errorf("answers for a Secret that does not exist = %+v", got)
	}
	reads := 0
	got = open(t, func(o *Options) {
		o.Secrets = func(context.Context, string, string) (map[string][]byte, error) {
			if reads++; reads < 3 {
				return nil, errors.New("the API server is away")
			}
			return nil, nil
		}
	}).told(questionTo(s.URL, headersFrom("gate"), retries(2)))
	if len(got) != 1 || !got[0].Yes || reads != 3 {
		t.Errorf("after %d reads the answers are %+v", reads, got)
	}
	got = open(t, func(o *Options) {
		o.Secrets = func(context.Context, string, string) (map[string][]byte, error) {
			return nil, errors.New("the API server is away")
		}
	}).told(questionTo(s.URL, headersFrom("gate"), retries(2)))
	if len(got) != 1 || got[0].Text != `after 3 tries: Secret "gate" could not be read: the API server is away` {
		t.Errorf("answers for a Secret that is never read = %+v", got)
	}
}

func TestASecretThatIsSentBackIsHidden(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
		answers(401, fmt.Sprintf("%s %s %s", r.Header.Get("Authorization"), r.URL.RawQuery, r.URL.Query().Get("key")))(w, r, n)
	})
	d := open(t, secrets(map[string]map[string]string{"gate": {"Authorization": "Bearer hunter2"}}))
	got := d.told(questionTo(s.URL+"/?key=opens%20esame", headersFrom("gate")))
	if len(got) != 1 || got[0].Text != "401 Unauthorized: [hidden] [hidden] [hidden]" {
		t.Errorf("answers = %+v", got)
	}
	partly := serve(t, answers(401, "the token hunter2 has expired"))
	got = d.told(questionTo(partly.URL, headersFrom("gate"), func(c *analysis.Call) { c.Ask = 1; c.Webhook.When = v1alpha1.BeforeStep }))
	if len(got) != 1 || got[0].Text != "401 Unauthorized: the token [hidden] has expired" {
		t.Errorf("answers = %+v", got)
	}
}
