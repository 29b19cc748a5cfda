package analysis

import (
	"slices"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// maxAnnouncements is the number of transitions that are kept for services that do not answer; the oldest go first.
const maxAnnouncements = 40

// announce records the transitions that people are told of together with the decision, so that a crash loses none, and
// forgets those that every service was told of.
func (p *pass) announce() {
	s := &p.next
	p.track()
	for _, n := range p.notes {
		a := v1alpha1.Announcement{
			Seq: s.LastAnnouncement + 1, Reason: n.Reason, Message: n.Message, Severity: n.Severity,
			Rollout: n.Rollout, Revision: n.Revision, From: n.From, To: n.To, Step: n.Step, Weight: n.Weight, At: v1alpha1.At(p.now),
		}
		if n.Transition && slices.ContainsFunc(p.seen.Sinks, func(sink Sink) bool { return sink.Wants(a) }) {
			s.LastAnnouncement, s.Announcements = a.Seq, append(s.Announcements, a)
		}
	}
	p.skip()
	told := s.LastAnnouncement
	for _, d := range s.Deliveries {
		told = min(told, d.Seq)
	}
	s.Announcements = slices.DeleteFunc(s.Announcements, func(a v1alpha1.Announcement) bool { return a.Seq <= told })
	s.Announcements = s.Announcements[max(0, len(s.Announcements)-maxAnnouncements):]
	if len(s.Announcements) == 0 {
		s.Announcements = nil
	}
}

// track keeps one record per service: a new one is told of what comes, and each moves on by what was delivered.
func (p *pass) track() {
	s := &p.next
	known := func(id string) func(v1alpha1.DeliveryStatus) bool {
		return func(d v1alpha1.DeliveryStatus) bool { return d.Sink == id }
	}
	s.Deliveries = slices.DeleteFunc(s.Deliveries, func(d v1alpha1.DeliveryStatus) bool {
		return !slices.ContainsFunc(p.seen.Sinks, func(sink Sink) bool { return sink.ID == d.Sink })
	})
	for _, sink := range p.seen.Sinks {
		if !slices.ContainsFunc(s.Deliveries, known(sink.ID)) {
			s.Deliveries = append(s.Deliveries, v1alpha1.DeliveryStatus{Sink: sink.ID, Seq: s.LastAnnouncement})
		}
	}
	for _, d := range p.seen.Delivered {
		i := slices.IndexFunc(s.Deliveries, known(d.Sink))
		if i >= 0 && d.Seq > s.Deliveries[i].Seq && d.Seq <= s.LastAnnouncement {
			s.Deliveries[i] = d
		}
	}
	if len(s.Deliveries) == 0 {
		s.Deliveries = nil
	}
}

// skip moves each service's record over the announcements that it does not want.
func (p *pass) skip() {
	s := &p.next
	for i := range s.Deliveries {
		d := &s.Deliveries[i]
		j := slices.IndexFunc(p.seen.Sinks, func(sink Sink) bool { return sink.ID == d.Sink })
		for _, a := range s.Announcements {
			if a.Seq <= d.Seq {
				continue
			}
			if p.seen.Sinks[j].Wants(a) {
				break
			}
			d.Seq = a.Seq
		}
	}
}

// rank orders severities.
var rank = map[Severity]int{Info: 0, Good: 1, Problem: 2}

// Wants says whether a service is to be told of an announcement.
func (s Sink) Wants(a v1alpha1.Announcement) bool {
	return rank[a.Severity] >= rank[s.MinSeverity] && (len(s.Events) == 0 || slices.Contains(s.Events, a.Reason))
}
