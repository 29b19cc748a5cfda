package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxText is the most characters of an answer that are kept.
const maxText = 200

// say is an answer in one line: its status, and the first line of its body or of the field "message" of it.
func say(response *http.Response, body []byte, hide *strings.Replacer) string {
	text := status(response)
	if words := firstLine(response.Header.Get("Content-Type"), body); words != "" {
		text += ": " + words
	}
	return cut(hide.Replace(text))
}

// status is the status line, such as "403 Forbidden".
func status(response *http.Response) string {
	code := fmt.Sprint(response.StatusCode)
	phrase := strings.TrimSpace(strings.TrimPrefix(response.Status, code))
	if phrase == "" {
		phrase = http.StatusText(response.StatusCode)
	}
	return strings.TrimSpace(code + " " + printable(phrase))
}

// firstLine is what a body says to a person; empty for pages of a browser and for what is no text.
func firstLine(contentType string, body []byte) string {
	if kind, _, err := mime.ParseMediaType(contentType); err == nil && kind == "text/html" {
		return ""
	}
	text := string(body)
	var object struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &object) == nil && object.Message != "" {
		text = object.Message
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if !isText(line) {
			return ""
		}
		return printable(line)
	}
	return ""
}

// isText says whether a line is text, as far as it may be shown. What was read may end within a character.
func isText(line string) bool {
	line = line[:min(len(line), utf8.UTFMax*maxText)]
	for end := len(line); end > max(0, len(line)-utf8.UTFMax); end-- {
		if utf8.ValidString(line[:end]) {
			return !strings.Contains(line, "\x00")
		}
	}
	return false
}

// printable makes white space a space, and drops what cannot be seen, such as escape sequences of a terminal.
func printable(text string) string {
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

// cut shortens a text to maxText characters.
func cut(text string) string {
	if utf8.RuneCountInString(text) <= maxText {
		return text
	}
	return string([]rune(text)[:maxText-1]) + "…"
}

// cause says in a few words why nothing was answered. It leaves the URL out, which errors of net/http carry.
func cause(err error, timeout time.Duration) string {
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
	return printable(err.Error())
}
