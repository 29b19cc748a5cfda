package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxText is the most characters of an answer that are kept.
const MaxText = 200

// Printable makes white space a space, and drops what cannot be seen, such as escape sequences of a terminal.
func Printable(text string) string {
	text = strings.Map(func(char rune) rune {
		switch {
		case unicode.IsSpace(char):
			return ' '
		case char == utf8.RuneError || !unicode.IsPrint(char):
			return -1
		}
		return char
	}, text)
	return strings.TrimSpace(text)
}

// Cut shortens a text to MaxText characters.
func Cut(text string) string {
	if utf8.RuneCountInString(text) <= MaxText {
		return text
	}
	return string([]rune(text)[:MaxText-1]) + "…"
}

// Cause says in a few words why nothing was answered. It leaves the URL out, which errors of net/http carry.
func Cause(err error, timeout time.Duration) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var unknown *net.DNSError
	var slow net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return fmt.Sprintf("nothing came within %s", timeout)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.As(err, &unknown) && unknown.IsNotFound:
		return fmt.Sprintf("the host %q is unknown", unknown.Name)
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return Printable(err.Error())
}

// Address is what may be shown of a URL.
func Address(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	return Printable(shown.String())
}
