//go:build e2e

package faults

import (
	"net/http"
	"testing"

	"github.com/serin-dev/serin/test/sim/slack"
)

// TestSlackDownForARolloutIsToldEverythingInOrder has Slack answer 503 from the adoption to the rollback of the second release.
func TestSlackDownForARolloutIsToldEverythingInOrder(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	const many = 1000 // more than there are tries
	for range many {
		s.slack.Trouble(slack.Trouble{Status: http.StatusServiceUnavailable})
	}
	s.run()
	s.open(quick)
	s.release("good:2")
	s.await(serves("good:2"))
	s.release("bad:3")
	s.await(rolledBack("bad:3"))
	if n := len(s.slack.Messages()); n > 0 {
		t.Errorf("Slack was down and took %d messages", n)
	}
	s.slack.Mend()

	c := s.await(both(rolledBack("bad:3"), settled))
	s.toldOnce("v1 serves", "v2 is being tested", "v2 was promoted", "v3 is being tested", "v3 was rolled back")
	s.history(c, "Promoted good:2", "RolledBack bad:3 AnalysisFailed")
	s.tidy("v2")
	s.noneLost()
	s.lawful()
}
