package explain

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

// maxRecord is the longest line that can be a record, in bytes: those of a route with ten thousand
// rules are shorter.
const maxRecord = 16 << 20

// A Record is one decision record, as package record of the sidecar writes it.
type Record struct {
	line   recordLine
	reason reason.Code
}

// RequestID returns the id of the request, which its answer had, too.
func (r Record) RequestID() string { return r.line.RequestID }

// Policy returns namespace/name of the policy whose route was chosen, "" when none was.
func (r Record) Policy() string { return r.line.Policy }

// recordLine has the members of a record.
type recordLine struct {
	Time         time.Time        `json:"time"`
	RequestID    string           `json:"request_id"`
	Decision     string           `json:"decision"`
	Reason       string           `json:"reason"`
	Rule         string           `json:"rule"`
	RuleName     string           `json:"rule_name"`
	Policy       string           `json:"policy"`
	Route        string           `json:"route"`
	PolicyDigest string           `json:"policy_digest"`
	Caller       string           `json:"caller"`
	Asserted     bool             `json:"caller_asserted"`
	User         string           `json:"user"`
	Provider     string           `json:"provider"`
	Client       string           `json:"client"`
	Bound        string           `json:"bound"`
	Actors       []string         `json:"actors"`
	Method       string           `json:"method"`
	Host         string           `json:"host"`
	Detail       string           `json:"detail"`
	Shadow       *recordedVerdict `json:"shadow"`
	Rules        []recordedRule   `json:"rules"`
}

type recordedVerdict struct {
	Decision string `json:"decision"`
	Reason   string `json:"reason"`
	Rule     string `json:"rule"`
	RuleName string `json:"rule_name"`
}

type recordedRule struct {
	Rule      string                     `json:"rule"`
	Name      string                     `json:"name"`
	Effect    string                     `json:"effect"`
	Guardrail bool                       `json:"guardrail"`
	Shadow    bool                       `json:"shadow"`
	Conjuncts map[string]json.RawMessage `json:"conjuncts"`
}

// ParseRecord reads one line. Members that are not known are left alone: a record may be younger
// than this program.
func ParseRecord(line []byte) (Record, error) {
	var r Record
	if len(line) > maxRecord {
		return Record{}, fmt.Errorf("a line of %d bytes is no record", len(line))
	}
	if err := json.Unmarshal(line, &r.line); err != nil {
		return Record{}, errors.New("this is no decision record: " + what(err))
	}
	l := &r.line
	var known bool
	if r.reason, known = reason.Named(l.Reason); l.Time.IsZero() || l.RequestID == "" || l.Decision != "allow" && l.Decision != "deny" {
		return Record{}, errors.New("this is no decision record: one has time, request_id, decision (allow or deny) and reason")
	} else if !known {
		return Record{}, fmt.Errorf("the reason %s is not known: is the record younger than this program?", show(l.Reason))
	} else if (l.Decision == "allow") != r.reason.Granted() {
		return Record{}, fmt.Errorf("this is no decision record: %s is no reason for %s", l.Reason, l.Decision)
	}
	for i := range l.Rules {
		if err := l.Rules[i].check(); err != nil {
			return Record{}, err
		}
	}
	return r, nil
}

// what says what is wrong with a text that should be JSON, and nothing of what stands there.
func what(err error) string {
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &mistyped) && mistyped.Field != "":
		return fmt.Sprintf("%s is a %s", mistyped.Field, mistyped.Value)
	case errors.As(err, &mistyped):
		return "it is a " + mistyped.Value + ", and no object"
	default:
		return "it is not JSON"
	}
}

func (r *recordedRule) check() error {
	if r.Rule == "" || r.Effect != "allow" && r.Effect != "deny" && r.Effect != "require" {
		return errors.New("this is no decision record: each of its rules has rule and effect (allow, deny or require)")
	}
	for name, raw := range r.Conjuncts {
		if _, ok := outcomeOf(raw); !ok {
			return fmt.Errorf("this is no decision record: what came of %s is true, false, \"error\" or \"skipped\"", show(name))
		}
	}
	return nil
}

// outcomeOf returns what came of a conjunct.
func outcomeOf(raw json.RawMessage) (policy.Outcome, bool) {
	switch string(raw) {
	case "true":
		return policy.Held, true
	case "false":
		return policy.Failed, true
	case `"error"`:
		return policy.Untold, true
	case `"skipped"`:
		return policy.Skipped, true
	}
	return policy.Failed, false
}

// ReadRecord returns the one record of a text, or of several the one with this id; lines of other
// logs between them are left alone then. name is what errors say of the text.
func ReadRecord(name string, from io.Reader, id string) (Record, error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxRecord)
	f := finder{name: name, id: id}
	for lines.Scan() {
		if err := f.line(bytes.TrimSpace(lines.Bytes())); err != nil {
			return Record{}, err
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return Record{}, fmt.Errorf("%s:%d: the line is too long for a record", name, f.number+1)
	case err != nil:
		return Record{}, fmt.Errorf("%s: %w", name, err)
	case f.found != nil:
		return *f.found, nil
	case f.fault != nil:
		return Record{}, f.fault
	case id != "":
		return Record{}, fmt.Errorf("%s: there is no record of the request %s", name, show(id))
	}
	return Record{}, fmt.Errorf("%s: there is no record", name)
}

// A finder looks for one record, line by line.
type finder struct {
	name, id string
	number   int
	found    *Record
	fault    error // of a line that has the id and is no record
}

// line looks at one line. The error is that there is no saying which record is meant.
func (f *finder) line(text []byte) error {
	f.number++
	if len(text) == 0 || f.id != "" && !bytes.Contains(text, []byte(f.id)) {
		return nil
	}
	r, err := ParseRecord(text)
	if err != nil {
		return f.broken(fmt.Errorf("%s:%d: %w", f.name, f.number, err))
	}
	switch {
	case f.id != "" && r.RequestID() != f.id:
	case f.found == nil:
		f.found = &r
	case f.id == "":
		return fmt.Errorf("%s:%d: there is more than one record: choose one by --request-id", f.name, f.number)
	default:
		return fmt.Errorf("%s:%d: a second record of the request %s: clients can choose the same id; give one line alone", f.name, f.number, show(f.id))
	}
	return nil
}

// broken takes in what is wrong with a line. Among lines of other logs that need not matter.
func (f *finder) broken(fault error) error {
	if f.id == "" {
		return fault
	}
	if f.fault == nil {
		f.fault = fault
	}
	return nil
}

// again is a command with which what was recorded can be explained against the policies of now, as
// far as it goes. What cannot be shown is not in it.
func (r Record) again(workload string) string {
	l := &r.line
	args := []string{"postern", "explain", "--workload", workload, "--at", l.Time.Format(timeFormat)}
	add := func(flag, value string) {
		if value != "" && show(value) == value {
			args = append(args, flag, value)
		}
	}
	add("--method", l.Method)
	add("--host", l.Host)
	add("--caller", l.Caller)
	switch {
	case l.User != "" && l.Provider != "":
		add("--user", l.Provider+"/"+l.User)
		add("--client", l.Client)
		add("--bound", l.Bound)
		for _, a := range l.Actors {
			add("--actor", a)
		}
	case r.reason > reason.CredentialMissing && r.reason <= reason.KeysPending:
		add("--credential", l.Reason)
	}
	for i, a := range args {
		args[i] = quote(a)
	}
	return strings.Join(append(args, "--path", "PATH"), " ")
}

// quote writes a word as a shell reads it.
func quote(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._/:@=+,", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
