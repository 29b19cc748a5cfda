package recording

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// longestLine is the most bytes that a line may have.
const longestLine = 1 << 20

// line is a window as it is read: it tells a version that is missing from one without requests.
type line struct {
	analysis.RecordedWindow
	Candidate *analysis.RecordedCounts `json:"candidate"`
	Stable    *analysis.RecordedCounts `json:"stable"`
}

// Read reads windows, one JSON object a line; blank lines are skipped. It reads all or nothing.
func Read(from io.Reader) ([]analysis.RecordedWindow, error) {
	scanner := bufio.NewScanner(from)
	scanner.Buffer(nil, longestLine)
	var windows []analysis.RecordedWindow
	var order order
	number := 0
	for scanner.Scan() {
		number++
		text := bytes.TrimSpace(scanner.Bytes())
		if number == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if len(text) == 0 {
			continue
		}
		window, err := parse(text)
		if err == nil {
			err = order.follows(window, number)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		windows = append(windows, window)
	}
	switch err := scanner.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("line %d: it has more than %d bytes, and a window has a few hundred", number+1, longestLine)
	case err != nil:
		return nil, err
	case len(windows) == 0:
		return nil, errors.New("there is no window in it: one JSON object a line is expected")
	}
	return windows, nil
}

// parse reads one line.
func parse(text []byte) (analysis.RecordedWindow, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var l line
	if err := decoder.Decode(&l); err != nil {
		return analysis.RecordedWindow{}, explain(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return analysis.RecordedWindow{}, errors.New("there is more behind the JSON object")
	}
	switch {
	case text[0] != '{':
		return analysis.RecordedWindow{}, fmt.Errorf("%.40s is no JSON object", text)
	case l.Candidate == nil:
		return analysis.RecordedWindow{}, errors.New("candidate is missing")
	case l.Stable == nil:
		return analysis.RecordedWindow{}, errors.New("stable is missing")
	}
	window := l.RecordedWindow
	window.Candidate, window.Stable = *l.Candidate, *l.Stable
	return window, sound(window)
}

// explain says what is wrong with a line in the words of its writer.
func explain(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	var instant *time.ParseError
	unknown, isUnknown := strings.CutPrefix(err.Error(), "json: unknown field ")
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("it is no JSON: %w", err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is no JSON: it ends too early")
	case errors.As(err, &instant):
		return fmt.Errorf("endedAt: %q is no time: write it as 2026-11-20T15:04:05.000000Z", instant.Value)
	case isUnknown:
		return fmt.Errorf("it has the unknown field %s", unknown)
	case errors.As(err, &kind):
		return wrongKind(kind)
	}
	return err
}

// wrongKind says which field holds what it cannot.
func wrongKind(err *json.UnmarshalTypeError) error {
	field := strings.TrimPrefix(err.Field, "RecordedWindow.")
	number, isNumber := strings.CutPrefix(err.Value, "number ")
	switch kind := err.Type.Kind(); {
	case field == "":
		return fmt.Errorf("it is %s and no object", article(err.Value))
	case kind == reflect.Int32 && isNumber:
		return fmt.Errorf("%s: %s is no whole number from 1 to 100", field, number)
	case isNumber:
		return fmt.Errorf("%s: %s is no number that can be computed with", field, number)
	case kind == reflect.Float64 || kind == reflect.Int32:
		return fmt.Errorf("%s: it is %s and no number", field, article(err.Value))
	default:
		return fmt.Errorf("%s: it is %s and no object", field, article(err.Value))
	}
}

// article puts one before the name of a kind of JSON.
func article(kind string) string {
	if kind == "array" || kind == "object" {
		return "an " + kind
	}
	return "a " + kind
}
