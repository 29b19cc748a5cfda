package hooks

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/types"
)

// gate is a service that says when a request came, and answers when it is told to.
type gate struct {
	*service
	came, open, left chan struct{}
}

func newGate(t *testing.T) *gate {
	g := &gate{came: make(chan struct{}, 100), open: make(chan struct{}), left: make(chan struct{}, 100)}
	g.service = serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		g.came <- struct{}{}
		select {
		case <-g.open:
			w.WriteHeader(http.StatusOK)
		case <-r.Context().Done():
			g.left <- struct{}{}
		}
	})
	return g
}

func (d *desk) expectCalls(want string) {
	d.t.Helper()
	var lines []string
	for line := range strings.Lines(want) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	families, err := d.registry.Gather()
	if err != nil {
		d.t.Fatal(err)
	}
	var got []string
	for _, family := range families {
		if family.GetName() != "serin_webhook_calls_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			if m.GetCounter().GetValue() > 0 {
				got = append(got, fmt.Sprintf("%s %s %v", m.GetLabel()[1].GetValue(), m.GetLabel()[0].GetValue(), m.GetCounter().GetValue()))
			}
		}
	}
	if diff := cmp.Diff(lines, got); diff != "" {
		d.t.Errorf("serin_webhook_calls_total (-want +got):\n%s", diff)
	}
}

func TestAQuestionIsAskedOnce(t *testing.T) {
	g := newGate(t)
	d := open(t)
	call := questionTo(g.URL)
	for range 3 {
		d.Await(foobar, uid, []analysis.Call{call})
	}
	within(t, g.came, "the request")
	d.Await(foobar, uid, []analysis.Call{call})
	if got := d.Answers(uid); got != nil {
		t.Errorf("answers before there is one: %+v", got)
	}
	close(g.open)
	within(t, d.answered, "the answer")
	d.Await(foobar, uid, []analysis.Call{call})
	want := []analysis.Answer{{ID: call.ID, Yes: true, Text: "200 OK"}}
	if diff := cmp.Diff(want, d.Answers(uid)); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	call.Ask = 1
	want[0].Ask = 1
	if diff := cmp.Diff(want, d.told(call)); diff != "" {
		t.Errorf("answers after it was asked again (-want +got):\n%s", diff)
	}
	if g.count() != 2 {
		t.Errorf("asked %d times, want 2", g.count())
	}
	d.expectCalls("BeforeStep yes 2")
}

func TestAnswersAreInTheOrderOfTheirIDs(t *testing.T) {
	s := serve(t, answers(200, ""))
	var calls []analysis.Call
	for _, id := range []string{"c", "a", "d", "b"} {
		calls = append(calls, questionTo(s.URL, func(c *analysis.Call) { c.ID = id }))
	}
	var got []string
	for _, answer := range open(t).told(calls...) {
		got = append(got, answer.ID)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestAQuestionWaitsBeforeItIsAsked(t *testing.T) {
	s := serve(t, answers(200, ""))
	d := open(t)
	d.told(questionTo(s.URL, func(c *analysis.Call) { c.Wait = 7 * time.Second }))
	if diff := cmp.Diff([]time.Duration{7 * time.Second}, d.paused()); diff != "" {
		t.Errorf("pauses (-want +got):\n%s", diff)
	}
}

func TestWhatIsAwaitedNoMoreIsGivenUp(t *testing.T) {
	other := types.UID("77")
	tests := map[string]func(d *desk, g *gate){
		"nothing is awaited":                    func(d *desk, _ *gate) { d.Await(foobar, uid, nil) },
		"the Canary is gone":                    func(d *desk, _ *gate) { d.Forget(foobar) },
		"another Canary has its name":           func(d *desk, _ *gate) { d.Await(foobar, other, []analysis.Call{waiting(questionTo(""))}) },
		"another question is awaited":           func(d *desk, _ *gate) { d.Await(foobar, uid, []analysis.Call{waiting(questionTo(""))}) },
		"the Caller ends":                       func(d *desk, _ *gate) { d.close() },
		"another Canary of that name, awaiting": func(d *desk, _ *gate) { d.Await(foobar, other, nil) },
	}
	for name, end := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGate(t)
			d := open(t, func(o *Options) { o.Pause = pause })
			d.Await(foobar, uid, []analysis.Call{questionTo(g.URL, retries(3))})
			within(t, g.came, "the request")
			end(d, g)
			within(t, g.left, "the request to be given up")
			d.close()
			if got := d.Answers(uid); got != nil {
				t.Errorf("answers = %+v, want none", got)
			}
			if len(d.answered) != 0 {
				t.Error("an answer was told of")
			}
			d.expectCalls("BeforeStep cancelled 1")
		})
	}
}

