package metrics

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestATickIsWaitedForOnAClockThatIsSet(t *testing.T) {
	for name, tc := range map[string]struct {
		by     time.Duration // somebody sets the clock by that much after 300 ms
		waited time.Duration
		onTime bool
	}{
		"which nobody sets":           {waited: 700 * time.Millisecond, onTime: true},
		"set back by an hour":         {by: -time.Hour, waited: 700 * time.Millisecond},
		"set forward by an hour":      {by: time.Hour, waited: 700 * time.Millisecond},
		"set back by a bit":           {by: -200 * time.Millisecond, waited: 900 * time.Millisecond, onTime: true},
		"set back before its timer":   {by: -690 * time.Millisecond, waited: 1390 * time.Millisecond, onTime: true},
		"set back by more than a way": {by: -710 * time.Millisecond, waited: 700 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				now := func() time.Time {
					if time.Since(began) > 300*time.Millisecond {
						return time.Now().Add(tc.by)
					}
					return time.Now()
				}
				tick := began.Add(700 * time.Millisecond)
				if !waitUntil(t.Context(), tick, now) {
					t.Fatal("it gave up")
				}
				if waited := time.Since(began); waited != tc.waited {
					t.Errorf("it waited for %s, want %s", waited, tc.waited)
				}
				if got := onTime(now(), tick, time.Second); got != tc.onTime {
					t.Errorf("on time: %t, want %t", got, tc.onTime)
				}
			})
		})
	}
}

func TestATickIsNotWaitedForBeyondTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if waitUntil(ctx, time.Now().Add(time.Hour), time.Now) {
		t.Error("it waited beyond the end")
	}
}
