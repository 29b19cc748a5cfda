package notifier

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/google/go-cmp/cmp"
)

// standIn is a service on loopback that reads what it gets as the real one does.
type standIn struct {
	*httptest.Server
	check func(r *http.Request, body []byte) (int, string)

	mu     sync.Mutex
	script []http.HandlerFunc
	got    []string
	header http.Header
	query  url.Values
}

func newStandIn(t *testing.T, check func(*http.Request, []byte) (int, string), script ...http.HandlerFunc) *standIn {
	t.Helper()
	s := &standIn{check: check, script: script}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP takes or refuses one message.
func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.header, s.query = r.Header, r.URL.Query()
	if len(s.script) > 0 {
		scripted := s.script[0]
		s.script = s.script[1:]
		scripted(w, r)
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	code, say := http.StatusMethodNotAllowed, ""
	if r.Method == http.MethodPost {
		code, say = s.check(r, body)
	}
	if code < 300 {
		s.got = append(s.got, string(body))
	}
	w.WriteHeader(code)
	_, _ = io.WriteString(w, say)
}

// takesTeams reads a message as a workflow does.
func takesTeams(r *http.Request, body []byte) (int, string) {
	var m struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     struct {
				Type, Version string
				Body          []map[string]any
			}
		}
	}
	if !isJSON(r) || json.Unmarshal(body, &m) != nil || m.Type != "message" || len(m.Attachments) != 1 || len(body) > 28<<10 {
		return http.StatusBadRequest, ""
	}
	a := m.Attachments[0]
	if a.ContentType != "application/vnd.microsoft.card.adaptive" || a.Content.Type != "AdaptiveCard" || a.Content.Version == "" || len(a.Content.Body) == 0 {
		return http.StatusBadRequest, ""
	}
	needs := map[string]string{"TextBlock": "text", "FactSet": "facts", "Container": "items", "CodeBlock": "codeSnippet"}
	for _, element := range a.Content.Body {
		kind, _ := element["type"].(string)
		if need, known := needs[kind]; !known || element[need] == nil {
			return http.StatusBadRequest, ""
		}
	}
	return http.StatusAccepted, ""
}

// takesDiscord reads a message as Discord does; without wait it would not say whether it kept it.
func takesDiscord(r *http.Request, body []byte) (int, string) {
	var m discordMessage
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil || !isJSON(r) {
		return http.StatusBadRequest, `{"code": 50109}`
	}
	if problem := discordProblem(m); problem != "" {
		return http.StatusBadRequest, problem
	}
	if !strings.Contains(string(body), `"allowed_mentions":{"parse":[]}`) {
		return http.StatusBadRequest, "somebody could be mentioned"
	}
	if r.URL.Query().Get("wait") == "true" {
		return http.StatusOK, `{"id": "1"}`
	}
	return http.StatusNoContent, ""
}

// discordProblem says which of Discord's limits a message breaks.
func discordProblem(m discordMessage) string {
	if len(m.Embeds) != 1 {
		return "not one embed"
	}
	e := m.Embeds[0]
	all := units(e.Title + e.Description + e.Footer.Text)
	for _, f := range e.Fields {
		if f.Name == "" || f.Value == "" || units(f.Name) > 256 || units(f.Value) > 1024 {
			return fmt.Sprintf("a field of %d and %d characters", units(f.Name), units(f.Value))
		}
		all += units(f.Name + f.Value)
	}
	if units(e.Title) > 256 || units(e.Description) > 4096 || len(e.Fields) > 25 || all > 6000 {
		return fmt.Sprintf("title %d, description %d, %d fields, all %d", units(e.Title), units(e.Description), len(e.Fields), all)
	}
	return ""
}

// takesChat reads a message as Google Chat does.
func takesChat(r *http.Request, body []byte) (int, string) {
	var m chatMessage
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil || !isJSON(r) || len(m.CardsV2) != 1 || len(m.CardsV2[0].Card.Sections) == 0 || len(body) > 32<<10 {
		return http.StatusBadRequest, ""
	}
	if q := r.URL.Query(); q.Get("key") != "k" || q.Get("token") != "hush" {
		return http.StatusUnauthorized, ""
	}
	for _, section := range m.CardsV2[0].Card.Sections {
		for _, widget := range section.Widgets {
			if (widget.TextParagraph == nil) == (widget.DecoratedText == nil) {
				return http.StatusBadRequest, "a widget is one thing"
			}
		}
	}
	return http.StatusOK, `{"name": "spaces/S/messages/1"}`
}

