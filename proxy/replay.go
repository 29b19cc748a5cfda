package proxy

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
)

// maxReplay is how many bytes of a request body are kept to be sent again.
const maxReplay = 64 << 10

var errSuperseded = errors.New("this reading of the body was given up for another")

// replay is a request body that can be read from its start again, as long as no more than maxReplay bytes of it were read.
// At any time, only the newest reading gets anything.
type replay struct {
	source io.Reader

	// settled says that nothing will be sent again, so that nothing more is kept.
	settled atomic.Bool
	// broken says that the client did not send the whole body.
	broken atomic.Bool

	mu      sync.Mutex
	kept    []byte
	spilled bool // more than maxReplay was read, so kept is gone
	newest  *reading
}

// reading is one pass over a replay.
type reading struct {
	of *replay
	at int // the next byte of kept
}

// attach gives a request a body that can be sent again.
func (r *replay) attach(request *http.Request) error {
	body, err := r.open()
	request.Body, request.GetBody = body, r.open
	return err
}

// open starts a reading from the body's start.
func (r *replay) open() (io.ReadCloser, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.spilled {
		return nil, errors.New("too much of the body was read to send it again")
	}
	r.newest = &reading{of: r}
	return r.newest, nil
}

// isWhole reports whether the body can be sent again.
func (r *replay) isWhole() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.spilled
}

func (p *reading) Read(into []byte) (int, error) {
	r := p.of
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.newest != p {
		return 0, errSuperseded
	}
	if p.at < len(r.kept) {
		n := copy(into, r.kept[p.at:])
		p.at += n
		return n, nil
	}
	n, err := r.source.Read(into)
	if err != nil && err != io.EOF {
		r.broken.Store(true)
	}
	switch {
	case r.spilled:
	case r.settled.Load() || len(r.kept)+n > maxReplay:
		r.spilled, r.kept = true, nil
		p.at = 0
	default:
		r.kept = append(r.kept, into[:n]...)
		p.at = len(r.kept)
	}
	return n, err
}

// Close leaves the source open: whoever made the replay closes it.
func (p *reading) Close() error {
	return nil
}
