package syntax

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/postern/postern/policy/syntax/tree"
)

// The years that a time in a document can be in: what is outside of them is a slip.
const (
	leastYear = 1970
	mostYear  = 2999
)

// timestamp reads a time, in quotes or as it is, and returns it in UTC. It gives the zero time for
// a field that is absent and for what is wrong.
func (r *reader) timestamp(n *tree.Node) time.Time {
	if n == nil {
		return time.Time{}
	}
	if n.Kind != tree.Scalar {
		r.fail(n, "expected a time, as in 2027-01-31T18:00:00Z, found %s", found(n))
		return time.Time{}
	}
	t, err := parseTimestamp(n.Text)
	if err != nil {
		r.fail(n, "%v", err)
		return time.Time{}
	}
	return t
}

// parseTimestamp takes a date and time with a zone (RFC 3339 section 5.6), in its capital letters.
// A date alone is refused: it would end at another moment for each reader.
func parseTimestamp(s string) (time.Time, error) {
	t, ok := strictTime(s)
	switch {
	case isDate(s):
		return time.Time{}, fmt.Errorf("a date alone says no moment: write %sT00:00:00Z, or the time and zone that are meant", s)
	case !ok && lacksZone(s):
		return time.Time{}, errors.New("this time has no zone: end it with Z for UTC, or with an offset as in +02:00")
	case !ok:
		return time.Time{}, fmt.Errorf("%s is no time: write it as in 2027-01-31T18:00:00Z (RFC 3339)", quote(s))
	case t.Year() < leastYear || t.Year() > mostYear:
		return time.Time{}, fmt.Errorf("%s is no time that is meant here: the years %d to %d are read", quote(s), leastYear, mostYear)
	}
	return t, nil
}

// dateTime is the grammar of RFC 3339 section 5.6, of which time.Parse takes more.
var dateTime = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[-+]([01][0-9]|2[0-3]):[0-5][0-9])$`)

func strictTime(s string) (t time.Time, ok bool) {
	t, err := time.Parse(time.RFC3339, s)
	return t.UTC(), err == nil && dateTime.MatchString(s)
}

func lacksZone(s string) bool {
	_, ok := strictTime(s + "Z")
	return ok
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}