// takesEvents reads a CloudEvent with the SDK that receivers use.
func takesEvents(r *http.Request, _ []byte) (int, string) {
	e, err := cehttp.NewEventFromHTTPRequest(r)
	if err != nil || e.Validate() != nil || r.Header.Get("Content-Type") != "application/cloudevents+json" {
		return http.StatusBadRequest, fmt.Sprint(err)
	}
	return http.StatusNoContent, ""
}

func isJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}

// standIns are the services with an address, by their stand-ins.
var standIns = map[Service]func(*http.Request, []byte) (int, string){
	Teams: takesTeams, Discord: takesDiscord, GoogleChat: takesChat, Webhook: takesEvents,
}

// address opens the stand-in, by a URL of which every part is kept.
func (s *standIn) secret() map[string][]byte {
	return map[string][]byte{"address": []byte(s.URL + "/v1/hush?key=k&token=hush"), "token": []byte("hush-hush")}
}

func sinkOf(service Service, data map[string][]byte) Sink {
	o := opener{
		secrets:   func(context.Context, string, string) (map[string][]byte, error) { return data, nil },
		transport: &http.Transport{DisableKeepAlives: true},
	}
	return o.open(Destination{Service: service, Namespace: "shop", SecretName: "chat"})
}

func TestServicesTakeEveryMessage(t *testing.T) {
	for service, check := range standIns {
		for name, m := range samples() {
			t.Run(string(service)+" takes "+name, func(t *testing.T) {
				server := newStandIn(t, check)
				if _, err := sinkOf(service, server.secret()).Send(t.Context(), Letter{Message: m}); err != nil {
					t.Fatal(err)
				}
				if len(server.got) != 1 {
					t.Errorf("the service took %d messages, want 1", len(server.got))
				}
				if server.query.Get("key") != "k" || server.query.Get("token") != "hush" {
					t.Errorf("query = %v, want the address's own kept", server.query)
				}
				if got, want := server.header.Get("Authorization"), map[bool]string{true: "Bearer hush-hush"}[service == Webhook]; got != want {
					t.Errorf("Authorization = %q, want %q", got, want)
				}
			})
		}
	}
}

func TestServicesSayWhatFollowsAnError(t *testing.T) {
	names := map[Service]string{Teams: "Microsoft Teams", Discord: "Discord", GoogleChat: "Google Chat", Webhook: "The webhook"}
	abort := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	tests := map[string]struct {
		answer   http.HandlerFunc
		wantKind string
		want     string // %s is the service
	}{
		"a failing service is tried again":       {answer: status(500, "<html>hush"), wantKind: "retry", want: "%s answered 500 Internal Server Error"},
		"a gateway's trouble is tried again":     {answer: status(502, ""), wantKind: "retry", want: "%s answered 502 Bad Gateway"},
		"a busy service is given its time":       {answer: busyFor("7"), wantKind: "busy", want: "the service asks to be tried again in 7s"},
		"a busy service may ask for a fraction":  {answer: busyFor("0.65"), wantKind: "busy", want: "the service asks to be tried again in 650ms"},
		"a redirect is not followed":             {answer: elsewhere("https://evil.invalid/"), wantKind: "refused", want: "The address in Secret shop/chat answered 307 Temporary Redirect: it leads elsewhere; put the final URL there."},
		"a revoked address is told":              {answer: status(401, "hush"), wantKind: "refused", want: "%s answered 401 Unauthorized: what is in Secret shop/chat was revoked or is wrong; put a valid address there."},
		"another refusal is told":                {answer: status(400, `{"message":"hush"}`), wantKind: "refused", want: "%s answered 400 Bad Request to the address in Secret shop/chat."},
		"a lost answer leaves the end uncertain": {answer: abort, wantKind: "unknown", want: "the message may have arrived: EOF"},
	}
	for service, check := range standIns {
		for name, tc := range tests {
			t.Run(string(service)+": "+name, func(t *testing.T) {
				server := newStandIn(t, check, tc.answer)
				_, err := sinkOf(service, server.secret()).Send(t.Context(), Letter{Message: samples()["rolled-back"]})
				want := tc.want
				if strings.Contains(want, "%s") {
					called := names[service]
					if tc.wantKind == "retry" {
						called = lowerFirst(called)
					}
					want = fmt.Sprintf(want, called)
				}
				checkError(t, err, tc.wantKind, want)
			})
		}
	}
	t.Run("webhook: nothing behind a gateway is tried again", func(t *testing.T) {
		server := newStandIn(t, takesEvents, status(404, ""))
		_, err := sinkOf(Webhook, server.secret()).Send(t.Context(), to(shop, 1))
		checkError(t, err, "retry", "the webhook answered 404 Not Found")
	})
	t.Run("no address", func(t *testing.T) {
		_, err := sinkOf(Teams, nil).Send(t.Context(), to(shop, 1))
		checkError(t, err, "refused", `Secret shop/chat has no key "address", the URL to post to.`)
	})
	t.Run("no such service", func(t *testing.T) {
		_, err := sinkOf("pigeon", nil).Send(t.Context(), to(shop, 1))
		checkError(t, err, "refused", `There is no service "pigeon" to notify.`)
	})
	t.Run("nothing listens", func(t *testing.T) {
		_, err := sinkOf(Discord, map[string][]byte{"address": []byte(closedAddress(t))}).Send(t.Context(), to(shop, 1))
		if kindOf(err) != "retry" || !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "hush") {
			t.Errorf("error = %v (%s), want a refused connection that is tried again and tells no address", err, kindOf(err))
		}
	})
}

