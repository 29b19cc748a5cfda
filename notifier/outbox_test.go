package notifier

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestOutboxDeliversThroughTrouble(t *testing.T) {
	broken := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	tests := map[string]struct {
		script    []http.HandlerFunc
		wantTries int
		wantAfter time.Duration // at least; jitter adds up to a fifth
		wantCount map[outcome]int
	}{
		"at once":                          {wantTries: 1, wantCount: map[outcome]int{outcomeSent: 1}},
		"three times 500":                  {script: []http.HandlerFunc{status(500, "<html>"), status(502, ""), status(503, "")}, wantTries: 4, wantAfter: 7 * time.Second, wantCount: map[outcome]int{outcomeSent: 1, outcomeRetried: 3}},
		"429 with Retry-After":             {script: []http.HandlerFunc{busyFor("30")}, wantTries: 2, wantAfter: 30 * time.Second, wantCount: map[outcome]int{outcomeSent: 1, outcomeRetried: 1}},
		"429 with a Retry-After of no use": {script: []http.HandlerFunc{busyFor("soon")}, wantTries: 2, wantAfter: time.Second, wantCount: map[outcome]int{outcomeSent: 1, outcomeRetried: 1}},
		"429 for longer than a day":        {script: []http.HandlerFunc{busyFor("90000")}, wantTries: 1, wantCount: map[outcome]int{outcomeExpired: 1}},
		"an answer that never came":        {script: []http.HandlerFunc{broken}, wantTries: 2, wantAfter: time.Second, wantCount: map[outcome]int{outcomeSent: 1, outcomeUnknown: 1}},
		"revoked webhook":                  {script: []http.HandlerFunc{status(404, "no_service")}, wantTries: 1, wantCount: map[outcome]int{outcomeRefused: 1}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			server := newSlackServer(t, tc.script...)
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var seen record
				o := NewOutbox(seen.options(server.webhookSecret()))
				stop := run(t, o)
				o.Enqueue(to(shop, 1))
				waitUntil(func() bool { return len(seen.settled()) == 1 })
				if after := time.Since(start); after < tc.wantAfter || after > tc.wantAfter*5/4+50*time.Millisecond {
					t.Errorf("settled after %s, want about %s", after, tc.wantAfter)
				}
				stop()
				tries, taken := server.received()
				if tries != tc.wantTries || len(taken) != tc.wantCount[outcomeSent] {
					t.Errorf("%d tries, %d taken, want %d and %d", tries, len(taken), tc.wantTries, tc.wantCount[outcomeSent])
				}
				for _, outcome := range outcomes() {
					if got := counted(o, outcome); got != tc.wantCount[outcome] {
						t.Errorf("%s = %d, want %d", outcome, got, tc.wantCount[outcome])
					}
				}
				if strings.Contains(seen.logged(), "hush") || waiting(o) != 0 {
					t.Errorf("%d wait; the log must not tell the webhook's address:\n%s", waiting(o), seen.logged())
				}
			})
		})
	}
}

func TestReceiptsSayWhatBecameOfALetter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &fakeSink{thread: "C1:2.3", answer: func(_ context.Context, l Letter, _ int) error {
			if l.Message.Seq == 2 {
				return refusedError{"The channel is archived."}
			}
			return nil
		}}
		var seen record
		o := outboxTo(sink, seen.options(nil))
		o.Enqueue(to(shop, 1))
		o.Enqueue(to(shop, 2))
		run(t, o)()
		is := func(seq int64, lost string) Receipt {
			receipt := Receipt{Dest: shop, UID: "7d1c", Key: fmt.Sprint("7d1c/", seq), Seq: seq, Rollout: "v2", Thread: "C1:2.3", Lost: lost}
			receipt.Canary.Namespace, receipt.Canary.Name = "shop", "foobar"
			return receipt
		}
		if diff := cmp.Diff([]Receipt{is(1, ""), is(2, "The channel is archived.")}, seen.receipts); diff != "" {
			t.Errorf("receipts (-want +got):\n%s", diff)
		}
	})
}

