package revocation

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/postern/postern/identity"
)

// Compile returns what the documents cut off together. It refuses an entry that it does not
// understand whole, rather than to cut off less: the documents are checked, so that is a fault of
// who made them.
func Compile(documents ...*identity.Revocation) (*List, error) {
	l := &List{callers: map[string]*callers{}, serials: map[certificate]*Entry{}, tokens: map[string]*tokens{}}
	for _, d := range documents {
		for i := range d.Entries {
			if err := l.add(d.Name, &d.Entries[i]); err != nil {
				return nil, fmt.Errorf("%s: %w", d.Entries[i].At, err)
			}
		}
	}
	return l, nil
}

func (l *List) add(document string, from *identity.RevocationEntry) error {
	kind, values, err := contents(from)
	if err != nil {
		return err
	}
	e := &Entry{
		at: from.At, name: from.Name, document: document, kind: kind, count: max(1, len(values)),
		providers: from.Providers, until: from.Until, issued: from.IssuedBefore,
	}
	l.entries = append(l.entries, e)
	switch kind {
	case Callers:
		return l.addCallers(values, e)
	case Serials:
		return l.addSerials(from.TrustDomain, values, e)
	default:
		l.addTokens(from.Providers, values, e)
		return nil
	}
}

// contents returns the one kind of thing that an entry names.
func contents(from *identity.RevocationEntry) (kind Kind, values []string, err error) {
	kind = Tokens
	for i, list := range [...][]string{from.Callers, from.Serials, from.Subjects, from.TokenIDs, from.SessionIDs, from.KeyIDs} {
		if len(list) == 0 {
			continue
		}
		if values != nil {
			return 0, nil, errors.New("the entry names two kinds of things")
		}
		kind, values = Kind(i), list
	}
	ofTokens := kind != Callers && kind != Serials
	narrowed := !from.IssuedBefore.IsZero()
	switch {
	case from.Until.IsZero():
		err = errors.New("the entry never ends")
	case slices.Contains(values, ""):
		err = errors.New("the entry names an empty string")
	case ofTokens == (len(from.Providers) == 0):
		err = errors.New("the entry names no provider of its tokens, or one and no tokens")
	case (kind == Serials) == (from.TrustDomain == ""):
		err = errors.New("the entry names no trust domain of its serial numbers, or one and no serial numbers")
	case kind == Tokens && !narrowed, narrowed && kind != Tokens && kind != Subjects:
		err = errors.New("the entry names nothing, or a time of issue that it has no use for")
	}
	return kind, values, err
}

func (l *List) addCallers(patterns []string, e *Entry) error {
	for _, pattern := range patterns {
		domain, segments, ok := parts(pattern)
		if !ok {
			return fmt.Errorf("%q is no pattern of SPIFFE IDs", pattern)
		}
		of := l.callers[domain]
		if of == nil {
			of = &callers{exact: map[string]*Entry{}}
			l.callers[domain] = of
		}
		of.add(pattern, segments, strings.Contains(pattern, one), e)
	}
	return nil
}

// parts returns the trust domain of a pattern, and the segments of its path.
func parts(pattern string) (domain string, segments []string, ok bool) {
	rest, ok := strings.CutPrefix(pattern, scheme)
	domain, path, _ := strings.Cut(rest, "/")
	segments = strings.Split(path, "/")
	last := len(segments) - 1
	for i, s := range segments {
		ok = ok && s != "" && (s == one || s == many && i == last || !strings.Contains(s, one))
	}
	return domain, segments, ok && domain != "" && !strings.Contains(domain, one)
}

func (l *List) addSerials(domain string, serials []string, e *Entry) error {
	for _, text := range serials {
		number, err := hex.DecodeString(text)
		if err != nil {
			return fmt.Errorf("%q is no serial number: %w", text, err)
		}
		serial, ok := identity.NewSerial(new(big.Int).SetBytes(number))
		if !ok {
			return fmt.Errorf("%q is too long for a serial number", text)
		}
		key := certificate{domain, serial}
		l.serials[key] = later(l.serials[key], e)
	}
	return nil
}

func (l *List) addTokens(providers, values []string, e *Entry) {
	if e.kind == Tokens {
		values = []string{""}
	}
	for _, provider := range providers {
		of := l.tokens[provider]
		if of == nil {
			of = newTokens()
			l.tokens[provider] = of
		}
		for _, value := range values {
			of.add(e.kind, value, e)
		}
	}
}