// waiting is a question that is not asked for an hour.
func waiting(call analysis.Call) analysis.Call {
	call.ID, call.Wait = "v3/BeforeRollout/later", time.Hour
	return call
}

func TestAnAnswerIsForgottenWhenItIsAwaitedNoMore(t *testing.T) {
	s := serve(t, answers(200, ""))
	d := open(t)
	a, b := questionTo(s.URL), questionTo(s.URL, func(c *analysis.Call) { c.ID = "v2/BeforeStep/25/other" })
	d.told(a, b)
	d.Await(foobar, uid, []analysis.Call{b})
	want := []analysis.Answer{{ID: b.ID, Yes: true, Text: "200 OK"}}
	if diff := cmp.Diff(want, d.Answers(uid)); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	d.Await(foobar, uid, nil)
	if len(d.canaries) != 0 || len(d.uids) != 0 {
		t.Errorf("%d Canaries and %d names are known after all was forgotten", len(d.canaries), len(d.uids))
	}
}

func TestAnEditedWebhookIsAskedAnew(t *testing.T) {
	wrong, right := newGate(t), serve(t, answers(200, ""))
	d := open(t)
	d.Await(foobar, uid, []analysis.Call{questionTo(wrong.URL)})
	within(t, wrong.came, "the request to the wrong address")
	got := d.told(questionTo(right.URL))
	within(t, wrong.left, "the request to the wrong address to be given up")
	if diff := cmp.Diff([]analysis.Answer{{ID: "v2/BeforeStep/25/friday", Yes: true, Text: "200 OK"}}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	d.told()
	d.Await(foobar, uid, []analysis.Call{questionTo(right.URL)})
	within(t, d.answered, "the answer")
	d.Await(foobar, uid, []analysis.Call{questionTo(wrong.URL)})
	if got := d.Answers(uid); len(got) != 1 {
		t.Errorf("an edit after the answer lost it: %+v", got)
	}
}

func TestAnotherLeaderAsksAgainUnderTheSameID(t *testing.T) {
	s := serve(t, answers(200, ""))
	first := open(t)
	first.told(questionTo(s.URL))
	first.close()
	open(t).told(questionTo(s.URL))
	if s.count() != 2 {
		t.Fatalf("asked %d times, want 2", s.count())
	}
	if a, b := s.requests[0].Header.Get("Serin-Question"), s.requests[1].Header.Get("Serin-Question"); a != b {
		t.Errorf("the question is %q and then %q", a, b)
	}
	if diff := cmp.Diff(s.bodies[0], s.bodies[1]); diff != "" {
		t.Errorf("the bodies differ:\n%s", diff)
	}
}

func TestQuestionsBeforeStartAreAskedByIt(t *testing.T) {
	s := serve(t, answers(200, ""))
	d := prepare(t)
	d.Await(foobar, uid, []analysis.Call{questionTo(s.URL)})
	if s.count() != 0 {
		t.Fatal("asked before Start")
	}
	d.start()
	within(t, d.answered, "the answer")
	d.close()
	d.Await(foobar, uid, []analysis.Call{questionTo(s.URL, func(c *analysis.Call) { c.Ask = 1 })})
	if s.count() != 1 {
		t.Errorf("asked %d times, want once: nothing is asked after Start", s.count())
	}
}

// TestManyCanaries holds the limits on requests in flight: of the whole Caller, and of one Canary.
func TestManyCanaries(t *testing.T) {
	const canaries, each, limit = 40, 5, 8
	var mu sync.Mutex
	now, most := 0, 0
	of, mostOf := map[string]int{}, 0
	count := func(canary string, by int) {
		mu.Lock()
		defer mu.Unlock()
		now += by
		of[canary] += by
		most, mostOf = max(most, now), max(mostOf, of[canary])
	}
	full := make(chan struct{})
	var once sync.Once
	s := serve(t, func(w http.ResponseWriter, r *http.Request, nth int) {
		canary := strings.SplitN(r.Header.Get("Serin-Question"), "/", 2)[0]
		count(canary, 1)
		if nth >= limit {
			once.Do(func() { close(full) }) // until then every request stays
		}
		<-full
		count(canary, -1)
		w.WriteHeader(http.StatusOK)
	})
	d := open(t, func(o *Options) { o.Concurrency = limit })
	var work sync.WaitGroup
	for i := range canaries {
		work.Go(func() {
			name := types.NamespacedName{Namespace: "shop", Name: fmt.Sprint("canary-", i)}
			var calls []analysis.Call
			for j := range each {
				calls = append(calls, questionTo(s.URL, func(c *analysis.Call) { c.ID = fmt.Sprintf("v2/BeforeStep/25/%d", j) }))
				d.Await(name, types.UID(name.Name), calls)
				d.Answers(types.UID(name.Name))
			}
		})
	}
	work.Wait()
	for range canaries * each {
		within(t, d.answered, "an answer")
	}
	for i := range canaries {
		if got := d.Answers(types.UID(fmt.Sprint("canary-", i))); len(got) != each {
			t.Errorf("canary %d has %d answers, want %d", i, len(got), each)
		}
	}
	if most != limit || mostOf > limit/4 {
		t.Errorf("%d requests at once, %d of one Canary; want %d and at most %d", most, mostOf, limit, limit/4)
	}
	if s.count() != canaries*each {
		t.Errorf("asked %d times, want %d", s.count(), canaries*each)
	}
}

func TestCountsHaveNoOtherLabels(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request, nth int) { w.WriteHeader([]int{200, 403, 500}[nth-1]) })
	d := open(t)
	for i, when := range []v1alpha1.WebhookPoint{v1alpha1.BeforeRollout, v1alpha1.BeforePromotion, v1alpha1.AfterRollout} {
		d.told(questionTo(s.URL, func(c *analysis.Call) { c.Ask = int32(i); c.Webhook.When = when }))
	}
	d.expectCalls(`
		AfterRollout failed 1
		BeforePromotion no 1
		BeforeRollout yes 1`)
	if n, err := testutil.GatherAndCount(d.registry, "serin_webhook_calls_total"); err != nil || n != 20 {
		t.Errorf("%d series (%v), want 5 points with 4 outcomes each", n, err)
	}
	problems, err := testutil.GatherAndLint(d.registry)
	if err != nil || len(problems) != 0 {
		t.Errorf("promlint: %v, %v", problems, err)
	}
}

func TestPauseEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	for _, length := range []time.Duration{0, time.Nanosecond} {
		if err := pause(ctx, length); err != nil {
			t.Errorf("pause of %s: %v", length, err)
		}
	}
	cancel()
	for _, length := range []time.Duration{0, time.Hour} {
		if pause(ctx, length) == nil {
			t.Errorf("pause of %s did not say that its context has ended", length)
		}
	}
}

func TestDefaults(t *testing.T) {
	o := Options{}.withDefaults()
	if o.Concurrency != 16 || o.Backoff.Duration != time.Second || o.HTTPClient.Transport == nil || o.Now == nil || o.Pause == nil {
		t.Errorf("defaults = %+v", o)
	}
	lent := &http.Transport{}
	if got := (Options{HTTPClient: &http.Client{Transport: lent}}).withDefaults().HTTPClient.Transport; got != lent {
		t.Error("the transport was not lent")
	}
}
