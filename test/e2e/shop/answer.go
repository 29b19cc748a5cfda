package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// answer is what came of one request: a status, or a kind of error.
type answer struct {
	at      time.Time
	took    time.Duration
	status  int
	version string
	// kind is empty unless there is no whole answer.
	kind string
	// what is said among the failures; empty for an answer of a version.
	what string
}

// answered judges an answer that arrived. The body of a version is its name: another one was cut, or is somebody else's.
func answered(due time.Time, response *http.Response, body string) answer {
	a := answer{at: due, took: time.Since(due), status: response.StatusCode, version: response.Header.Get(headerVersion)}
	switch {
	case a.version == "":
		a.what = fmt.Sprintf("status %d from no version: %s", a.status, begin(body))
	case strings.TrimSuffix(body, "\n") != a.version:
		a.kind, a.what = "body", fmt.Sprintf("status %d of %s with the body %q", a.status, a.version, begin(body))
	}
	return a
}

// failed names the kind of an error.
func failed(due time.Time, err error) answer {
	return answer{at: due, took: time.Since(due), kind: kindOf(err), what: err.Error()}
}

func kindOf(err error) string {
	var name *net.DNSError
	var operation *net.OpError
	var network net.Error
	switch {
	case errors.As(err, &name):
		return "dns"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "unreachable"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.As(err, &operation):
		return operation.Op
	}
	return "other"
}

// begin returns the beginning of a body as one line.
func begin(body string) string {
	const most = 120
	line := strings.Join(strings.Fields(body), " ")
	if len(line) > most {
		return line[:most] + "..."
	}
	return line
}
