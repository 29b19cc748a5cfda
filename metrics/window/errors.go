package window

import "fmt"

// InvalidSpanError says why the window that was asked for cannot be answered, ever.
type InvalidSpanError struct{ sentence string }

func (e *InvalidSpanError) Error() string { return e.sentence }

// GoneError says that no window can begin any more where it was asked to: whoever asks has to begin at another time, and
// what lies before that is lost.
type GoneError struct{ sentence string }

func (e *GoneError) Error() string { return e.sentence }

// UnavailableError says why there is no answer now. It is never to be read as "no requests".
type UnavailableError struct{ sentence string }

func (e *UnavailableError) Error() string { return e.sentence }

// Invalid makes an InvalidSpanError.
func Invalid(format string, args ...any) error {
	return &InvalidSpanError{sentence: fmt.Sprintf(format, args...)}
}

// Gone makes a GoneError.
func Gone(format string, args ...any) error {
	return &GoneError{sentence: fmt.Sprintf(format, args...)}
}

// Unavailable makes an UnavailableError.
func Unavailable(format string, args ...any) error {
	return &UnavailableError{sentence: fmt.Sprintf(format, args...)}
}
