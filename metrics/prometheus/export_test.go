package prometheus

import (
	"context"
	"time"
)

// Present returns the names of the profiles whose series are there.
func (s *Source) Present(ctx context.Context, now time.Time) ([]string, error) {
	return s.chooser.present(ctx, s.chooser.all(), now)
}

// Chosen returns the name of the profile in use.
func (s *Source) Chosen(ctx context.Context, now time.Time) (string, error) {
	p, err := s.chooser.choose(ctx, now)
	if err != nil {
		return "", err
	}
	return p.Name, nil
}
