package notifier

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/serin-dev/serin/analysis"
	"pgregory.net/rapid"
)

func titled(severity analysis.Severity, key string) letter {
	m := message(key)
	m.Severity = severity
	return letter{dest: shop, message: m}
}

func TestFullBacklogGivesUpTheOldestOfTheLeastSevere(t *testing.T) {
	tests := map[string]struct {
		waiting []letter
		add     letter
		want    string
	}{
		"the oldest progress message":      {waiting: []letter{titled(analysis.Problem, "a"), titled(analysis.Info, "b"), titled(analysis.Info, "c")}, add: titled(analysis.Problem, "d"), want: "b"},
		"progress before what went well":   {waiting: []letter{titled(analysis.Good, "a"), titled(analysis.Problem, "b"), titled(analysis.Info, "c")}, add: titled(analysis.Info, "d"), want: "c"},
		"the new one, if it matters least": {waiting: []letter{titled(analysis.Good, "a"), titled(analysis.Problem, "b"), titled(analysis.Good, "c")}, add: titled(analysis.Info, "d"), want: "d"},
		"the oldest of equals":             {waiting: []letter{titled(analysis.Problem, "a"), titled(analysis.Problem, "b"), titled(analysis.Problem, "c")}, add: titled(analysis.Problem, "d"), want: "a"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBacklog(3, 10)
			for _, l := range tc.waiting {
				if lost, why := b.add(l); why != nil {
					t.Fatalf("lost %q below the capacity: %v", lost.message.Key, why)
				}
			}
			lost, why := b.add(tc.add)
			if lost.message.Key != tc.want || !errors.Is(why, errFull) {
				t.Errorf("lost %q (%v), want %q", lost.message.Key, why, tc.want)
			}
			if _, why := b.add(letter{dest: shop, message: lost.message}); why != nil || b.count != 3 {
				t.Errorf("a lost letter came back: count %d, %v", b.count, why)
			}
		})
	}
}

func TestBacklogForgetsOnlySettledLetters(t *testing.T) {
	b := newBacklog(1000, 2)
	b.add(titled(analysis.Info, "queued"))
	for _, key := range []string{"a", "b", "c"} {
		b.settle(titled(analysis.Info, key))
	}
	b.add(titled(analysis.Info, "queued"))
	b.add(titled(analysis.Info, "c"))
	if b.count != 1 {
		t.Errorf("%d letters wait, want 1: one is queued already, one was settled lately", b.count)
	}
	b.add(titled(analysis.Info, "a"))
	if b.count != 2 {
		t.Errorf("%d letters wait, want 2: the memory of settled letters is bounded", b.count)
	}
}

// TestBacklogAgainstAModel holds the backlog to a plain list: order per destination, each letter once, nothing uncounted.
func TestBacklogAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const capacity = 5
		b := newBacklog(capacity, 1000)
		seen := map[address]bool{}
		model := map[Destination][]string{}
		count := 0
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				l := titled(rapid.SampledFrom([]analysis.Severity{analysis.Info, analysis.Good, analysis.Problem}).Draw(t, "severity"), rapid.StringN(1, 2, 2).Draw(t, "key"))
				l.dest.Channel = rapid.SampledFrom([]string{"#a", "#b"}).Draw(t, "channel")
				lost, why := b.add(l)
				if seen[l.address()] {
					if why != nil {
						t.Fatalf("a letter known already cost %q", lost.message.Key)
					}
					return
				}
				seen[l.address()] = true
				model[l.dest] = append(model[l.dest], l.message.Key)
				if count++; count > capacity {
					count--
					model[lost.dest] = without(model[lost.dest], lost.message.Key)
				}
			},
			"next": func(t *rapid.T) {
				dest := shop
				dest.Channel = rapid.SampledFrom([]string{"#a", "#b"}).Draw(t, "channel")
				l, found := b.next(dest)
				if found != (len(model[dest]) > 0) {
					t.Fatalf("next found %v, the model has %v", found, model[dest])
				}
				if found {
					if l.message.Key != model[dest][0] {
						t.Fatalf("next = %q, want %q", l.message.Key, model[dest][0])
					}
					model[dest] = model[dest][1:]
					count--
					b.settle(l)
				}
			},
			"": func(t *rapid.T) {
				if b.count != count || len(b.open) != count {
					t.Fatalf("count %d, open %d, want %d", b.count, len(b.open), count)
				}
			},
		})
	})
}

func without(keys []string, key string) []string {
	var kept []string
	for _, k := range keys {
		if k != key {
			kept = append(kept, k)
		}
	}
	return kept
}

func TestClosedBacklogReturnsWhatWaits(t *testing.T) {
	b := newBacklog(10, 10)
	b.add(titled(analysis.Info, "a"))
	var left []string
	for _, l := range b.close() {
		left = append(left, l.message.Key)
	}
	if diff := cmp.Diff([]string{"a"}, left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if lost, why := b.add(titled(analysis.Info, "b")); lost.message.Key != "b" || !errors.Is(why, errStopped) {
		t.Errorf("add to a closed backlog lost %q (%v), want b", lost.message.Key, why)
	}
}
