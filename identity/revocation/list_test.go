package revocation_test

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/revocation"
)

const (
	web   = "spiffe://shop.test/ns/shop/sa/web"
	batch = "spiffe://shop.test/ns/shop/sa/batch"
	apart = "spiffe://partner.test/ns/shop/sa/web"
)

var (
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	one  = noon.Add(time.Hour)
)

// compile returns the list of one document.
func compile(t testing.TB, entries ...identity.RevocationEntry) *revocation.List {
	t.Helper()
	for i := range entries {
		if entries[i].Until.IsZero() {
			entries[i].Until = one
		}
		if entries[i].At == "" {
			entries[i].At = "r.yaml:" + string(rune('1'+i)) + ":1"
		}
	}
	l, err := revocation.Compile(&identity.Revocation{Name: "r", Entries: entries})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func proven(id string, serial int64) identity.Caller {
	return identity.ProvenCaller(spiffeid.RequireFromString(id), [32]byte{1}).WithSerial(big.NewInt(serial))
}

func asserted(id string) identity.Caller {
	return identity.AssertedCaller(spiffeid.RequireFromString(id))
}

// said is what a list says of somebody.
func said(e *revocation.Entry) string {
	if e == nil {
		return ""
	}
	return e.String()
}

func TestCallers(t *testing.T) {
	for _, tc := range []struct {
		name    string
		entries []identity.RevocationEntry
		caller  identity.Caller
		want    bool
	}{
		{"exact", []identity.RevocationEntry{{Callers: []string{web}}}, proven(web, 1), true},
		{"another", []identity.RevocationEntry{{Callers: []string{web}}}, proven(batch, 1), false},
		{"another domain", []identity.RevocationEntry{{Callers: []string{web}}}, proven(apart, 1), false},
		{"a longer one", []identity.RevocationEntry{{Callers: []string{web}}}, proven(web+"/x", 1), false},
		{"one of two", []identity.RevocationEntry{{Callers: []string{batch, web}}}, proven(web, 1), true},
		{"asserted", []identity.RevocationEntry{{Callers: []string{web}}}, asserted(web), true},
		{"nobody", []identity.RevocationEntry{{Callers: []string{"spiffe://shop.test/**"}}}, identity.Caller{}, false},
		{"one segment", []identity.RevocationEntry{{Callers: []string{"spiffe://shop.test/ns/*/sa/web"}}}, proven(web, 1), true},
		{"one segment, another end", []identity.RevocationEntry{{Callers: []string{"spiffe://shop.test/ns/*/sa/web"}}}, proven(batch, 1), false},
		{"one segment for two", []identity.RevocationEntry{{Callers: []string{"spiffe://shop.test/ns/*/web"}}}, proven(web, 1), false},
		{"the whole domain", []identity.RevocationEntry{{Callers: []string{"spiffe://shop.test/**"}}}, proven(web, 1), true},
		{"the rest", []identity.RevocationEntry{{Callers: []string{"spiffe://shop.test/ns/shop/**"}}}, proven(web, 1), true},
		{"the rest of nothing", []identity.RevocationEntry{{Callers: []string{web + "/**"}}}, proven(web, 1), false},
		{"behind a literal that leads nowhere", []identity.RevocationEntry{{Callers: []string{"spiffe://shop.test/ns/shop/x", "spiffe://shop.test/*/*/sa/**"}}}, proven(web, 1), true},
		{"serial", []identity.RevocationEntry{{TrustDomain: "shop.test", Serials: []string{"0a1b"}}}, proven(web, 0x0a1b), true},
		{"another serial", []identity.RevocationEntry{{TrustDomain: "shop.test", Serials: []string{"0a1b"}}}, proven(web, 0x0a1c), false},
		{"serial of another domain", []identity.RevocationEntry{{TrustDomain: "shop.test", Serials: []string{"0a1b"}}}, proven(apart, 0x0a1b), false},
		{"no certificate", []identity.RevocationEntry{{TrustDomain: "shop.test", Serials: []string{"00"}}}, asserted(web), false},
		{"serial of nobody", []identity.RevocationEntry{{TrustDomain: "shop.test", Serials: []string{"00"}}}, identity.Caller{}, false},
		{"ended, but not the serial", []identity.RevocationEntry{{Callers: []string{web}, Until: noon}, {TrustDomain: "shop.test", Serials: []string{"05"}}}, proven(web, 5), true},
		{"both ended", []identity.RevocationEntry{{Callers: []string{web}, Until: noon}, {TrustDomain: "shop.test", Serials: []string{"05"}, Until: noon}}, proven(web, 5), false},
		{"tokens alone", []identity.RevocationEntry{{Providers: []string{"idp"}, Subjects: []string{web}}}, proven(web, 1), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if e := compile(t, tc.entries...).Caller(tc.caller, noon); (e != nil) != tc.want {
				t.Errorf("got %q, want an entry: %v", said(e), tc.want)
			}
		})
	}
}

