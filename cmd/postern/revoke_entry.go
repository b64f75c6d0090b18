package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/directory/revoke"
)

// write adds the entry that the flags ask for.
func (f *revokeFlags) write(in io.Reader, out io.Writer, survey *revoke.Survey, now time.Time) error {
	e, err := f.entry(in, survey, now)
	if err != nil {
		return err
	}
	if e.Name == "" {
		if e.Name, err = madeUp("cut"); err != nil {
			return err
		}
	}
	document := f.document
	if document == "" {
		document = documentOfOperators
	}
	if err := survey.Free(document); err != nil {
		return err
	}
	store := revoke.NewStore(f.policies)
	if f.dryRun {
		return f.preview(out, store, document, e, now)
	}
	written, err := store.Add(document, []identity.RevocationEntry{e}, now)
	if err != nil {
		return err
	}
	return f.print(out, "cut off", written.Entries[0], now)
}

// preview prints what would be written: the document, too, for who has it written by somebody else.
func (f *revokeFlags) preview(out io.Writer, store *revoke.Store, document string, e identity.RevocationEntry, now time.Time) error {
	e, text, err := store.Preview(document, e, now)
	if err != nil {
		return err
	}
	if err := f.print(out, "would be cut off", e, now); err != nil || f.output == "json" {
		return err
	}
	_, err = fmt.Fprintf(out, "%s would be\n---\n%s", revoke.FileOf(document), text)
	return err
}

// madeUp returns a name that nothing else has.
func madeUp(kind string) (string, error) {
	var b [6]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	return kind + "-" + hex.EncodeToString(b[:]), nil
}

// entry reads the flags. What Postern would refuse of it, writing it finds.
func (f *revokeFlags) entry(in io.Reader, survey *revoke.Survey, now time.Time) (identity.RevocationEntry, error) {
	e := identity.RevocationEntry{
		Name: f.name, Subjects: f.subjects, TokenIDs: f.tokens, SessionIDs: f.sessions, KeyIDs: f.keys,
		Callers: f.callers, TrustDomain: f.trustDomain,
	}
	for _, s := range f.serials {
		e.Serials = append(e.Serials, serial(s))
	}
	var err error
	if e.IssuedBefore, err = issuedBefore(f.issuedBefore, now); err != nil {
		return e, err
	}
	var of []identity.Provider
	if f.token != "" {
		if of, err = f.fromToken(&e, in, survey); err != nil {
			return e, err
		}
	} else if f.provider != "" {
		p, err := survey.Provider(f.provider)
		if err != nil {
			return e, fmt.Errorf("--provider: %w", err)
		}
		of = []identity.Provider{p}
	}
	for _, p := range of {
		e.Providers = append(e.Providers, p.Name)
	}
	if f.issuedBefore == "now" {
		e.IssuedBefore = e.IssuedBefore.Add(ahead(of))
	}
	if err := checkKinds(&e); err != nil {
		return e, err
	}
	e.Until, err = f.end(&e, of, now)
	return e, err
}

// ahead returns how far the clock of an issuer may be ahead: what it issued until now can say so much later.
func ahead(of []identity.Provider) time.Duration {
	var skew time.Duration
	for _, p := range of {
		skew = max(skew, p.Terms().Skew)
	}
	return skew
}

// checkKinds holds an entry to one kind of thing, in words of the flags.
func checkKinds(e *identity.RevocationEntry) error {
	var named []string
	for _, k := range []struct {
		flag  string
		of    []string
		token bool
	}{
		{"--subject", e.Subjects, true}, {"--token-id", e.TokenIDs, true}, {"--session", e.SessionIDs, true},
		{"--key", e.KeyIDs, true}, {"--caller", e.Callers, false}, {"--serial", e.Serials, false},
	} {
		if len(k.of) == 0 {
			continue
		}
		named = append(named, k.flag)
		switch provided := len(e.Providers) > 0; {
		case k.token && !provided:
			return fmt.Errorf("%s: name the --provider of the tokens", k.flag)
		case !k.token && provided:
			return fmt.Errorf("%s: has no use with --provider", k.flag)
		}
	}
	narrowed := !e.IssuedBefore.IsZero()
	switch {
	case len(named) > 1:
		return fmt.Errorf("%s: an entry is about one kind of thing: write one after the other", strings.Join(named, " and "))
	case len(named) == 0 && len(e.Providers) == 0:
		return errors.New("say what to cut off: --provider with --token-id, --session, --subject, --key or --issued-before; --token -; --caller; or --trust-domain with --serial")
	case len(named) == 0 && !narrowed:
		return errors.New("--provider: say which of its tokens: --token-id, --session, --subject, --key, or --issued-before for all")
	case narrowed && len(named) == 1 && len(e.Subjects) == 0:
		return fmt.Errorf("--issued-before: narrows --subject, or stands for all tokens of a provider, and not %s", named[0])
	case (len(e.Serials) > 0) != (e.TrustDomain != ""):
		return errors.New("--trust-domain and --serial belong together")
	}
	return nil
}

