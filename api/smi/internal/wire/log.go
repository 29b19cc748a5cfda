package wire

import (
	"encoding/json"
	"fmt"
	"slices"

	apijson "k8s.io/apimachinery/pkg/util/json"
)

// maxProblems is the most sentences one object keeps; an object can hold a million bad values, a person reads a few.
const maxProblems = 8

// Log collects what could not be understood in one object. The zero Log is empty and ready.
type Log struct {
	sentences []string
	// more counts the sentences beyond maxProblems, faults every call of Fault.
	more, faults int
}

// Problems returns one sentence for each thing that was not understood, in the order of reading, and nil when everything was.
func (l *Log) Problems() []string {
	if l.more > 0 {
		return append(slices.Clone(l.sentences), fmt.Sprintf("there are %d more problems like these", l.more))
	}
	return l.sentences
}

// Empty reports whether everything so far was understood.
func (l *Log) Empty() bool { return l.faults == 0 }

// Fault records a sentence about the object as a whole.
func (l *Log) Fault(format string, args ...any) {
	l.faults++
	sentence := fmt.Sprintf(format, args...)
	switch {
	case slices.Contains(l.sentences, sentence):
	case len(l.sentences) < maxProblems:
		l.sentences = append(l.sentences, sentence)
	default:
		l.more++
	}
}

// Open returns the value of the field at path, absent when raw is empty or null.
func (l *Log) Open(path string, raw json.RawMessage) Value {
	opened := Value{log: l, path: path}
	if len(raw) == 0 {
		return opened
	}
	if err := apijson.Unmarshal(raw, &opened.data); err != nil {
		opened.data = nil
		opened.Fault("cannot be read: %v", err)
	}
	return opened
}
