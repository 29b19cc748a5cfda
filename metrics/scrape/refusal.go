package scrape

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

// maxSentence bounds what is repeated of a refusal, in bytes.
const maxSentence = 300

// refusal is an answer that is not 200.
type refusal struct {
	code    int
	message string
}

func (r *refusal) Error() string { return r.message }

// refusalOf reads why the answer is not 200: its status, and the sentence that a proxy says with it.
func refusalOf(from *url.URL, response *http.Response) *refusal {
	message := fmt.Sprintf("%s answered %s", from, response.Status)
	said, _ := io.ReadAll(io.LimitReader(response.Body, maxSentence)) // what was read of it, if the connection breaks
	if sentence := oneLine(string(said)); sentence != "" {
		message += ": " + sentence
	}
	return &refusal{code: response.StatusCode, message: message}
}

// oneLine makes of whatever was said something that can stand in a log.
func oneLine(said string) string {
	printable := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(said, ""))
	return strings.Join(strings.Fields(printable), " ")
}
