package slack

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Trouble is one way of being out of order, for one post.
type Trouble struct {
	// Status is the answer's status, 429 or 500 for example; 0 is to hang until the client or the server gives up.
	Status int
	// RetryAfter is stated with 429, in whole seconds.
	RetryAfter time.Duration
}

// Trouble has the next posts meet the troubles, one each.
func (s *Server) Trouble(troubles ...Trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.troubles = append(s.troubles, troubles...)
}

// troubled lets the next trouble take a request's place.
func (s *Server) troubled(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		trouble, ok := s.nextTrouble()
		switch {
		case !ok:
			next(w, r)
		case trouble.Status == 0:
			select {
			case <-r.Context().Done():
			case <-s.quit:
			}
		default:
			if trouble.Status == http.StatusTooManyRequests {
				w.Header().Set("Retry-After", strconv.Itoa(int(trouble.RetryAfter/time.Second)))
			}
			w.WriteHeader(trouble.Status)
			_, _ = fmt.Fprint(w, http.StatusText(trouble.Status))
		}
	}
}

func (s *Server) nextTrouble() (Trouble, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.troubles) == 0 {
		return Trouble{}, false
	}
	first := s.troubles[0]
	s.troubles = s.troubles[1:]
	return first, true
}

// Mend ends the troubles that no post has met yet.
func (s *Server) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.troubles = nil
}
