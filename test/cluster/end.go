//go:build unix

package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// errStopped says that the end came before the answer.
var errStopped = errors.New("stopped")

// ending are the signals that ask for the end.
var ending = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// untilEnd returns a context that is done when input reaches its end.
func untilEnd(parent context.Context, input io.Reader) context.Context {
	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		_, _ = io.Copy(io.Discard, input) // An input that cannot be read has ended as well.
		cancel(errStopped)
	}()
	return ctx
}

// untilSignal returns a context that is done when a signal asks for the end. From then on the signals are ignored here, so
// that what is under way to the end is not cut short. A broken pipe is then an error of the write like others; without
// this the first word to a parent that is gone would kill this process before it has cleaned up.
func untilSignal(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, ending...)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	go func() {
		select {
		case <-asked:
			cancel(errStopped)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// killOnSecondSignal calls kill if a signal comes once the end is under way.
func killOnSecondSignal(ctx context.Context, kill func()) {
	<-ctx.Done()
	again := make(chan os.Signal, 1)
	signal.Notify(again, ending...)
	<-again
	kill()
}