func TestUsers(t *testing.T) {
	alice := identity.User{Provider: "idp", Subject: "alice", TokenID: "t1", Session: "s1", KeyID: "k1", IssuedAt: noon.Add(-time.Minute)}
	idp := []string{"idp"}
	for _, tc := range []struct {
		name  string
		entry identity.RevocationEntry
		want  bool
	}{
		{"subject", identity.RevocationEntry{Providers: idp, Subjects: []string{"alice"}}, true},
		{"another subject", identity.RevocationEntry{Providers: idp, Subjects: []string{"Alice"}}, false},
		{"one of two subjects", identity.RevocationEntry{Providers: idp, Subjects: []string{"bob", "alice"}}, true},
		{"subject of another provider", identity.RevocationEntry{Providers: []string{"other"}, Subjects: []string{"alice"}}, false},
		{"subject of two providers", identity.RevocationEntry{Providers: []string{"other", "idp"}, Subjects: []string{"alice"}}, true},
		{"issued before", identity.RevocationEntry{Providers: idp, Subjects: []string{"alice"}, IssuedBefore: noon}, true},
		{"issued then", identity.RevocationEntry{Providers: idp, Subjects: []string{"alice"}, IssuedBefore: alice.IssuedAt}, false},
		{"issued after", identity.RevocationEntry{Providers: idp, Subjects: []string{"alice"}, IssuedBefore: noon.Add(-time.Hour)}, false},
		{"another, issued before", identity.RevocationEntry{Providers: idp, Subjects: []string{"bob"}, IssuedBefore: noon}, false},
		{"token", identity.RevocationEntry{Providers: idp, TokenIDs: []string{"t1"}}, true},
		{"another token", identity.RevocationEntry{Providers: idp, TokenIDs: []string{"s1", "k1", "alice"}}, false},
		{"session", identity.RevocationEntry{Providers: idp, SessionIDs: []string{"s1"}}, true},
		{"another session", identity.RevocationEntry{Providers: idp, SessionIDs: []string{"t1"}}, false},
		{"key", identity.RevocationEntry{Providers: idp, KeyIDs: []string{"k1"}}, true},
		{"another key", identity.RevocationEntry{Providers: idp, KeyIDs: []string{"t1"}}, false},
		{"all of before", identity.RevocationEntry{Providers: idp, IssuedBefore: noon}, true},
		{"all of long before", identity.RevocationEntry{Providers: idp, IssuedBefore: noon.Add(-time.Hour)}, false},
		{"all of another", identity.RevocationEntry{Providers: []string{"other"}, IssuedBefore: noon}, false},
		{"ended now", identity.RevocationEntry{Providers: idp, Subjects: []string{"alice"}, Until: noon}, false},
		{"ends soon", identity.RevocationEntry{Providers: idp, Subjects: []string{"alice"}, Until: noon.Add(1)}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if e := compile(t, tc.entry).User(&alice, noon); (e != nil) != tc.want {
				t.Errorf("got %q, want an entry: %v", said(e), tc.want)
			}
		})
	}
}

