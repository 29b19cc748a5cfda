package load

import (
	"maps"
	"sync"
	"time"
)

// ledger keeps the counts.
type ledger struct {
	room int

	mu       sync.Mutex
	chapters []Chapter
	examples []Example
}

func (l *ledger) mark(name string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.chapters = append(l.chapters, Chapter{Name: name, Began: now, Releases: ByRelease{}})
}

// open returns the index of the chapter that is open; the first one has no name unless there was a mark.
func (l *ledger) open(now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.chapters) == 0 {
		l.chapters = append(l.chapters, Chapter{Began: now, Releases: ByRelease{}})
	}
	return len(l.chapters) - 1
}

func (l *ledger) record(chapter int, due time.Time, outcome Outcome) {
	took := time.Since(due)
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := l.chapters[chapter].Releases[outcome.Release]
	counts.Latency.add(took)
	switch outcome.Class {
	case OK:
		counts.OK++
		if outcome.Slow {
			counts.Slow++
		}
	case FailedByRelease:
		counts.FailedByRelease++
	case FailedBetween:
		counts.FailedBetween++
		if len(l.examples) < l.room {
			l.examples = append(l.examples, Example{Due: due, Chapter: l.chapters[chapter].Name, Text: outcome.Text})
		}
	}
	l.chapters[chapter].Releases[outcome.Release] = counts
}

func (l *ledger) snapshot() Snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Snapshot{Examples: append([]Example(nil), l.examples...)}
	for _, chapter := range l.chapters {
		chapter.Releases = maps.Clone(chapter.Releases)
		s.Chapters = append(s.Chapters, chapter)
	}
	return s
}
