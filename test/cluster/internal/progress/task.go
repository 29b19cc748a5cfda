package progress

import (
	"fmt"
	"time"
)

// Task is something that takes a while.
type Task struct {
	log   *Log
	what  string
	began time.Time
	stop  chan struct{}
	ended chan struct{}
}

// Begin says that what has begun and shows from time to time that it goes on; detail tells how far it has come and may
// return an empty string.
func (l *Log) Begin(what string, detail func() string) *Task {
	t := &Task{log: l, what: what, began: time.Now(), stop: make(chan struct{}), ended: make(chan struct{})}
	l.pass(what + " ...")
	go t.beat(detail)
	return t
}

// End says how the task ended and how long it took.
func (t *Task) End(format string, args ...any) {
	close(t.stop)
	<-t.ended
	t.log.Say("%s: %s (%s)", t.what, fmt.Sprintf(format, args...), elapsed(t.began))
}

// beat shows signs of life until the task ends.
func (t *Task) beat(detail func() string) {
	defer close(t.ended)
	tick := time.NewTicker(t.log.every)
	defer tick.Stop()
	for {
		select {
		case <-t.stop:
			return
		case <-tick.C:
			t.log.pass(t.sign(detail()))
		}
	}
}

// sign is one sign of life.
func (t *Task) sign(detail string) string {
	line := fmt.Sprintf("%s ... %s", t.what, elapsed(t.began))
	if detail != "" {
		line += ", " + detail
	}
	return line
}

// elapsed is the time since began as a person says it: seconds, and tenths of them while there are few.
func elapsed(began time.Time) time.Duration {
	took := time.Since(began)
	if took < 10*time.Second {
		return took.Round(100 * time.Millisecond)
	}
	return took.Round(time.Second)
}
