package prometheus

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// between is the time between two looks at whether something is so.
const between = 20 * time.Millisecond

// listening finds the port that the server chose in what it says.
var listening = regexp.MustCompile(`msg="Listening on".* address=(\S+)`)

// awaitReady waits until the server says where it listens, and then until it answers there.
func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return poll(ctx, func() error {
		select {
		case <-s.ended:
			return &over{fmt.Errorf("Prometheus ended before it answered (%w)", orExit(s.err))}
		default:
		}
		if s.URL == "" {
			text, err := os.ReadFile(filepath.Join(s.folder, logFile))
			if err != nil {
				return err
			}
			found := listening.FindSubmatch(text)
			if found == nil {
				return errors.New("Prometheus does not listen yet")
			}
			s.URL = "http://" + string(found[1])
		}
		return ready(ctx, s.URL)
	})
}

func ready(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/-/ready", http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("Prometheus is not ready: %s", response.Status)
	}
	return nil
}

// over is an error that waiting does not mend.
type over struct{ error }

// poll tries until there is no error, and returns the last one when the context ends.
func poll(ctx context.Context, try func() error) error {
	look := time.NewTicker(between)
	defer look.Stop()
	for {
		err := try()
		if final := (*over)(nil); errors.As(err, &final) {
			return final.error
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-look.C:
		}
	}
}

func orExit(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// logTail is the end of what the server said.
func (s *Server) logTail() string {
	text, err := os.ReadFile(filepath.Join(s.folder, logFile))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}
