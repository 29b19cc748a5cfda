package prometheus

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/common/model"
)

// Query returns the series that a query gives at an instant.
func (s *Server) Query(ctx context.Context, query string, at time.Time) (model.Vector, error) {
	value, _, _, err := s.api.Query(ctx, query, at)
	if err != nil {
		return nil, err
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("%s gives a %s, not series", query, value.Type())
	}
	return vector, nil
}

// Await waits until a query gives one series with a certain number. The context bounds the wait.
func (s *Server) Await(ctx context.Context, query string, want float64) error {
	return poll(ctx, func() error {
		vector, err := s.Query(ctx, query, time.Now())
		if err != nil {
			return err
		}
		if len(vector) != 1 || float64(vector[0].Value) != want {
			return fmt.Errorf("%s gives %v, not %v", query, vector, want)
		}
		return nil
	})
}

// AwaitNone waits until a query gives no series.
func (s *Server) AwaitNone(ctx context.Context, query string) error {
	return s.Await(ctx, "count("+query+") or vector(0)", 0)
}

// Scraped waits until the newest number of a series is a certain one, and returns when that was scraped. What the server says
// of that instant stays the same: of a later one, a scrape that is still under way might change it.
func (s *Server) Scraped(ctx context.Context, selector string, want float64) (time.Time, error) {
	var at time.Time
	query := fmt.Sprintf("timestamp(%[1]s) and %[1]s == %[2]g", selector, want)
	err := poll(ctx, func() error {
		vector, err := s.Query(ctx, query, time.Now())
		if err != nil {
			return err
		}
		if len(vector) != 1 {
			return fmt.Errorf("%s gives %v", query, vector)
		}
		at = time.UnixMilli(int64(math.Round(1000 * float64(vector[0].Value))))
		return nil
	})
	return at, err
}
