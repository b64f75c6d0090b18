package policy_test

import (
	"encoding/json"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

const workload = "spiffe://shop.test/ns/shop/sa/orders"

var now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

var options = policy.Options{Workload: workload, Now: now}

// TestDecide runs testdata/decide/*.txtar: policies, and a file "cases" in which a line is a
// request and, after =>, what must come of it. See parseCase for what a request may say.
func TestDecide(t *testing.T) {
	files, err := filepath.Glob("testdata/decide/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { decideFile(t, file) })
	}
}

func decideFile(t *testing.T, file string) {
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	set, cases := compileArchive(t, a, false), section(t, a, "cases")
	backwards := compileArchive(t, a, true)
	ran := 0
	for n, line := range strings.Split(cases, "\n") {
		line, _, _ = strings.Cut(line, "  #")
		request, want, ok := strings.Cut(strings.TrimSpace(line), "=>")
		if !ok {
			if line != "" && !strings.HasPrefix(line, "#") {
				t.Errorf("cases:%d: no => in %q", n+1, line)
			}
			continue
		}
		q := parseCase(t, strings.Fields(request))
		m := set.Match(&q)
		if len(m.Providers()) == 0 { // nobody looks for a credential
			q.Credential = identity.Credential{}
		}
		d := m.Decide(&q)
		checkCase(t, n+1, d, strings.Fields(want))
		if e := backwards.Decide(&q); e.Allow != d.Allow || e.Reason != d.Reason || !sameChallenge(e.Challenge, d.Challenge) {
			t.Errorf("cases:%d: %v %v, but %v %v when the documents and routes come in another order", n+1, d.Allow, d.Reason, e.Allow, e.Reason)
		}
		ran++
	}
	if ran == 0 {
		t.Error("no case ran")
	}
}

func compileArchive(t testing.TB, a *txtar.Archive, backwards bool) *policy.Set {
	t.Helper()
	documents := parseArchive(t, a)
	if backwards {
		slices.Reverse(documents)
		for _, d := range documents {
			if p := d.ServicePolicy; p != nil {
				slices.Reverse(p.Routes)
				for _, r := range p.Routes {
					slices.Reverse(r.Allow)
					slices.Reverse(r.Deny)
				}
			}
		}
	}
	set, err := policy.Compile(documents, options)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func parseArchive(t testing.TB, a *txtar.Archive) []syntax.Document {
	t.Helper()
	var all []syntax.Document
	for _, f := range a.Files {
		if !strings.HasSuffix(f.Name, ".yaml") {
			continue
		}
		documents, err := syntax.Parse(f.Name, f.Data)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, documents...)
	}
	return all
}

func section(t testing.TB, a *txtar.Archive, name string) string {
	t.Helper()
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	t.Fatalf("no file %q in the archive", name)
	return ""
}

// checkCase compares with: allow|deny reason [rule=POSITION] [route=NAME] [acr=A,B] [maxage=5m] [shadow=allow:REASON].
func checkCase(t *testing.T, line int, d policy.Decision, want []string) {
	t.Helper()
	got := []string{"deny", d.Reason.String()}
	if d.Allow {
		got[0] = "allow"
	}
	for i, w := range want {
		name, value, attribute := strings.Cut(w, "=")
		switch {
		case !attribute && (i >= 2 || got[i] != w):
			t.Errorf("cases:%d: got %s (%v), want %s", line, strings.Join(got, " "), d.Rule, strings.Join(want, " "))
			return
		case name == "rule" && d.Rule.String() != value && d.RuleName != value,
			name == "route" && d.Route != value,
			name == "shadow" && shadowOf(d) != value,
			name == "acr" && strings.Join(d.Challenge.ACR, ",") != value,
			name == "maxage" && d.Challenge.MaxAge.String() != value:
			t.Errorf("cases:%d: rule %v %q, route %q, challenge %v, shadow %s; want %s", line, d.Rule, d.RuleName, d.Route, d.Challenge, shadowOf(d), w)
		}
	}
	if len(want) < 2 {
		t.Errorf("cases:%d: a case wants a verdict and a reason", line)
	}
}

// shadowOf returns allow:REASON or deny:REASON, none when no shadow rule took part.
func shadowOf(d policy.Decision) string {
	switch {
	case d.Shadow == nil:
		return "none"
	case d.Shadow.Allow:
		return "allow:" + d.Shadow.Reason.String()
	default:
		return "deny:" + d.Shadow.Reason.String()
	}
}

func sameChallenge(a, b policy.Challenge) bool {
	return slices.Equal(a.ACR, b.ACR) && a.MaxAge == b.MaxAge
}

// parseCase reads METHOD TARGET and then, in any order, host=, caller=ID (or the last segment
// of an ID in shop.test/ns/shop/sa), upgrade=, source=, h:NAME=VALUE, joined, grpc, bad=REASON
// (a credential that was refused), and user=PROVIDER/SUBJECT with client=, aud=, scopes=,
// roles=, acr=, amr=, age=, bound, actors=, claims=JSON; in=DURATION is how much later it is than now.
func parseCase(t testing.TB, fields []string) policy.Request {
	t.Helper()
	q := policy.Request{ID: "id", Time: now, Source: netip.MustParseAddr("192.0.2.1"), Credential: identity.Credential{Reason: reason.CredentialMissing}}
	var err error
	if q.Method, err = policy.ParseMethod(fields[0]); err != nil {
		t.Fatal(err)
	}
	if q.Path, err = policy.ParsePath(fields[1]); err != nil {
		t.Fatalf("%s: %v", fields[1], err)
	}
	q.Host, _ = policy.ParseHost("orders.shop.test")
	var headers []policy.Header
	joined := false
	for _, f := range fields[2:] {
		name, value, _ := strings.Cut(f, "=")
		value = strings.ReplaceAll(value, "+_", " ")
		switch {
		case name == "host":
			q.Host, err = policy.ParseHost(value)
		case name == "upgrade":
			q.Upgrade = value
		case name == "source" && value == "":
			q.Source = netip.Addr{}
		case name == "source":
			q.Source, err = netip.ParseAddr(value)
		case name == "in":
			var later time.Duration
			later, err = time.ParseDuration(value)
			q.Time = now.Add(later)
		case name == "joined":
			joined = true
		case name == "h1", name == "h2":
			q.HTTP2 = name == "h2"
		case name == "grpc":
			q.HTTP2 = true
			headers = append(headers, policy.Header{Name: "content-type", Value: "application/grpc"})
		case strings.HasPrefix(name, "h:"):
			headers = append(headers, policy.Header{Name: name[2:], Value: strings.ReplaceAll(value, `\xff`, "\xff")})
		case name == "caller":
			q.Caller = callerOf(t, value)
		default:
			credentialOf(t, &q.Credential, name, value)
		}
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
	}
	q.Headers = policy.NewHeaders(headers, joined)
	return q
}

func callerOf(t testing.TB, id string) identity.Caller {
	t.Helper()
	if !strings.Contains(id, "://") {
		id = "spiffe://shop.test/ns/shop/sa/" + id
	}
	return identity.ProvenCaller(spiffeid.RequireFromString(id), [32]byte{1})
}

func credentialOf(t testing.TB, c *identity.Credential, name, value string) {
	t.Helper()
	list := strings.Split(value, ",")
	switch name {
	case "user":
		provider, subject, _ := strings.Cut(value, "/")
		*c = identity.Credential{Presented: true, Reason: reason.Allowed, User: &identity.User{Provider: provider, Subject: subject}}
	case "client":
		c.User.Client = value
	case "aud":
		c.User.Audiences = list
	case "scopes":
		c.User.Scopes = list
	case "roles":
		c.User.Roles = list
	case "acr":
		c.User.ACR = value
	case "amr":
		c.User.AMR = list
	case "age":
		age, err := time.ParseDuration(value)
		if err != nil {
			t.Fatal(err)
		}
		c.User.AuthTime = now.Add(-age)
	case "bound":
		c.User.Bound = identity.BoundMTLS
	case "actors":
		for _, subject := range list {
			c.User.Actors = append(c.User.Actors, identity.Actor{Subject: subject})
		}
	case "claims":
		d := json.NewDecoder(strings.NewReader(value))
		d.UseNumber()
		if err := d.Decode(&c.User.Claims); err != nil {
			t.Fatal(err)
		}
	case "bad":
		*c = identity.Credential{Presented: true, Reason: reasonNamed(t, value)}
	default:
		t.Fatalf("a case cannot say %q", name)
	}
}

func reasonNamed(t testing.TB, name string) reason.Code {
	t.Helper()
	for i := range reason.Count {
		if reason.Code(i).String() == name {
			return reason.Code(i)
		}
	}
	t.Fatalf("no reason is named %q", name)
	return 0
}