// end returns when the entry ends.
func (f *revokeFlags) end(e *identity.RevocationEntry, of []identity.Provider, now time.Time) (time.Time, error) {
	if f.until != "" {
		return until(f.until, now)
	}
	if len(of) == 0 || len(e.KeyIDs) > 0 || len(e.Subjects) > 0 && e.IssuedBefore.IsZero() {
		how := ""
		if len(e.Subjects) > 0 {
			how = "; or give --issued-before now, which ends when the last token of before has expired"
		} else if len(e.KeyIDs) > 0 {
			how = "; to be rid of the key for good, take it out at the provider"
		}
		return time.Time{}, errors.New("--until: say when this ends, as a time (RFC 3339) or a while (24h, 7d): nothing here says when it is needless" + how)
	}
	var last time.Duration
	for _, p := range of {
		last = max(last, p.Terms().Lasting())
	}
	if last == 0 {
		return time.Time{}, errors.New("--until: say when this ends, as a time (RFC 3339) or a while (24h, 7d): the provider does not say how long its tokens live")
	}
	return now.Add(last), nil
}

// until reads a time or a while.
func until(text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		if !t.After(now) {
			return t, fmt.Errorf("--until: %s is past", text)
		}
		return t, nil
	}
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(n, maxDays+1)) * 24 * time.Hour
	}
	if _, noDate := time.Parse(time.DateOnly, text); noDate == nil {
		return time.Time{}, fmt.Errorf("--until: %q says no time of day: write %sT00:00:00Z", text, text)
	}
	if weeks, ok := strings.CutSuffix(text, "w"); ok {
		if n, err := strconv.Atoi(weeks); err == nil && 0 < n && n <= maxDays/7 {
			return time.Time{}, fmt.Errorf("--until: %q: there are no weeks: write %dd", text, 7*n)
		}
	}
	if err != nil || d <= 0 || d > maxDays*24*time.Hour {
		return time.Time{}, fmt.Errorf("--until: %q: give a time as in 2027-01-31T18:00:00Z, or a while as in 90m, 24h or 7d, of at most %dd", text, maxDays)
	}
	return now.Add(d), nil
}

// maxDays bounds a while: what is to be cut off for longer has no end that anybody means.
const maxDays = 3660

func issuedBefore(text string, now time.Time) (time.Time, error) {
	switch t, err := time.Parse(time.RFC3339, text); {
	case text == "":
		return time.Time{}, nil
	case text == "now": // what is issued in this second, too
		return now.Truncate(time.Second).Add(time.Second), nil
	case err != nil:
		return t, fmt.Errorf("--issued-before: %q: give a time as in 2026-11-22T09:00:00Z, or now", text)
	case t.After(now.Add(mostAhead)):
		return t, fmt.Errorf("--issued-before: %s is to come, and would cut off who logs in until then, too: give now, or a time that is past", text)
	default:
		return t, nil
	}
}

// mostAhead is how far clocks may differ: what is later was not meant.
const mostAhead = 5 * time.Minute

// serial writes a serial number as documents have it: from what openssl prints, or a browser shows.
func serial(text string) string {
	s := strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(text))
	s = strings.TrimPrefix(strings.TrimPrefix(s, "serial="), "0x")
	if len(s)%2 == 1 {
		s = "0" + s
	}
	for strings.HasPrefix(s, "00") && len(s) > 2 {
		s = s[2:]
	}
	return s
}
