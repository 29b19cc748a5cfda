package notifier

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/serin-dev/serin/analysis"
)

// told is what a person sees of a message: where it is, its colour and its headline.
type told struct {
	Thread, Color, Text, Key string
	Edits                    int
}

func toldBy(taken []posted) (all []told) {
	for _, p := range taken {
		key, _ := p.Metadata.EventPayload["key"].(string)
		all = append(all, told{Thread: p.ThreadTS, Color: p.Attachments[0].Color, Text: p.Text, Key: key, Edits: p.Edits})
	}
	return all
}

// transitions are the transitions of two rollouts.
func transitions() []Message {
	is := func(seq int64, rollout, reason string, severity analysis.Severity) Message {
		m := message(seq)
		m.Rollout, m.Reason, m.Severity, m.Title, m.Time = rollout, reason, severity, rollout+" "+reason, at
		m.Why = "because of " + reason
		return m
	}
	return []Message{
		is(1, "v2", "NewRevision", analysis.Info), is(2, "v2", "Paused", analysis.Info), is(3, "v2", "AnalysisFailed", analysis.Problem),
		is(4, "v3", "NewRevision", analysis.Info), is(5, "v3", "Promoted", analysis.Good),
	}
}

func TestSlackKeepsARolloutInAThreadWithAnEditedHead(t *testing.T) {
	server := newSlackServer(t)
	sink := sinkTo(server, botSecret())
	threads := map[string]string{}
	for _, m := range transitions() {
		thread, err := sink.Send(t.Context(), Letter{Dest: shop, Message: m, Thread: threads[m.Rollout]})
		if err != nil {
			t.Fatal(err)
		}
		threads[m.Rollout] = thread
	}
	_, taken := server.received()
	want := []told{
		{Color: "#e01e5a", Text: ":rotating_light: shop/foobar: v2 AnalysisFailed", Key: "7d1c/1", Edits: 2},
		{Thread: "1773500000.000100", Color: "#36c5f0", Text: ":information_source: shop/foobar: v2 Paused", Key: "7d1c/2"},
		{Thread: "1773500000.000100", Color: "#e01e5a", Text: ":rotating_light: shop/foobar: v2 AnalysisFailed", Key: "7d1c/3"},
		{Color: "#2eb67d", Text: ":white_check_mark: shop/foobar: v3 Promoted", Key: "7d1c/4", Edits: 1},
		{Thread: "1773500003.000100", Color: "#2eb67d", Text: ":white_check_mark: shop/foobar: v3 Promoted", Key: "7d1c/5"},
	}
	if diff := cmp.Diff(want, toldBy(taken)); diff != "" {
		t.Errorf("channel (-want +got):\n%s", diff)
	}
	if want := map[string]string{"v2": "C0SHOP00:1773500000.000100", "v3": "C0SHOP00:1773500003.000100"}; !cmp.Equal(want, threads) {
		t.Errorf("threads = %v, want %v", threads, want)
	}
	if got := string(taken[1].Attachments[0].Blocks[0]); strings.Contains(got, "Canary") || !strings.Contains(got, "because of Paused") {
		t.Errorf("a reply's first block = %s, want the detail without what the head says", got)
	}
}

func TestSlackThreadsSurviveWhatHappensToTheHead(t *testing.T) {
	tests := map[string]struct {
		thread     string
		deny       map[string]string
		wantCalls  []string
		wantThread string // of the new message
		want       string
	}{
		"a deleted head is replaced":               {thread: "C0SHOP00:99.9", wantCalls: []string{"chat.update", "chat.postMessage"}, want: "C0SHOP00:1773500001.000100"},
		"a head of another workspace is replaced":  {thread: "C0AWAY00:99.9", wantCalls: []string{"chat.update", "chat.postMessage"}, want: "C0SHOP00:1773500001.000100"},
		"a record of no use is as none":            {thread: "99.9", wantCalls: []string{"chat.postMessage"}, want: "C0SHOP00:1773500001.000100"},
		"a head that may not be edited is left":    {deny: map[string]string{"chat.update": "edit_window_closed"}, wantCalls: []string{"chat.update", "chat.postMessage"}, wantThread: "1773500000.000100", want: "C0SHOP00:1773500000.000100"},
		"another bot's head is left and continued": {deny: map[string]string{"chat.update": "cant_update_message"}, wantCalls: []string{"chat.update", "chat.postMessage"}, wantThread: "1773500000.000100", want: "C0SHOP00:1773500000.000100"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			server := newSlackServer(t)
			sink := sinkTo(server, botSecret())
			thread, err := sink.Send(t.Context(), Letter{Dest: shop, Message: transitions()[0]})
			if err != nil {
				t.Fatal(err)
			}
			server.called()
			server.deny = tc.deny
			if tc.thread != "" {
				thread = tc.thread
			}
			thread, err = sink.Send(t.Context(), Letter{Dest: shop, Message: transitions()[1], Thread: thread})
			if err != nil || thread != tc.want {
				t.Errorf("thread = %q (%v), want %q", thread, err, tc.want)
			}
			if diff := cmp.Diff(tc.wantCalls, server.called()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if _, taken := server.received(); taken[1].ThreadTS != tc.wantThread {
				t.Errorf("posted in thread %q, want %q", taken[1].ThreadTS, tc.wantThread)
			}
		})
	}
}

