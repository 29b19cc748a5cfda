package window

import "fmt"

// InvalidLengthError says why a window of the asked length cannot be answered, ever.
type InvalidLengthError struct{ sentence string }

func (e *InvalidLengthError) Error() string { return e.sentence }

// UnavailableError says why there is no answer now. It is never to be read as "no requests".
type UnavailableError struct{ sentence string }

func (e *UnavailableError) Error() string { return e.sentence }

func invalid(format string, args ...any) error {
	return &InvalidLengthError{sentence: fmt.Sprintf(format, args...)}
}

func unavailable(format string, args ...any) error {
	return &UnavailableError{sentence: fmt.Sprintf(format, args...)}
}
