package queries

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/prometheus"

	"github.com/google/go-cmp/cmp"
)

// five is what a Prometheus says to a query that gives 5.
const five = `{"status":"success","data":{"resultType":"scalar","result":[1,"5"]}}`

var end = time.Unix(1_700_000_000, 0)

// problem asks one gauge, and returns what went wrong.
func problem(ctx context.Context, reader *Reader, c *v1alpha1.Canary) string {
	return reader.Ask(ctx, c, between(end.Add(-10*time.Second), end))[0].Problem
}

func TestWhatSomethingElseAnswers(t *testing.T) {
	tests := map[string]struct {
		status  int
		body    string
		header  string
		problem string
	}{
		"a number":                      {200, five, "", ""},
		"a page":                        {200, "<html>welcome", "", "what answers at URL is no Prometheus: the address must be the one before /api/v1"},
		"another kind of JSON":          {200, `{"healthy":true}`, "", "what answers at URL is no Prometheus: the address must be the one before /api/v1"},
		"a page that is not there":      {404, "<html>not found", "", `Prometheus URL refused the query of "queue": 404 Not Found`},
		"a login":                       {302, "", "http://login.example/x?token=hunter2", "Prometheus URL points to http://login.example/x, and redirects are not followed"},
		"a login nearby":                {307, "", "/login", "Prometheus URL points to URL/login, and redirects are not followed"},
		"a redirect to nowhere":         {301, "", "", `Prometheus URL refused the query of "queue": 301 Moved Permanently`},
		"no token":                      {401, "", "", `Prometheus URL refused the query of "queue": 401 Unauthorized`},
		"a gateway":                     {502, "<html>", "", `Prometheus URL failed to answer the query of "queue": 502 Bad Gateway`},
		"a query that takes too long":   {503, `{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}`, "", `Prometheus URL failed to answer the query of "queue": query timed out in expression evaluation`},
		"a query that is not allowed":   {403, `{"status":"error","errorType":"forbidden","error":"not your tenant"}`, "", `Prometheus URL refused the query of "queue": not your tenant`},
		"a refusal":                     {422, `{"status":"error","errorType":"execution","error":"too many samples\nin it"}`, "", `Prometheus refused the query of "queue": too many samples in it`},
		"a refusal in other words":      {400, "bad", "", `Prometheus URL refused the query of "queue": 400 Bad Request`},
		"a refusal that has the secret": {422, `{"status":"error","errorType":"execution","error":"no hunter2 here"}`, "", `Prometheus refused the query of "queue": no [hidden] here`},
		"a long refusal":                {422, `{"status":"error","errorType":"execution","error":"` + strings.Repeat("ä", 300) + `"}`, "", `Prometheus refused the query of "queue": ` + strings.Repeat("ä", 199) + "…"},
		"a flood":                       {200, `{"status":"success","data":{"resultType":"vector","result":[` + strings.Repeat(" ", 2<<20), "", `the query of "queue" returned more than 1 MiB: sum() it into one number`},
		"a histogram":                   {200, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{"count":"1","sum":"1","buckets":[]}]}]}}`, "", `the query of "queue" returned a histogram: histogram_count() or histogram_sum() makes it a number`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tc.header != "" {
					w.Header().Set("Location", tc.header)
				}
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.body)
			}))
			t.Cleanup(server.Close)
			c := canary(strings.Replace(server.URL, "://", "://me:hunter2@", 1)+"/?x=hunter2", gauge("queue", "q", "", "9"))
			got := problem(t.Context(), New(Options{Timeout: patient}), c)
			if want := strings.ReplaceAll(tc.problem, "URL", server.URL); got != want {
				t.Errorf("problem %q, want %q", got, want)
			}
		})
	}
}

func TestNoPrometheus(t *testing.T) {
	check := gauge("queue", "q", "", "9")
	const unclear = "the address of Prometheus cannot be understood: it must be like http://prometheus.monitoring:9090"
	for name, tc := range map[string]struct{ own, common, want string }{
		"none":                   {want: "no Prometheus is known: set spec.analysis.prometheus.address, or start the controller with --prometheus-address"},
		"no URL":                 {own: "http://[::1", want: unclear},
		"no host":                {common: "http://", want: unclear},
		"another protocol":       {common: "ftp://prometheus", want: unclear},
		"a host and nothing":     {common: "prometheus:9090", want: unclear},
		"a host that is not":     {own: "http://prometheus.invalid", want: `Prometheus http://prometheus.invalid cannot be reached: the host "prometheus.invalid" is unknown`},
		"the own one goes first": {own: "http://[::1", common: "http://127.0.0.1:1", want: unclear},
	} {
		t.Run(name, func(t *testing.T) {
			reader := New(Options{Address: tc.common, Timeout: patient, Transport: &noNames{}})
			sample := between(end.Add(-time.Second), end)
			got := reader.Ask(t.Context(), canary(tc.own, check, share("errors", "n", "d")), sample)
			want := []analysis.Custom{{Name: "queue", Problem: tc.want}, {Name: "errors", Problem: tc.want}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("observed (-want +got):\n%s", diff)
			}
		})
	}
	if got := New(Options{}).Ask(t.Context(), canary(""), analysis.Sample{}); got != nil {
		t.Errorf("a Canary without checks: %v", got)
	}
}