// TestKilledBetweenAcceptanceAndRecord kills a controller after Slack took the n-th message and before status had it.
func TestKilledBetweenAcceptanceAndRecord(t *testing.T) {
	byID := Destination{Service: Slack, Namespace: "shop", SecretName: "slack", Channel: "C0SHOP00"}
	tests := map[string]struct {
		dest         Destination
		accepted     int // how many messages Slack has
		recorded     int // how many of them status knows
		deny         map[string]string
		wantRepeated int
	}{
		"the head, found by the channel's name":                {dest: shop, accepted: 1},
		"the head, found by the channel's ID":                  {dest: byID, accepted: 1, deny: map[string]string{"conversations.list": "missing_scope"}},
		"a reply, found in its thread":                         {dest: shop, accepted: 3, recorded: 2, deny: map[string]string{"conversations.list": "missing_scope"}},
		"the head of the next rollout, on a later page":        {dest: shop, accepted: 4, recorded: 3},
		"several whose receipts were not recorded":             {dest: shop, accepted: 3},
		"none, but all are restored":                           {dest: shop, accepted: 2, recorded: 2},
		"the head, by a bot that may not list channels":        {dest: shop, accepted: 1, deny: map[string]string{"conversations.list": "missing_scope"}, wantRepeated: 1},
		"the head, by a bot that may not read the channel":     {dest: shop, accepted: 1, deny: map[string]string{"conversations.history": "missing_scope"}, wantRepeated: 1},
		"a reply, by a bot that is not in the channel":         {dest: shop, accepted: 2, recorded: 1, deny: map[string]string{"conversations.replies": "not_in_channel"}, wantRepeated: 1},
		"the first reply of a rollout whose head was recorded": {dest: byID, accepted: 5, recorded: 4},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			server := newSlackServer(t)
			sink := sinkTo(server, botSecret())
			for seq := range int64(5) { // what else is in the channel
				if _, err := sink.Send(t.Context(), to(tc.dest, seq).about("another")); err != nil {
					t.Fatal(err)
				}
			}
			threads, recorded := map[string]string{}, map[string]string{}
			for i, m := range transitions()[:tc.accepted] {
				thread, err := sink.Send(t.Context(), Letter{Dest: tc.dest, Message: m, Thread: threads[m.Rollout]})
				if err != nil {
					t.Fatal(err)
				}
				threads[m.Rollout] = thread
				if i < tc.recorded {
					recorded[m.Rollout] = thread
				}
			}
			server.deny = tc.deny
			synctest.Test(t, func(t *testing.T) {
				var seen record
				opts := seen.options(botSecret())
				opts.SlackAPIURL = server.URL + "/api"
				o := NewOutbox(opts)
				stop := run(t, o)
				for _, m := range transitions()[tc.recorded:] {
					o.Enqueue(Letter{Dest: tc.dest, Message: m, Thread: recorded[m.Rollout], Restored: true})
				}
				waitUntil(func() bool { return waiting(o) == 0 })
				stop()
				if diff := cmp.Diff(keys("7d1c", 1, 2, 3, 4, 5)[tc.recorded:], seen.settled()); diff != "" {
					t.Errorf("settled (-want +got):\n%s", diff)
				}
			})
			_, taken := server.received()
			times := map[string]int{}
			for _, p := range toldBy(taken[5:]) {
				times[p.Key]++
			}
			repeated := 0
			for _, key := range keys("7d1c", 1, 2, 3, 4, 5) {
				if times[key] == 0 {
					t.Errorf("%s was lost", key)
				}
				repeated += times[key] - 1
			}
			if repeated != tc.wantRepeated {
				t.Errorf("%d messages were repeated, want %d: %v", repeated, tc.wantRepeated, times)
			}
		})
	}
}

// TestAnAnswerThatNeverCameIsLookedFor cuts the connection after Slack took the message.
func TestAnAnswerThatNeverCameIsLookedFor(t *testing.T) {
	server := newSlackServer(t)
	cut := 0
	server.after = func(method string, w http.ResponseWriter) bool {
		if method != "chat.postMessage" {
			return false
		}
		if cut++; cut%2 == 0 {
			return false
		}
		panic(http.ErrAbortHandler)
	}
	synctest.Test(t, func(t *testing.T) {
		var seen record
		opts := seen.options(botSecret())
		opts.SlackAPIURL = server.URL + "/api/"
		o := NewOutbox(opts)
		stop := run(t, o)
		start := time.Now()
		for _, m := range transitions() {
			m.Time = start
			o.Enqueue(Letter{Dest: shop, Message: m})
		}
		waitUntil(func() bool { return waiting(o) == 0 })
		stop()
		_, taken := server.received()
		var got []string
		for _, p := range toldBy(taken) {
			got = append(got, p.Key)
		}
		if diff := cmp.Diff(keys("7d1c", 1, 2, 3, 4, 5), got); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
		if counted(o, outcomeUnknown) == 0 || counted(o, outcomeSent) != 5 {
			t.Errorf("unknown = %d, sent = %d, want some and 5", counted(o, outcomeUnknown), counted(o, outcomeSent))
		}
	})
}

func TestRestoredSlackLettersWaitWhileSlackCannotAnswer(t *testing.T) {
	for code, want := range map[string]string{"service_unavailable": "retry", "internal_error": "unknown"} {
		server := newSlackServer(t)
		server.deny["conversations.history"] = code
		_, err := sinkTo(server, botSecret()).Send(t.Context(), Letter{Dest: shop, Message: transitions()[0], Restored: true})
		if _, taken := server.received(); kindOf(err) != want || len(taken) != 0 {
			t.Errorf("%s: error = %v (%s), %d posted; want %s and none", code, err, kindOf(err), len(taken), want)
		}
	}
}
