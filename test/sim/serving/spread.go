package serving

import "sync"

// Spread says yes to an even share of all questions, so that every stretch of traffic has its share.
type Spread struct {
	// Ratio is the share, from 0 to 1.
	Ratio float64

	mu    sync.Mutex
	asked int
}

// Next answers one question.
func (s *Spread) Next() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := int(float64(s.asked) * s.Ratio)
	s.asked++
	return int(float64(s.asked)*s.Ratio) > before
}
