package prometheus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/serin-dev/serin/test/child"
	"github.com/serin-dev/serin/test/controlplane"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

const (
	// startTimeout bounds the time until the program answers, once it is there.
	startTimeout = time.Minute
	// stopTimeout bounds the time that it takes to stop.
	stopTimeout = 20 * time.Second
)

// Server is a Prometheus that answers.
type Server struct {
	// URL is its address, without a slash at the end.
	URL string

	api    v1.API
	cmd    *exec.Cmd
	folder string
	// own says that the folder goes with the server.
	own   bool
	ended chan struct{}
	err   error
	stop  sync.Once
}

// ForTest starts a Prometheus that ends with the test.
func ForTest(t testing.TB, opts Options) *Server {
	t.Helper()
	if opts.Progress == nil {
		opts.Progress = t.Output()
	}
	s, err := Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Start starts a Prometheus, and returns when it answers. The context bounds the start; afterwards only Stop or the end of
// this process ends it.
func Start(ctx context.Context, opts Options) (*Server, error) {
	program, err := find(ctx, opts.Progress)
	if err != nil {
		return nil, err
	}
	if opts.Interval == 0 {
		opts.Interval = time.Second
	}
	if opts.Address == "" {
		opts.Address = "127.0.0.1:0"
	}
	s := &Server{folder: opts.Dir, own: opts.Dir == "", ended: make(chan struct{})}
	if s.own {
		if s.folder, err = os.MkdirTemp("", "serin-prometheus-"); err != nil {
			return nil, err
		}
	}
	if err := s.run(ctx, program, opts); err != nil {
		return nil, errors.Join(err, s.removeOwn())
	}
	return s, nil
}

// find returns the path of the program, which is got if need be.
func find(ctx context.Context, progress io.Writer) (string, error) {
	cluster, folder, err := controlplane.Program(ctx)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, cluster, "prometheus")
	cmd.Dir, cmd.Stderr = folder, os.Stderr
	if progress != nil {
		cmd.Stderr = progress
	}
	path, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("getting a Prometheus: %w", err)
	}
	return strings.TrimSpace(string(path)), nil
}

// run starts the program and waits until it answers.
func (s *Server) run(ctx context.Context, program string, opts Options) error {
	if err := opts.writeConfig(s.folder); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(s.folder, logFile))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the program has its own
	s.cmd = exec.Command(program,
		"--config.file="+filepath.Join(s.folder, configFile),
		"--storage.tsdb.path="+filepath.Join(s.folder, dataFolder),
		"--web.listen-address="+opts.Address,
		"--web.enable-otlp-receiver",
	)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.folder, log, log
	if err := child.Start(s.cmd); err != nil {
		return err
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.ended)
	}()
	if err := s.awaitReady(ctx); err != nil {
		s.end()
		return fmt.Errorf("%w; the end of its log:\n%s", err, s.logTail())
	}
	client, err := api.NewClient(api.Config{Address: s.URL})
	if err != nil {
		return err
	}
	s.api = v1.NewAPI(client)
	return nil
}

// Addr is the server's host and port, for Options.Address of the next one.
func (s *Server) Addr() string { return strings.TrimPrefix(s.URL, "http://") }

// Scrape replaces the targets. The server notices within moments.
func (s *Server) Scrape(targets ...Target) error { return writeTargets(s.folder, targets) }

// Stop ends the server, and returns when nothing of it is left but the folder of Options.Dir. A second call does nothing more.
func (s *Server) Stop() error {
	var err error
	s.stop.Do(func() {
		s.end()
		if s.err != nil {
			err = fmt.Errorf("Prometheus ended: %w; the end of its log:\n%s", s.err, s.logTail())
		}
		err = errors.Join(err, s.removeOwn())
	})
	return err
}

// end asks the program to end, and kills it when it does not.
func (s *Server) end() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	bound := time.AfterFunc(stopTimeout, func() { _ = s.cmd.Process.Kill() })
	<-s.ended
	bound.Stop()
}

func (s *Server) removeOwn() error {
	if !s.own {
		return nil
	}
	return os.RemoveAll(s.folder)
}
