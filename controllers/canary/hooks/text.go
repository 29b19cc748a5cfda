package hooks

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/serin-dev/serin/controllers/canary/outbound"
)

// say is an answer in one line: its status, and the first line of its body or of the field "message" of it.
func say(response *http.Response, body []byte, hide *strings.Replacer) string {
	text := status(response)
	if words := firstLine(response.Header.Get("Content-Type"), body); words != "" {
		text += ": " + words
	}
	return outbound.Cut(hide.Replace(text))
}

// status is the status line, such as "403 Forbidden".
func status(response *http.Response) string {
	code := fmt.Sprint(response.StatusCode)
	phrase := strings.TrimSpace(strings.TrimPrefix(response.Status, code))
	if phrase == "" {
		phrase = http.StatusText(response.StatusCode)
	}
	return strings.TrimSpace(code + " " + outbound.Printable(phrase))
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
		return outbound.Printable(line)
	}
	return ""
}

// isText says whether a line is text, as far as it may be shown. What was read may end within a character.
func isText(line string) bool {
	line = line[:min(len(line), utf8.UTFMax*outbound.MaxText)]
	for end := len(line); end > max(0, len(line)-utf8.UTFMax); end-- {
		if utf8.ValidString(line[:end]) {
			return !strings.Contains(line, "\x00")
		}
	}
	return false
}
