package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/directory/revoke"
)

// A revokedEntry is an entry as --output json has it.
type revokedEntry struct {
	What         string    `json:"what,omitempty"` // became of it
	At           string    `json:"at"`
	Name         string    `json:"name,omitempty"`
	Providers    []string  `json:"providers,omitempty"`
	Kind         string    `json:"kind"`
	Values       []string  `json:"values,omitempty"`
	TrustDomain  string    `json:"trust_domain,omitempty"`
	IssuedBefore time.Time `json:"issued_before,omitzero"`
	Until        time.Time `json:"until"`
	Left         int64     `json:"left_seconds"`
	Still        []string  `json:"still_cut_off_by,omitempty"` // other entries about what is lifted
}

func shownEntry(what string, e identity.RevocationEntry, now time.Time) revokedEntry {
	r := revokedEntry{
		What: what, At: e.At, Name: e.Name, Providers: e.Providers, Kind: "all tokens", TrustDomain: e.TrustDomain,
		IssuedBefore: e.IssuedBefore, Until: e.Until.UTC().Truncate(time.Second), Left: e.Until.Unix() - now.Unix(),
	}
	for _, k := range []struct {
		kind   string
		values []string
	}{
		{"subjects", e.Subjects}, {"token ids", e.TokenIDs}, {"sessions", e.SessionIDs}, {"keys", e.KeyIDs},
		{"callers", e.Callers}, {"serials", e.Serials},
	} {
		if len(k.values) > 0 {
			r.Kind, r.Values = k.kind, k.values
		}
	}
	return r
}

// thing says in words what is cut off.
func (r revokedEntry) thing() string {
	text := r.Kind
	if len(r.Values) > 0 {
		text += " " + strings.Join(r.Values, " ")
	}
	if of := strings.Join(append(r.Providers, r.TrustDomain), " "); strings.TrimSpace(of) != "" {
		text += " of " + strings.TrimSpace(of)
	}
	if !r.IssuedBefore.IsZero() {
		text += " issued before " + r.IssuedBefore.UTC().Format(time.RFC3339)
	}
	return text
}

// left says how long the entry still counts, in the two largest units.
func (r revokedEntry) left() string {
	minutes := r.Left / 60
	switch {
	case r.Left < 60:
		return fmt.Sprintf("%ds", max(0, r.Left))
	case minutes < 60:
		return fmt.Sprintf("%dm", minutes)
	case minutes < 48*60:
		return fmt.Sprintf("%dh%dm", minutes/60, minutes%60)
	}
	return fmt.Sprintf("%dd%dh", minutes/60/24, minutes/60%24)
}

// print says what became of one entry.
func (f *revokeFlags) print(out io.Writer, what string, e identity.RevocationEntry, now time.Time) error {
	return f.printEntry(out, shownEntry(what, e, now))
}

func (f *revokeFlags) printEntry(out io.Writer, r revokedEntry) error {
	if f.output == "json" {
		return writeJSON(out, r)
	}
	_, err := fmt.Fprintf(out, "%s: %s\n  name   %s\n  at     %s\n  until  %s (%s left)\n", r.What, shown(r.thing()), r.Name, shown(r.At), r.Until.Format(time.RFC3339), r.left())
	for _, s := range r.Still {
		_, e := fmt.Fprintf(out, "still cut off by %s\n", shown(s))
		err = errors.Join(err, e)
	}
	return err
}

// printList shows what is in force, that which ends first before the others.
func (f *revokeFlags) printList(out, errOut io.Writer, survey *revoke.Survey, now time.Time) error {
	list := []revokedEntry{}
	for _, e := range survey.InForce(now) {
		list = append(list, shownEntry("", e.RevocationEntry, now))
	}
	if err := f.printEntries(out, list); err != nil {
		return err
	}
	if survey.Faults != nil {
		fmt.Fprintf(errOut, "postern: there may be more where something is wrong:\n%s\n", shown(survey.Faults.Error()))
		return errFound
	}
	return nil
}

func (f *revokeFlags) printEntries(out io.Writer, list []revokedEntry) error {
	if f.output == "json" {
		return writeJSON(out, map[string]any{"entries": list})
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(out, "nothing is cut off")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "LEFT\tUNTIL\tNAME\tAT\tCUT OFF")
	for _, r := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.left(), r.Until.Format(time.RFC3339), r.Name, shown(r.At), shown(r.thing()))
	}
	return w.Flush()
}

func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
