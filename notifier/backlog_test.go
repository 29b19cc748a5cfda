package notifier

import (
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"pgregory.net/rapid"
)

func emptyBacklog(remember int) *backlog {
	return newBacklog(wait.Backoff{Duration: time.Second, Factor: 2, Steps: 32, Cap: 50 * time.Second}, remember, newCounts(nil))
}

func TestBacklogForgetsOnlySettledLetters(t *testing.T) {
	b := emptyBacklog(2)
	b.add(to(shop, 9))
	for seq := range int64(3) {
		b.add(to(shop, seq+1))
		e, _, _, _ := b.next(shop.ID(), at)
		b.settle(e)
	}
	b.add(to(shop, 9))
	b.add(to(shop, 3))
	if len(b.open) != 1 {
		t.Errorf("%d letters wait, want 1: one is queued already, one was settled lately", len(b.open))
	}
	b.add(to(shop, 1))
	if len(b.open) != 2 {
		t.Errorf("%d letters wait, want 2: the memory of settled letters is bounded", len(b.open))
	}
}

func TestClosedBacklogTakesNothing(t *testing.T) {
	b := emptyBacklog(10)
	b.close()
	b.add(to(shop, 1))
	if len(b.open) != 0 || len(b.queues) != 0 {
		t.Error("a closed backlog took a letter")
	}
}

// TestBacklogAgainstAModel holds the backlog to plain lists: each letter once, order per Canary, no try before its time,
// always one that may be tried if there is any.
func TestBacklogAgainstAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := emptyBacklog(1000)
		now := at
		seen := map[string]bool{}
		lanes := map[string][]int64{}
		due := map[string]time.Time{}
		queueDue := time.Time{}
		uids := rapid.SampledFrom([]string{"a", "b", "c"})
		take := func(t *rapid.T) *entry {
			e, pause, _, found := b.next(shop.ID(), now)
			ready := ""
			waiting := 0
			for uid, lane := range lanes {
				waiting += len(lane)
				if len(lane) > 0 && !due[uid].After(now) && !queueDue.After(now) {
					ready = uid
				}
			}
			if found != (waiting > 0) || (e == nil) != (ready == "") {
				t.Fatalf("next found %v (%v) with %d waiting, ready %q", found, e, waiting, ready)
			}
			if found && e == nil && pause <= 0 {
				t.Fatalf("nothing to try, and nothing to wait for")
			}
			if e != nil && (e.Message.Seq != lanes[e.Message.UID][0] || due[e.Message.UID].After(now)) {
				t.Fatalf("next = %s, want the first of %v, due %s", e.Message.Key(), lanes[e.Message.UID], due[e.Message.UID])
			}
			return e
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				l := to(shop, rapid.Int64Range(1, 9).Draw(t, "seq")).about(uids.Draw(t, "canary"))
				b.add(l)
				b.unattended()
				if !seen[l.Message.Key()] {
					seen[l.Message.Key()] = true
					lanes[l.Message.UID] = append(lanes[l.Message.UID], l.Message.Seq)
					slices.Sort(lanes[l.Message.UID])
				}
			},
			"settle": func(t *rapid.T) {
				if len(b.queues) == 0 {
					return
				}
				if e := take(t); e != nil {
					b.ease(e)
					b.settle(e)
					uid := e.Message.UID
					lanes[uid], due[uid], queueDue = lanes[uid][1:], time.Time{}, time.Time{}
				}
			},
			"fail": func(t *rapid.T) {
				if len(b.queues) == 0 {
					return
				}
				if e := take(t); e != nil {
					b.delay(e, now, time.Duration(rapid.IntRange(0, 100).Draw(t, "retry after"))*time.Second)
					due[e.Message.UID] = b.queues[shop.ID()].lanes[e.Message.UID].pace.notBefore
					queueDue = b.queues[shop.ID()].pace.notBefore
				}
			},
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "seconds")) * time.Second)
			},
			"": func(t *rapid.T) {
				count := 0
				for _, lane := range lanes {
					count += len(lane)
				}
				if len(b.open) != count {
					t.Fatalf("%d letters are open, want %d", len(b.open), count)
				}
			},
		})
	})
}
