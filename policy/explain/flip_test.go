package explain_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy/explain"
)

// TestEveryTriedChangeChangesTheDecision explains the cases of policy/testdata/decide, and random
// mixtures of them, and decides again on every request that was changed.
func TestEveryTriedChangeChangesTheDecision(t *testing.T) {
	files, err := filepath.Glob("../testdata/decide/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	var tried, untried, denied int
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e := explainer(t, a)
		for _, q := range mixed(questions(t, a), 4) {
			x, err := e.Explain(q)
			if err != nil {
				if !strings.HasPrefix(err.Error(), "--user: ") { // whom no token can name so
					t.Errorf("%s: %+v: %v", file, q, err)
				}
				continue
			}
			if x.Decision == "deny" {
				denied++
			}
			for _, c := range x.Changes {
				if !c.Tried {
					untried++
					continue
				}
				tried++
				checkChange(t, e, x, c)
			}
		}
	}
	t.Logf("%d changes were tried, %d could not be, of %d denials", tried, untried, denied)
	if tried < 500 {
		t.Errorf("only %d changes were tried", tried)
	}
}

func checkChange(t *testing.T, e *explain.Explainer, x *explain.Explanation, c explain.Change) {
	t.Helper()
	end, _ := c.End()
	d := e.Set().Decide(&end)
	verdict := map[bool]string{true: "allow", false: "deny"}[d.Allow]
	switch {
	case c.To == x.Decision:
		t.Errorf("a change from %s to %s", x.Decision, c.To)
	case c.Reason != "certificate_revoked" && (verdict != c.To || d.Reason.String() != c.Reason):
		t.Errorf("%s %s: %q would make it %s (%s), and makes it %s (%v)", x.Request.Method, x.Request.Path, c.Request, c.To, c.Reason, verdict, d.Reason)
	case c.To == "allow" && (c.Reason != d.Reason.String() || d.Reason == reason.Allowed && c.Rule != d.Rule.String()):
		t.Errorf("%q: allowed by %v (%v), not %s", c.Request, d.Rule, d.Reason, c.Rule)
	case len(c.Request) == 0 || slices.Contains(c.Request, ""):
		t.Errorf("a change that says nothing: %+v", c)
	case c.To == "deny" && len(c.Request) != 1:
		t.Errorf("more than one thing is said to deny: %q", c.Request)
	}
}

// questions are the cases of an archive that a question can ask.
func questions(t *testing.T, a *txtar.Archive) []explain.Question {
	t.Helper()
	var all []explain.Question
	for _, f := range a.Files {
		if f.Name != "cases" {
			continue
		}
		for line := range strings.Lines(string(f.Data)) {
			request, _, ok := strings.Cut(line, "=>")
			if fields := strings.Fields(request); ok && len(fields) > 1 {
				all = append(all, caseOf(t, fields))
			}
		}
	}
	return all
}

// caseOf reads a case as policy's TestDecide does.
func caseOf(t *testing.T, fields []string) explain.Question {
	t.Helper()
	q := explain.Question{At: now, Method: fields[0], Path: fields[1], Host: "orders.shop.test"}
	for _, f := range fields[2:] {
		name, value, _ := strings.Cut(f, "=")
		value = strings.ReplaceAll(value, "+_", " ")
		age := func() *time.Duration {
			d, err := time.ParseDuration(value)
			if err != nil {
				t.Fatal(err)
			}
			return &d
		}
		switch name {
		case "host":
			q.Host = value
		case "upgrade":
			q.Upgrade = value
		case "source":
			q.Source = value
		case "in":
			q.At = now.Add(*age())
		case "h2":
			q.HTTP2 = true
		case "grpc":
			q.HTTP2, q.Headers = true, append(q.Headers, "content-type: application/grpc")
		case "caller":
			if q.Caller = value; !strings.Contains(value, "://") {
				q.Caller = "spiffe://shop.test/ns/shop/sa/" + value
			}
		case "user":
			q.User = value
		case "client":
			q.Client = value
		case "aud":
			q.Audience = strings.Split(value, ",")
		case "scopes":
			q.Scopes = strings.Split(value, ",")
		case "roles":
			q.Roles = strings.Split(value, ",")
		case "acr":
			q.ACR = value
		case "amr":
			q.AMR = strings.Split(value, ",")
		case "age":
			q.AuthAge = age()
		case "bound":
			q.Bound = "mtls"
		case "actors":
			q.Actors = strings.Split(value, ",")
		case "claims":
			var claims map[string]json.RawMessage
			if err := json.Unmarshal([]byte(value), &claims); err != nil {
				t.Fatal(err)
			}
			for _, name := range slices.Sorted(maps.Keys(claims)) {
				q.Claims = append(q.Claims, name+"="+string(claims[name]))
			}
		case "bad":
			if value != "allowed" { // of which no verifier is capable
				q.Credential = value
			}
		default:
			if header, ok := strings.CutPrefix(name, "h:"); ok && !strings.Contains(value, `\x`) {
				q.Headers = append(q.Headers, header+": "+value)
			}
		}
	}
	return q
}

// mixed adds n questions for each, made of the parts of two.
func mixed(all []explain.Question, n int) []explain.Question {
	dice := rand.New(rand.NewPCG(1, uint64(len(all))))
	one := func() explain.Question { return all[dice.IntN(len(all))] }
	mixtures := slices.Clone(all)
	for range n * len(all) {
		q, who := one(), one()
		if dice.IntN(2) == 0 {
			q.Caller = who.Caller
		}
		if dice.IntN(2) == 0 {
			who.Curl, who.Method, who.Path, who.GRPC, who.Host, who.Headers, who.HTTP2, who.Upgrade = q.Curl, q.Method, q.Path, q.GRPC, q.Host, q.Headers, q.HTTP2, q.Upgrade
			who.Caller, who.At, who.Source = q.Caller, q.At, q.Source
			q = who
		}
		if dice.IntN(4) == 0 {
			q.Headers, q.HTTP2 = one().Headers, one().HTTP2
		}
		mixtures = append(mixtures, q)
	}
	return mixtures
}

// TestExplainIsPure: the same question has the same answer, whatever was asked between.
func TestExplainIsPure(t *testing.T) {
	a, err := txtar.ParseFile("testdata/text/orders.txtar")
	if err != nil {
		t.Fatal(err)
	}
	e := explainer(t, a)
	first := map[string]string{}
	for range 3 {
		for _, f := range a.Files {
			if !strings.HasSuffix(f.Name, ".ask") {
				continue
			}
			x, err := e.Explain(question(t, string(f.Data)))
			if err != nil {
				t.Fatal(err)
			}
			said, ok := first[f.Name]
			if first[f.Name] = text(t, x); ok && said != first[f.Name] {
				t.Errorf("%s: another answer later:\n%s", f.Name, first[f.Name])
			}
		}
	}
}
