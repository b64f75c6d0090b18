package condition

import (
	"net/netip"
	"time"

	"github.com/postern/postern/identity"
)

// An Input is what a condition is about: one request, who makes it, and for whom. An Input is
// only read, and only while Eval or Observe runs. Whatever is missing in it is an error to the
// condition that reads it.
type Input struct {
	Method string
	Host   string   // canonical: lower case, without port
	ID     string   // the request's id
	Path   []string // decoded segments
	Query  string   // as sent, without the question mark
	Time   time.Time

	Headers Headers // nil: not known

	Caller identity.Caller
	User   *identity.User // nil or zero: no user
	Source netip.Addr     // the zero Addr: not known
}

// Headers returns the values of a header by its lower-case name, in order.
type Headers interface{ Values(name string) []string }

// HeaderFunc is Headers by a function.
type HeaderFunc func(name string) []string

// Values calls f.
func (f HeaderFunc) Values(name string) []string { return f(name) }
