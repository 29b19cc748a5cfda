package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// serve runs a version and returns its URL, what ends it, and its end.
func serve(t *testing.T, b behavior) (url string, stop context.CancelFunc, ended <-chan error) {
	t.Helper()
	listener, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	end := make(chan error, 1)
	go func() { end <- newShop(b).run(ctx, listener) }()
	t.Cleanup(stop)
	return "http://" + listener.Addr().String(), stop, end
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestAnswersTellTheVersionAndFailAsOftenAsTold(t *testing.T) {
	url, _, _ := serve(t, behavior{version: "v2", failPercent: 20, slowPercent: 50, slow: time.Millisecond})
	codes := map[int]int{}
	for range 20 {
		response, body := get(t, url+"/any/path")
		codes[response.StatusCode]++
		if response.Header.Get(headerVersion) != "v2" || body != "v2\n" {
			t.Errorf("version %q, body %q", response.Header.Get(headerVersion), body)
		}
	}
	if codes[200] != 16 || codes[500] != 4 {
		t.Errorf("codes = %v, want 4 of 20 failed", codes)
	}
	_, metrics := get(t, url+"/metrics")
	for _, want := range []string{
		`http_requests_total{code="200",version="v2"} 16`, `http_requests_total{code="500",version="v2"} 4`,
		`http_request_duration_seconds_count{version="v2"} 20`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s:\n%s", want, metrics)
		}
	}
}

func TestItIsReadyOnlyAfterItsStart(t *testing.T) {
	late, _, _ := serve(t, behavior{readyAfter: time.Hour})
	if response, _ := get(t, late+"/healthz"); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/healthz = %d", response.StatusCode)
	}
	if response, _ := get(t, late+"/livez"); response.StatusCode != http.StatusOK {
		t.Errorf("/livez = %d", response.StatusCode)
	}
	soon, _, _ := serve(t, behavior{})
	if response, _ := get(t, soon+"/healthz"); response.StatusCode != http.StatusOK {
		t.Errorf("/healthz = %d", response.StatusCode)
	}
}

func TestItCrashesWhenTold(t *testing.T) {
	_, _, ended := serve(t, behavior{version: "v3", crashAfter: time.Millisecond})
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "v3 crashes after 1ms") {
		t.Errorf("run() = %v", err)
	}
}

func TestAnEndingVersionServesUntilNobodyAsksAndFinishesWhatIsUnderWay(t *testing.T) {
	url, stop, ended := serve(t, behavior{
		version: "v1", slowPercent: 100, slow: 50 * time.Millisecond, drain: 100 * time.Millisecond, quiet: 150 * time.Millisecond, grace: time.Minute,
	})
	get(t, url)
	stop()
	for range 8 { // longer than drain and quiet together
		if response, body := get(t, url); response.StatusCode != http.StatusOK || body != "v1\n" {
			t.Errorf("while it drains: %d %q", response.StatusCode, body)
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("run() = %v", err)
	}
}

func TestTheLedgerCountsEveryAnswer(t *testing.T) {
	url, _, _ := serve(t, behavior{version: "v1", failPercent: 10})
	l := newLoader(plan{url: url, rate: 500, freshEvery: 5, most: 100, timeout: time.Minute})
	control := httptest.NewServer(l.handler())
	defer control.Close()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { l.run(ctx); close(done) }()
	for read(t, control.URL).Requests < 100 {
	}
	stop()
	<-done
	s := read(t, control.URL)
	if s.UnderWay != 0 || s.Requests != s.Responses["200"]+s.Responses["500"] || s.Versions["v1"] != s.Requests {
		t.Errorf("ledger = %+v", s)
	}
	if want := s.Requests / 10; s.Responses["500"] != want || len(s.Errors) != 0 || len(s.Failures) != 0 {
		t.Errorf("ledger = %+v, want %d failed by the version and no other failure", s, want)
	}
	if s.LatencyMs["p50"] <= 0 || s.LatencyMs["p99"] < s.LatencyMs["p50"] {
		t.Errorf("latencies = %v", s.LatencyMs)
	}
	response, err := http.Post(control.URL+"/reset", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if s := read(t, control.URL); s.Requests != 0 || len(s.Responses) != 0 {
		t.Errorf("after a reset: %+v", s)
	}
}

func read(t *testing.T, url string) (s snapshot) {
	t.Helper()
	_, body := get(t, url+"/ledger")
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatNoVersionAnsweredIsAFailureWithItsTime(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no endpoint", http.StatusServiceUnavailable)
	}))
	l := newLoader(plan{url: proxy.URL, timeout: time.Minute, freshEvery: 1})
	due := time.Now()
	note := func() { l.ledger.end(l.ledger.begin(), l.send(0, due)) }
	note()
	proxy.Close()
	for range 30 {
		note()
	}
	s := l.ledger.snapshot()
	if s.Responses["503"] != 1 || s.Errors["refused"] != 30 || s.Requests != 31 || len(s.Failures) != room {
		t.Errorf("ledger = %+v", s)
	}
	if first := s.Failures[0]; !first.At.Equal(due) || first.What != "status 503 from no version: no endpoint" {
		t.Errorf("failure = %+v", first)
	}
}