// TestSecretsAreNotCarriedElsewhere lets every service lead to another server, which must not be asked.
func TestSecretsAreNotCarriedElsewhere(t *testing.T) {
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, service := range append(services(), "slack bot") {
			t.Run(fmt.Sprint(service, " answers ", code), func(t *testing.T) {
				other := newStandIn(t, func(*http.Request, []byte) (int, string) { return 200, "ok" }, status(500, ""))
				server := newStandIn(t, nil, http.RedirectHandler(other.URL, code).ServeHTTP)
				sink := sinkOf(service, server.secret())
				if service == Slack || service == "slack bot" {
					data := server.secret()
					delete(data, map[bool]string{true: "token", false: "address"}[service == Slack])
					sink = slackSink{
						dest: shop, apiURL: server.URL + "/", transport: &http.Transport{DisableKeepAlives: true},
						secrets: func(context.Context, string, string) (map[string][]byte, error) { return data, nil },
					}
				}
				_, err := sink.Send(t.Context(), to(shop, 1))
				if kindOf(err) != "refused" || !strings.Contains(err.Error(), "it leads elsewhere") {
					t.Errorf("error = %v, want a refusal that says it leads elsewhere", err)
				}
				if other.header != nil {
					t.Errorf("the other server was asked, with %v", other.header)
				}
			})
		}
	}
}

func TestEventsAreRecognisedWhenTheyAreRepeated(t *testing.T) {
	server := newStandIn(t, takesEvents)
	sink := sinkOf(Webhook, server.secret())
	for _, seq := range []int64{1, 2, 2, 3} {
		if _, err := sink.Send(t.Context(), to(shop, seq)); err != nil {
			t.Fatal(err)
		}
	}
	type identity struct{ ID, Source, Type, Subject string }
	var got []identity
	for _, body := range server.got {
		var one identity
		if err := json.Unmarshal([]byte(body), &one); err != nil {
			t.Fatal(err)
		}
		got = append(got, one)
	}
	is := func(seq int) identity {
		return identity{fmt.Sprintf("7d1c/%d", seq), "/apis/serin.dev/v1alpha1/namespaces/shop/canaries/foobar", "dev.serin.rollout.weightraised", "v2"}
	}
	if diff := cmp.Diff([]identity{is(1), is(2), is(2), is(3)}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestGoogleChatKeepsARolloutInAThread(t *testing.T) {
	server := newStandIn(t, takesChat)
	sink := sinkOf(GoogleChat, server.secret())
	var threads []string
	for _, rollout := range []string{"v2", "v2", "v3"} {
		l := to(shop, 1)
		l.Message.Rollout = rollout
		if _, err := sink.Send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		var m chatMessage
		if err := json.Unmarshal([]byte(server.got[len(server.got)-1]), &m); err != nil {
			t.Fatal(err)
		}
		threads = append(threads, m.Thread.ThreadKey)
	}
	if diff := cmp.Diff([]string{"7d1c/v2", "7d1c/v2", "7d1c/v3"}, threads); diff != "" {
		t.Errorf("threads (-want +got):\n%s", diff)
	}
	if got := server.query.Get("messageReplyOption"); got != "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD" {
		t.Errorf("messageReplyOption = %q", got)
	}
}
