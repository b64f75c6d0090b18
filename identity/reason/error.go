package reason

import (
	"errors"
	"fmt"
)

// An Error is a refusal and its cause. The cause is for the record and the log of Postern's
// operator; only the code ever leaves the process.
type Error struct {
	Code  Code
	Cause error // never nil; never holds a credential or a part of one
}

// Errorf returns an *Error for code whose cause is formatted as by fmt.Errorf.
func Errorf(code Code, format string, args ...any) error {
	return &Error{Code: code, Cause: fmt.Errorf(format, args...)}
}

func (e *Error) Error() string { return e.Code.String() + ": " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Of returns the code of err: Allowed for nil, that of the *Error it wraps, and Internal for
// every other error.
func Of(err error) Code {
	if err == nil {
		return Allowed
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Code
	}
	return Internal
}