// TestActorsAreCutOff wherever they stand: what a compromised one got, and what was made of that.
func TestActorsAreCutOff(t *testing.T) {
	u := &identity.User{Provider: "idp", Subject: "alice", IssuedAt: noon, Actors: []identity.Actor{{Subject: "agent-7"}, {Subject: "agent-8", Issuer: "https://other.test"}}}
	for _, tc := range []struct {
		name  string
		entry identity.RevocationEntry
		want  bool
	}{
		{"the current one", identity.RevocationEntry{Providers: []string{"idp"}, Subjects: []string{"agent-7"}}, true},
		{"an earlier one", identity.RevocationEntry{Providers: []string{"idp"}, Subjects: []string{"agent-8"}}, true},
		{"another", identity.RevocationEntry{Providers: []string{"idp"}, Subjects: []string{"agent-9"}}, false},
		{"of another provider", identity.RevocationEntry{Providers: []string{"other"}, Subjects: []string{"agent-7"}}, false},
		{"issued before", identity.RevocationEntry{Providers: []string{"idp"}, Subjects: []string{"agent-8"}, IssuedBefore: one}, true},
		{"issued later", identity.RevocationEntry{Providers: []string{"idp"}, Subjects: []string{"agent-8"}, IssuedBefore: noon}, false},
		{"ended", identity.RevocationEntry{Providers: []string{"idp"}, Subjects: []string{"agent-7"}, Until: noon}, false},
		{"a session called as it is", identity.RevocationEntry{Providers: []string{"idp"}, SessionIDs: []string{"agent-7"}}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := compile(t, tc.entry)
			if e := l.User(u, noon); (e != nil) != tc.want {
				t.Errorf("got %q, want an entry: %v", said(e), tc.want)
			}
			if n := testing.AllocsPerRun(100, func() { l.User(u, noon) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

// TestWorkloadsAreUsersToo: what cuts a caller off does so whichever of its credentials it shows.
func TestWorkloadsAreUsersToo(t *testing.T) {
	for _, tc := range []struct {
		pattern, issuer, subject string
		want                     bool
	}{
		{web, "spiffe://shop.test", web, true},
		{"spiffe://shop.test/**", "spiffe://shop.test", web, true},
		{"spiffe://shop.test/ns/*/sa/web", "spiffe://shop.test", web, true},
		{web, "spiffe://shop.test", batch, false},
		{web, "https://idp.shop.test/", web, false},
		{web, "", web, false},
		{web, "spiffe://partner.test", web, false},
		{web, "spiffe://partner.test", apart, false},
		{"spiffe://shop.test/**", "spiffe://shop.test", "spiffe://shop.testing/web", false},
		{"spiffe://shop.test/**", "spiffe://shop.test", "spiffe://shop.test", false},
		{"spiffe://shop.test/**", "spiffe://shop.test", "alice", false},
		{"spiffe://shop.test/**", "spiffe://", "alice", false},
	} {
		u := &identity.User{Provider: "workloads", Issuer: tc.issuer, Subject: tc.subject}
		l := compile(t, identity.RevocationEntry{Callers: []string{tc.pattern}})
		if e := l.User(u, noon); (e != nil) != tc.want {
			t.Errorf("%s, %s of %s: got %q, want an entry: %v", tc.pattern, tc.subject, tc.issuer, said(e), tc.want)
		}
		if e := l.User(u, one); e != nil {
			t.Errorf("%s has ended", e)
		}
	}
}

// TestUnknownIsCutOff: who has no time of issue may have been issued before any; who has no token
// id is not the one whose token was stolen.
func TestUnknownIsCutOff(t *testing.T) {
	bare := &identity.User{Provider: "idp", Subject: "alice"}
	before := compile(t, identity.RevocationEntry{Providers: []string{"idp"}, IssuedBefore: noon.Add(-100 * 365 * 24 * time.Hour)})
	if before.User(bare, noon) == nil {
		t.Error("without a time of issue it is not cut off")
	}
	others := compile(t,
		identity.RevocationEntry{Providers: []string{"idp"}, TokenIDs: []string{"t"}}, identity.RevocationEntry{Providers: []string{"idp"}, SessionIDs: []string{"s"}},
		identity.RevocationEntry{Providers: []string{"idp"}, KeyIDs: []string{"k"}})
	if e := others.User(bare, noon); e != nil {
		t.Errorf("without any id it is cut off by %v", e)
	}
	if e := before.User(nil, noon); e != nil || before.User(&identity.User{}, noon) != nil {
		t.Errorf("nobody is cut off by %v", e)
	}
}

func TestNothingIsCutOffByNothing(t *testing.T) {
	for name, l := range map[string]*revocation.List{"nil": nil, "zero": {}, "empty": compile(t)} {
		user := &identity.User{Provider: "idp", Subject: "alice"}
		if l.Caller(proven(web, 1), noon) != nil || l.User(user, noon) != nil || len(l.Entries()) != 0 {
			t.Errorf("%s cuts something off", name)
		}
	}
}

// TestTheLatestEndCounts: entries for one thing do not undo one another, in any order.
func TestTheLatestEndCounts(t *testing.T) {
	soon, late := noon.Add(time.Minute), noon.Add(time.Hour)
	for _, kind := range []string{"callers", "serials", "subjects", "tokens", "wild"} {
		entry := func(until time.Time) identity.RevocationEntry {
			e := identity.RevocationEntry{Until: until}
			switch kind {
			case "callers":
				e.Callers = []string{web}
			case "wild":
				e.Callers = []string{"spiffe://shop.test/ns/**"}
			case "serials":
				e.TrustDomain, e.Serials = "shop.test", []string{"01"}
			case "subjects":
				e.Providers, e.Subjects = []string{"idp"}, []string{"alice"}
			default:
				e.Providers, e.TokenIDs = []string{"idp"}, []string{"t1"}
			}
			return e
		}
		for _, order := range [][]time.Time{{soon, late}, {late, soon}} {
			l := compile(t, entry(order[0]), entry(order[1]))
			for at, want := range map[time.Time]bool{noon: true, soon: true, late.Add(-1): true, late: false} {
				caller, user := l.Caller(proven(web, 1), at), l.User(&identity.User{Provider: "idp", Subject: "alice", TokenID: "t1"}, at)
				if (caller != nil || user != nil) != want {
					t.Errorf("%s %v: at %v got %q and %q", kind, order, at, said(caller), said(user))
				}
			}
		}
	}
}

// TestNarrowAndWideTogether: one entry cuts off all tokens for a short while, another those of
// before a time for long.
func TestNarrowAndWideTogether(t *testing.T) {
	idp := []string{"idp"}
	short := identity.RevocationEntry{Name: "short", Providers: idp, Subjects: []string{"alice"}, Until: noon.Add(time.Minute)}
	long := identity.RevocationEntry{Name: "long", Providers: idp, Subjects: []string{"alice"}, IssuedBefore: noon, Until: noon.Add(time.Hour)}
	needless := identity.RevocationEntry{Name: "needless", Providers: idp, Subjects: []string{"alice"}, IssuedBefore: noon.Add(-time.Hour), Until: noon.Add(time.Minute)}
	for _, entries := range [][]identity.RevocationEntry{{short, long, needless}, {needless, long, short}, {long, needless, short}} {
		l := compile(t, entries...)
		for _, tc := range []struct {
			issued, at time.Duration
			want       string
		}{
			{-1, 0, "short"}, {1, 0, "short"}, {-1, 2 * time.Minute, "long"}, {1, 2 * time.Minute, ""}, {-1, 2 * time.Hour, ""},
		} {
			e := l.User(&identity.User{Provider: "idp", Subject: "alice", IssuedAt: noon.Add(tc.issued)}, noon.Add(tc.at))
			if got := said(e); (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("issued %v, at %v: got %q, want %q", tc.issued, tc.at, got, tc.want)
			}
		}
	}
}