// TestTenMinutesWithoutTheServiceLoseNothing is the outage of the issue, against a real server that comes back.
func TestTenMinutesWithoutTheServiceLoseNothing(t *testing.T) {
	server := newSlackServer(t)
	synctest.Test(t, func(t *testing.T) {
		server.down.Store(true)
		back := time.Now().Add(10 * time.Minute)
		var seen record
		o := NewOutbox(seen.options(server.webhookSecret()))
		stop := run(t, o)
		var want []string
		for i := range 20 {
			o.Enqueue(to(shop, int64(i+1)))
			want = append(want, fmt.Sprintf("shop/foobar: m%d", i+1))
			time.Sleep(20 * time.Second)
		}
		time.Sleep(time.Until(back))
		if tries := len(server.called()); waiting(o) != 20 || tries < 12 || tries > 25 {
			t.Errorf("%d letters wait after %d tries in ten minutes, want 20 after about one a minute", waiting(o), tries)
		}
		server.down.Store(false)
		waitUntil(func() bool { return waiting(o) == 0 })
		if late := time.Since(back); late > time.Minute {
			t.Errorf("all were delivered %s after the service was back, want at most a minute", late)
		}
		stop()
		var got []string
		_, taken := server.received()
		for _, p := range taken {
			got = append(got, p.Text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	})
}

func TestOutboxGivesUpADayAfterTheTransition(t *testing.T) {
	secret := map[string][]byte{"address": []byte(closedAddress(t))}
	synctest.Test(t, func(t *testing.T) {
		var seen record
		o := NewOutbox(seen.options(secret))
		stop := run(t, o)
		old := to(shop, 1)
		old.Restored = true
		old.Message.Time = time.Now().Add(-23 * time.Hour) // an earlier process was told of it
		o.Enqueue(old)
		o.Enqueue(to(shop, 2))
		time.Sleep(57 * time.Minute)
		if got := seen.settled(); len(got) != 0 {
			t.Errorf("settled %v within the day", got)
		}
		time.Sleep(4 * time.Minute)
		if diff := cmp.Diff([]string{"7d1c/1 lost"}, seen.settled()); diff != "" {
			t.Errorf("settled after a day (-want +got):\n%s", diff)
		}
		if tries := counted(o, outcomeRetried); tries < 60 || tries > 100 {
			t.Errorf("%d retries in an hour, want about one a minute", tries)
		}
		stop()
		if want := "not delivered within 24h0m0s: reaching the service: "; !strings.HasPrefix(seen.receipts[0].Lost, want) || strings.Contains(seen.logged(), "hush") {
			t.Errorf("lost = %q, want %q and a reason; log:\n%s", seen.receipts[0].Lost, want, seen.logged())
		}
	})
}

func TestAMessageTooOldIsNotTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen record
		sink := &fakeSink{}
		o := outboxTo(sink, seen.options(nil))
		old := to(shop, 1)
		old.Message.Time = time.Now().Add(-25 * time.Hour)
		o.Enqueue(old)
		run(t, o)()
		want := "not delivered within 24h0m0s: it was not tried: earlier ones, or the time without a controller, took that long"
		if len(sink.tries) != 0 || len(seen.receipts) != 1 || seen.receipts[0].Lost != want {
			t.Errorf("tried %v, receipts %+v, want %q", sink.tries, seen.receipts, want)
		}
	})
}

func TestEnqueueReturnsAtOnceWhileTheSinkHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen record
		sink := &fakeSink{answer: hang}
		o := outboxTo(sink, seen.options(nil))
		stop := run(t, o)
		start := time.Now()
		for i := range 300 {
			o.Enqueue(to(shop, int64(i+1)))
		}
		synctest.Wait()
		if took := time.Since(start); took != 0 || waiting(o) != 300 {
			t.Errorf("Enqueue waited %s, %d letters wait", took, waiting(o))
		}
		stop()
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("stopped after %s, want FlushTimeout", took)
		}
		if got := seen.settled(); len(got) != 0 {
			t.Errorf("settled %v, want everything left to the next process", got)
		}
	})
}

func TestOutboxSendsNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &fakeSink{answer: func(_ context.Context, l Letter, try int) error {
			if try <= int(l.Message.Seq)%3 {
				return errors.New("not now")
			}
			return nil
		}}
		var seen record
		o := outboxTo(sink, seen.options(nil))
		stop := run(t, o)
		var tellers sync.WaitGroup
		for range 20 {
			tellers.Go(func() {
				for i := range 50 {
					o.Enqueue(to(shop, int64(i+1)))
					time.Sleep(time.Duration(i) * time.Millisecond)
				}
			})
		}
		tellers.Wait()
		time.Sleep(time.Hour)
		o.Enqueue(to(Destination{Service: Slack, Namespace: "shop", SecretName: "slack", Channel: "shop"}, 1)) // the same channel
		stop()
		sent := sink.delivered()
		slices.Sort(sent)
		if len(sent) != 50 || len(slices.Compact(sent)) != 50 || len(seen.settled()) != 50 {
			t.Errorf("sent %d letters, %d receipts, want 50 of each, all different", len(sink.delivered()), len(seen.settled()))
		}
	})
}

func TestOutboxKeepsTheOrderOfACanary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &fakeSink{answer: func(_ context.Context, l Letter, try int) error {
			switch {
			case l.Message.Seq == 4 && try < 6:
				return busyError{retryAfter: 40 * time.Second}
			case l.Message.Seq == 6 && try < 3:
				return unknownError{errors.New("EOF")}
			case l.Message.Seq == 7:
				return refusedError{"no"}
			}
			return nil
		}}
		var seen record
		o := outboxTo(sink, seen.options(nil))
		for _, i := range rand.Perm(10) { // as a status would not, but a later look may
			o.Enqueue(to(shop, int64(i+1)).about("one"))
			o.Enqueue(to(shop, int64(i+1)).about("other"))
		}
		stop := run(t, o)
		time.Sleep(15 * time.Minute)
		stop()
		for _, uid := range []string{"one", "other"} {
			got := slices.DeleteFunc(seen.settled(), func(key string) bool { return !strings.HasPrefix(key, uid+"/") })
			want := keys(uid, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
			want[6] += " lost"
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("settled (-want +got):\n%s", diff)
			}
		}
	})
}

func TestOneCanarysTroubleDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &fakeSink{answer: func(_ context.Context, l Letter, _ int) error {
			if l.Message.UID == "poison" {
				return errors.New("500 for this one only")
			}
			return nil
		}}
		var seen record
		o := outboxTo(sink, seen.options(nil))
		stop := run(t, o)
		o.Enqueue(to(shop, 1).about("poison"))
		o.Enqueue(to(shop, 2).about("poison"))
		for i := range 30 {
			o.Enqueue(to(shop, int64(i+1)))
			time.Sleep(time.Minute)
			if got := len(sink.delivered()); got != i+1 {
				t.Fatalf("%d letters of the other Canary were delivered after %d minutes", got, i+1)
			}
		}
		if tries := sink.tries["poison/1"]; tries < 25 || sink.tries["poison/2"] != 0 {
			t.Errorf("%d tries of the first, %d of the second, want the first alone about once a minute", tries, sink.tries["poison/2"])
		}
		stop()
	})
}

func TestBrokenDestinationDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen record
		good, bad := &fakeSink{}, &fakeSink{answer: hang}
		o := NewOutbox(seen.options(nil))
		broken := Destination{Service: Teams, Namespace: "shop", SecretName: "broken"}
		o.sinkFor = func(dest Destination) Sink {
			if dest == broken {
				return bad
			}
			return good
		}
		stop := run(t, o)
		for i := range int64(5) {
			o.Enqueue(to(broken, i+1))
			o.Enqueue(to(shop, i+1))
		}
		synctest.Wait()
		if got := len(good.delivered()); got != 5 {
			t.Errorf("%d messages reached the good destination without waiting, want 5", got)
		}
		stop()
	})
}

func TestThreadsArePassedOnBeforeTheirReceiptsAreRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &fakeSink{thread: "C1:new"}
		var seen record
		o := outboxTo(sink, seen.options(nil))
		first, other := to(shop, 1), to(shop, 3)
		first.Thread, other.Thread = "C1:recorded", "C1:other"
		other.Message.Rollout = "v3"
		o.Enqueue(first)
		o.Enqueue(to(shop, 2))
		o.Enqueue(other)
		o.Enqueue(to(shop, 1).about("another"))
		run(t, o)()
		if diff := cmp.Diff([]string{"C1:recorded", "C1:new", "C1:other", ""}, sink.had); diff != "" {
			t.Errorf("threads (-want +got):\n%s", diff)
		}
	})
}

func TestShutdownFlushesInOrderAndLeavesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var up atomic.Bool
		sink := &fakeSink{answer: func(_ context.Context, l Letter, _ int) error {
			if l.Message.Seq == 2 && l.Message.UID == "doomed" || !up.Load() {
				return errors.New("not now")
			}
			return nil
		}}
		var seen record
		o := outboxTo(sink, seen.options(nil))
		stop := run(t, o)
		for i := range int64(3) {
			o.Enqueue(to(shop, i+1).about("doomed"))
			o.Enqueue(to(shop, i+1).about("fine"))
		}
		time.Sleep(10 * time.Second)
		up.Store(true)
		start := time.Now()
		stop()
		if took := time.Since(start); took != 0 {
			t.Errorf("the flush took %s, want each message tried once more without waiting", took)
		}
		// What was not delivered has no receipt, and nothing that comes after it has one.
		want := append(keys("doomed", 1), keys("fine", 1, 2, 3)...)
		got := seen.settled()
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("settled (-want +got):\n%s", diff)
		}
		o.Enqueue(to(shop, 9))
		if got := waiting(o); got != 2 {
			t.Errorf("%d letters wait after the end, want the two that were left", got)
		}
	})
}

func TestOutboxSendsWhatWasEnqueuedBeforeItRan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &fakeSink{}
		var seen record
		o := outboxTo(sink, seen.options(nil))
		o.Enqueue(to(shop, 1))
		run(t, o)()
		if diff := cmp.Diff(keys("7d1c", 1), sink.delivered()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	})
}

func TestOutboxRegistersItsMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	o := NewOutbox(Options{Registerer: registry})
	for name, want := range map[string]int{"serin_notifications_total": 25, "serin_notifications_waiting": 5} {
		if got, err := testutil.GatherAndCount(registry, name); err != nil || got != want {
			t.Errorf("%d series of %s (%v), want all %d from the start", got, name, err, want)
		}
	}
	if !o.NeedLeaderElection() {
		t.Error("NeedLeaderElection = false, want the leader alone to send")
	}
}
