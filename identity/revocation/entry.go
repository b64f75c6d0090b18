package revocation

import "time"

// A Kind is what an entry cuts off.
type Kind uint8

// The kinds of entries.
const (
	Callers Kind = iota
	Serials
	Subjects
	TokenIDs
	SessionIDs
	KeyIDs
	Tokens // all of a provider that were issued before a time

	kinds
)

// String returns the kind as metrics name it.
func (k Kind) String() string {
	return [...]string{"callers", "serials", "subjects", "token_ids", "session_ids", "key_ids", "tokens"}[k]
}

// Kinds returns every kind.
func Kinds() []Kind {
	all := make([]Kind, kinds)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}

// An Entry is one entry of a Revocation document. It is immutable.
type Entry struct {
	at        string
	name      string
	document  string
	kind      Kind
	count     int
	providers []string
	until     time.Time
	issued    time.Time // tokens issued before this alone; zero: all
}

// At returns where the entry stands: incident.yaml:7:5.
func (e *Entry) At() string { return e.at }

// Name returns the entry's name, "" when it has none.
func (e *Entry) Name() string { return e.name }

// Document returns the name of the document that the entry is in.
func (e *Entry) Document() string { return e.document }

// Kind returns what the entry cuts off.
func (e *Entry) Kind() Kind { return e.kind }

// Count returns how many things the entry names; 1 for all tokens of a provider.
func (e *Entry) Count() int { return e.count }

// Providers returns the names of the providers whose tokens the entry is about; none of another
// kind. They must not be modified.
func (e *Entry) Providers() []string { return e.providers }

// Until returns when the entry ends.
func (e *Entry) Until() time.Time { return e.until }

// String returns where the entry stands, and its name.
func (e *Entry) String() string {
	if e.name == "" {
		return e.at
	}
	return e.at + " (" + e.name + ")"
}

// Holds says that there is an entry, and that it has not ended.
func (e *Entry) Holds(now time.Time) bool { return e != nil && now.Before(e.until) }

// later returns the one of two entries for the same thing that makes the other needless: that
// which ends later, and of two that end together the first.
func later(first, second *Entry) *Entry {
	if first == nil || first.until.Before(second.until) {
		return second
	}
	return first
}