func TestItWaitsForTheFirstAnswerOfAVersion(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked > 2 {
			w.Header().Set(headerVersion, "v1")
			fmt.Fprintln(w, "v1")
		}
	}))
	defer server.Close()
	l := newLoader(plan{url: server.URL, timeout: time.Minute, freshEvery: 1})
	l.await(t.Context(), time.Hour)
	if s := l.ledger.snapshot(); asked != 3 || s.Requests != 0 {
		t.Errorf("asked %d times, ledger %+v", asked, s)
	}
	l.await(t.Context(), 0) // no patience, no question
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
}

func TestAnAnswerFromBeforeAResetIsNotCounted(t *testing.T) {
	l := newLedger(time.Now())
	page := l.begin()
	l.reset(time.Now())
	l.end(page, answer{status: 200})
	if s := l.snapshot(); s.Requests != 0 || s.UnderWay != 0 {
		t.Errorf("ledger = %+v", s)
	}
}

func TestErrorsHaveKinds(t *testing.T) {
	for want, err := range map[string]error{
		"reset":   fmt.Errorf("read: %w", syscall.ECONNRESET),
		"closed":  fmt.Errorf("Get: %w", io.EOF),
		"timeout": fmt.Errorf("Get: %w", context.DeadlineExceeded),
		"other":   errors.New("strange"),
	} {
		if got := kindOf(err); got != want {
			t.Errorf("kindOf(%v) = %s, want %s", err, got, want)
		}
	}
	cut := answered(time.Now(), &http.Response{StatusCode: 200, Header: http.Header{headerVersion: {"v12"}}}, "v1")
	if cut.kind != "body" {
		t.Errorf("a body that was cut is %+v", cut)
	}
}

func TestALineSaysWhatCameSinceTheLast(t *testing.T) {
	last := snapshot{Requests: 100, Responses: map[string]int{"200": 100}, Versions: map[string]int{"v1": 100}}
	now := snapshot{
		Requests: 300, Responses: map[string]int{"200": 298}, Versions: map[string]int{"v1": 248, "v2": 50}, Errors: map[string]int{"reset": 2},
	}
	if got, want := line(last, now), "200 requests  status 200: 198  v1: 148  v2: 50  error reset: 2"; got != want {
		t.Errorf("line = %q, want %q", got, want)
	}
}

func TestQuantilesAreExactUpToABucket(t *testing.T) {
	counts := [buckets]int{}
	for i := range 100 {
		counts[bucket(time.Duration(i+1)*time.Millisecond)]++
	}
	for share, want := range map[float64]float64{0.5: 50, 0.99: 99} {
		if got := quantile(&counts, share); got < want || got > want*growth {
			t.Errorf("quantile(%v) = %v ms, want %v or up to 5%% more", share, got, want)
		}
	}
	if got := quantile(&[buckets]int{}, 0.5); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestFlagsComeFromTheEnvironmentUnlessGiven(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	version, fail := flags.String("version", "v1", ""), flags.Float64("fail-percent", 0, "")
	if err := flags.Parse([]string{"--version=v5"}); err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{"VERSION": "v2", "FAIL_PERCENT": "12.5"}
	lookup := func(name string) (string, bool) { value, ok := environment[name]; return value, ok }
	if err := fromEnvironment(flags, lookup); err != nil || *version != "v5" || *fail != 12.5 {
		t.Errorf("version %s, fail %v, %v", *version, *fail, err)
	}
	environment["FAIL_PERCENT"] = "many"
	flags = pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.Float64("fail-percent", 0, "")
	if err := fromEnvironment(flags, lookup); err == nil || !strings.Contains(err.Error(), `FAIL_PERCENT="many"`) {
		t.Errorf("error = %v", err)
	}
}
