package syntax

import (
	"strings"
	"testing"

	"github.com/postern/postern/policy/syntax/tree"
)

// timestampOf reads the value of a field, and what is said of it.
func timestampOf(t *testing.T, value string) (read, says string) {
	t.Helper()
	parts, faults := tree.Split([]byte("until: " + value + "\n"))
	if len(faults) > 0 || len(parts) != 1 {
		t.Fatal(faults)
	}
	root, faults := tree.Read(parts[0])
	if len(faults) > 0 {
		t.Fatal(faults[0])
	}
	r := &reader{source: "f", known: map[string]string{}}
	at := r.timestamp(&root.Items[1])
	if err := r.errors.Err(); err != nil {
		says = err.Error()
	}
	if at.IsZero() != (says != "") {
		t.Errorf("%s: the time %v beside the error %q", value, at, says)
	}
	return at.Format("2006-01-02T15:04:05.999999999Z07:00"), says
}

func TestTimestamp(t *testing.T) {
	for value, want := range map[string]string{
		"2027-01-31T18:00:00Z":             "2027-01-31T18:00:00Z",
		`"2027-01-31T18:00:00Z"`:           "2027-01-31T18:00:00Z",
		`'2027-01-31T18:00:00Z'`:           "2027-01-31T18:00:00Z",
		"2027-01-31T18:00:00+02:00":        "2027-01-31T16:00:00Z",
		"2027-01-31T18:00:00-00:30 # soon": "2027-01-31T18:30:00Z",
		"2027-01-31T18:00:00.5Z":           "2027-01-31T18:00:00.5Z",
		"1970-01-01T00:00:00Z":             "1970-01-01T00:00:00Z",
		"2999-12-31T23:59:59Z":             "2999-12-31T23:59:59Z",
	} {
		if got, says := timestampOf(t, value); got != want || says != "" {
			t.Errorf("%s: got %s and %q, want %s", value, got, says, want)
		}
	}
}

func TestTimestampRefused(t *testing.T) {
	const zone, form, slip = "this time has no zone: end it with Z", "is no time: write it as in 2027-01-31T18:00:00Z", "the years 1970 to 2999 are read"
	for value, want := range map[string]string{
		"2027-01-31":                 "a date alone says no moment: write 2027-01-31T00:00:00Z",
		"2027-01-31T18:00:00":        zone,
		"2027-02-31T18:00:00Z":       form,
		"2027-01-31 18:00:00Z":       form,
		"2027-01-31t18:00:00z":       form,
		"2027-1-31T18:00:00Z":        form,
		"2027-01-31T8:00:00Z":        form,
		"2027-01-31T24:00:00Z":       form,
		"2027-01-31T23:59:60Z":       form,
		"2027-01-31T18:00:00,5Z":     form,
		"2027-01-31T18:00:00+24:00":  form,
		"2027-01-31T18:00:00+0200":   form,
		"2027-01-31T18:00:00 +02:00": form,
		"2027-01-31T18:00Z":          form,
		"1803600000":                 form,
		"tomorrow":                   form,
		`""`:                         form,
		"1969-12-31T23:59:59Z":       slip,
		"1970-01-01T00:00:00+01:00":  slip,
		"3000-01-01T00:00:00Z":       slip,
		"9999-12-31T23:59:59Z":       slip,
		"true":                       form,
		"":                           "expected a time, as in 2027-01-31T18:00:00Z, found nothing",
		"[2027-01-31T18:00:00Z]":     "expected a time, as in 2027-01-31T18:00:00Z, found a list",
		"{at: 2027-01-31T18:00:00Z}": "expected a time, as in 2027-01-31T18:00:00Z, found a mapping",
	} {
		_, says := timestampOf(t, value)
		if !strings.HasPrefix(says, "f:1:8: ") && value != "" || !strings.Contains(says, want) {
			t.Errorf("%s: got %q, want %q", value, says, want)
		}
	}
}

func TestTimestampAbsent(t *testing.T) {
	r := &reader{source: "f"}
	if at := r.timestamp(nil); !at.IsZero() || r.errors.Err() != nil {
		t.Errorf("%v %v", at, r.errors.Err())
	}
}