// noNames is a network without a name server that knows anything.
type noNames struct{}

func (noNames) RoundTrip(request *http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Name: request.URL.Hostname(), IsNotFound: true}}
}

// guard stands before a real Prometheus and wants a header.
func guard(t *testing.T, server *prometheus.Server, token func() string) (at string, requests func() []*http.Request) {
	t.Helper()
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var seen []*http.Request
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Clone(context.Background()))
		switch {
		case r.Header.Get("Authorization") != "Bearer "+token():
			w.WriteHeader(http.StatusUnauthorized)
		case r.Method != http.MethodGet:
			w.WriteHeader(http.StatusMethodNotAllowed) // as an API server's proxy does for those who may only read
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	return front.URL, func() []*http.Request { return seen }
}

func TestHeadersOfASecret(t *testing.T) {
	server := prometheus.ForTest(t, prometheus.Options{})
	token := "hunter2"
	address, requests := guard(t, server, func() string { return token })
	held := &secrets{held: map[string]map[string]string{
		"tenant": {"Authorization": "Bearer hunter2\n", "x-scope-orgid": "shop"},
		"stale":  {"Authorization": "Bearer old"},
		"odd":    {"Content-Type": "text/plain"},
	}}
	now := &clock{now: time.Unix(1_700_000_000, 0)}
	reader := New(Options{Client: held, Timeout: patient, Concurrency: 1, Now: now.Now})
	ask := func(secret string, end time.Time) analysis.Custom {
		c := canary(address, gauge("queue", `vector(5)`, "", "9"))
		c.Spec.Analysis.Prometheus.HeadersFrom = &v1alpha1.SecretReference{Name: secret}
		return reader.Ask(t.Context(), c, between(end.Add(-time.Second), end))[0]
	}
	five := analysis.Custom{Name: "queue", Candidate: part(0, 1), Stable: part(0, 1), Value: 5}
	for _, tc := range []struct {
		secret string
		want   analysis.Custom
	}{
		{"tenant", five},
		{"stale", analysis.Custom{Name: "queue", Problem: "Prometheus " + address + ` refused the query of "queue": 401 Unauthorized`}},
		{"odd", analysis.Custom{Name: "queue", Problem: `Secret "odd" may not set the header Content-Type`}},
		{"none", analysis.Custom{Name: "queue", Problem: `Secret "none" of spec.analysis.prometheus.headersFrom does not exist`}},
	} {
		if diff := cmp.Diff(tc.want, ask(tc.secret, end)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.secret, diff)
		}
	}
	first := requests()[0]
	if got := first.Header.Get("X-Scope-OrgID") + " " + first.UserAgent(); got != "shop serin" {
		t.Errorf("the headers are %v", first.Header)
	}

	held.read = 0
	for range 5 {
		now.turn(time.Second)
		ask("tenant", now.Now())
	}
	if held.read != 0 {
		t.Errorf("the Secret was read %d times within a minute after it was read", held.read)
	}
	token = "hunter3"
	now.turn(time.Second)
	if got := ask("tenant", now.Now()); got.Problem == "" {
		t.Errorf("an old token gave %+v", got)
	}
	held.held["tenant"]["Authorization"] = "Bearer hunter3"
	if diff := cmp.Diff(five, ask("tenant", now.Now())); diff != "" {
		t.Errorf("with the new token (-want +got):\n%s", diff)
	}
}

// TestAnotherTenantHasOtherAnswers holds that an answer serves nobody who did not bring the header it was given for.
func TestAnotherTenantHasOtherAnswers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"scalar","result":[1,%q]}}`, r.Header.Get("Tenant"))
	}))
	t.Cleanup(server.Close)
	reader := New(Options{Timeout: patient, Client: &secrets{held: map[string]map[string]string{"a": {"Tenant": "1"}, "b": {"Tenant": "2"}}}})
	for secret, want := range map[string]float64{"a": 1, "b": 2} {
		c := canary(server.URL, gauge("queue", "q", "", "9"))
		c.Spec.Analysis.Prometheus.HeadersFrom = &v1alpha1.SecretReference{Name: secret}
		if got := reader.Ask(t.Context(), c, between(end.Add(-time.Second), end))[0]; got.Value != want {
			t.Errorf("tenant %s sees %v, want %v", secret, got.Value, want)
		}
	}
}
