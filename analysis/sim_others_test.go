package analysis

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// simOthers are those outside the cluster that have a say in a rollout: people who freeze it, the calendar, other Canaries,
// webhooks and the services that are told.
type simOthers struct {
	holds Holds

	access Access // what the callers of stable lack; its version is filled in

	webhook func(Call) (Answer, time.Duration) // what each question is answered, and after how long; nil says yes at once
	asked   map[string]time.Time               // by question, when its answer comes
	answers []Answer

	sinks    []Sink
	told     map[string][]int64 // by service, what it was told in order
	received map[string]v1alpha1.DeliveryStatus
	muted    bool // no service answers
}

// await keeps the answers that are awaited and forgets the rest, as the caller of webhooks does.
func (s *sim) await(calls []Call) {
	wanted := map[string]bool{}
	for _, call := range calls {
		key := fmt.Sprintf("%s#%d", call.ID, call.Ask)
		wanted[key] = true
		if _, known := s.others.asked[key]; known {
			continue
		}
		answer, after := Answer{Yes: true, Text: "200 OK"}, time.Duration(0)
		if s.others.webhook != nil {
			answer, after = s.others.webhook(call)
		}
		answer.ID, answer.Ask = call.ID, call.Ask
		if s.others.asked == nil {
			s.others.asked = map[string]time.Time{}
		}
		s.others.asked[key] = s.now.Add(call.Wait + after)
		s.others.answers = append(s.others.answers, answer)
	}
	maps.DeleteFunc(s.others.asked, func(key string, _ time.Time) bool { return !wanted[key] })
	s.others.answers = slices.DeleteFunc(s.others.answers, func(a Answer) bool {
		return !wanted[fmt.Sprintf("%s#%d", a.ID, a.Ask)]
	})
}

// heard are the answers that have come.
func (s *sim) heard() []Answer {
	var came []Answer
	for _, a := range s.others.answers {
		if at := s.others.asked[fmt.Sprintf("%s#%d", a.ID, a.Ask)]; !s.now.Before(at) {
			came = append(came, a)
		}
	}
	return came
}

// tell delivers what the status says was not delivered yet, in order and each once.
func (s *sim) tell() {
	if s.others.muted {
		return
	}
	for _, sink := range s.others.sinks {
		i := slices.IndexFunc(s.status.Deliveries, func(d v1alpha1.DeliveryStatus) bool { return d.Sink == sink.ID })
		if i < 0 {
			continue
		}
		last := max(s.status.Deliveries[i].Seq, s.others.received[sink.ID].Seq)
		for _, a := range s.status.Announcements {
			if a.Seq <= last || !sink.Wants(a) {
				continue
			}
			if s.others.told == nil {
				s.others.told, s.others.received = map[string][]int64{}, map[string]v1alpha1.DeliveryStatus{}
			}
			s.others.told[sink.ID] = append(s.others.told[sink.ID], a.Seq)
			s.others.received[sink.ID] = v1alpha1.DeliveryStatus{Sink: sink.ID, Seq: a.Seq, Rollout: a.Rollout, Thread: "thread of " + a.Rollout}
		}
	}
}

// delivered is what the services said since the controller began.
func (s *sim) delivered() []v1alpha1.DeliveryStatus {
	var all []v1alpha1.DeliveryStatus
	for _, id := range slices.Sorted(maps.Keys(s.others.received)) {
		all = append(all, s.others.received[id])
	}
	return all
}

// othersPrint is what the controller watches of the others.
func (s *sim) othersPrint() string {
	h := s.others.holds
	text := fmt.Sprint(h.Dependencies, len(s.heard()), s.delivered(), s.others.sinks)
	if h.Freeze != nil {
		text += "frozen"
	}
	if h.Window != nil {
		text += fmt.Sprint(h.Window.Open)
	}
	if h.Slots != nil {
		text += fmt.Sprint(*h.Slots)
	}
	for _, name := range slices.Sorted(maps.Keys(s.versions)) {
		if t := s.versions[name].trouble; t != nil {
			text += name + t.Reason
		}
	}
	return text
}

// recorded is what was observed, for another look after the status was recorded: the clock was not set since.
func recorded(seen Observed) Observed {
	seen.Stepped = 0
	return seen
}
