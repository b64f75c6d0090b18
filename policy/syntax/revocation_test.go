package syntax_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/revocation"
)

const incident = `# Reported at 8:40.
apiVersion: postern.dev/v1alpha1
kind: Revocation
metadata: {name: incident-42}
spec:
  entries:
  - name: stolen-laptop
    provider: shop-idp
    subjects: [alice, bob]
    issuedBefore: 2026-11-22T10:00:00+01:00
    until: 2026-12-01T00:00:00Z
  - {provider: [shop-idp, partner-idp], tokenIDs: [abc], until: 2026-12-01T00:00:00Z}
  - {provider: shop-idp, sessionIDs: [s1], until: 2026-12-01T00:00:00Z}
  - {provider: shop-idp, keyIDs: [k1], until: 2026-12-01T00:00:00Z}
  - {provider: shop-idp, issuedBefore: 2026-11-22T09:00:00Z, until: 2026-12-01T00:00:00Z}
  - {callers: ["spiffe://shop.test/ns/*/sa/web"], until: 2026-12-01T00:00:00Z}
  - {trustDomain: shop.test, serials: [0a1b], until: 2026-12-01T00:00:00Z}
`

func TestRevocation(t *testing.T) {
	d := parse(t, incident)[0]
	if d.Kind != "Revocation" || d.Name != "incident-42" || d.Namespace != "" || d.Position.String() != "shop.yaml:2:1" || d.ServicePolicy != nil || d.IdentityProvider != nil {
		t.Fatalf("%+v", d)
	}
	nine, end := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	idp := []string{"shop-idp"}
	want := &identity.Revocation{Name: "incident-42", Digest: d.Digest, Entries: []identity.RevocationEntry{
		{At: "shop.yaml:7:5", Name: "stolen-laptop", Until: end, Providers: idp, Subjects: []string{"alice", "bob"}, IssuedBefore: nine},
		{At: "shop.yaml:12:5", Until: end, Providers: []string{"shop-idp", "partner-idp"}, TokenIDs: []string{"abc"}},
		{At: "shop.yaml:13:5", Until: end, Providers: idp, SessionIDs: []string{"s1"}},
		{At: "shop.yaml:14:5", Until: end, Providers: idp, KeyIDs: []string{"k1"}},
		{At: "shop.yaml:15:5", Until: end, Providers: idp, IssuedBefore: nine},
		{At: "shop.yaml:16:5", Until: end, Callers: []string{"spiffe://shop.test/ns/*/sa/web"}},
		{At: "shop.yaml:17:5", Until: end, TrustDomain: "shop.test", Serials: []string{"0a1b"}},
	}}
	if got, want := toJSON(t, writeRevocation(d.Revocation)), toJSON(t, writeRevocation(want)); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
	for i, e := range d.Revocation.Entries {
		if e.At != want.Entries[i].At {
			t.Errorf("entry %d stands at %s, want %s", i, e.At, want.Entries[i].At)
		}
	}
	if d.Revocation.Digest != d.Digest {
		t.Error("the digest is not that of the document")
	}
	if _, err := revocation.Compile(d.Revocation); err != nil {
		t.Errorf("what was read does not compile: %v", err)
	}
}

// TestRevocationOfNothing is how the last entry is taken back.
func TestRevocationOfNothing(t *testing.T) {
	d := parse(t, "apiVersion: postern.dev/v1alpha1\nkind: Revocation\nmetadata: {name: none}\nspec: {entries: []}\n")[0]
	if d.Revocation == nil || len(d.Revocation.Entries) != 0 {
		t.Errorf("%+v", d.Revocation)
	}
}

func writeRevocation(r *identity.Revocation) object {
	entries := []object{}
	for _, e := range r.Entries {
		o := object{
			"name": e.Name, "provider": e.Providers, "subjects": e.Subjects, "tokenIDs": e.TokenIDs, "sessionIDs": e.SessionIDs, "keyIDs": e.KeyIDs,
			"callers": e.Callers, "trustDomain": e.TrustDomain, "serials": e.Serials, "until": e.Until.Format(time.RFC3339Nano),
		}
		if !e.IssuedBefore.IsZero() {
			o["issuedBefore"] = e.IssuedBefore.Format(time.RFC3339Nano)
		}
		entries = append(entries, compact(o))
	}
	return object{"entries": entries}
}

// TestRevocationsCompile holds that whatever is read compiles: each spelling that the grammar takes.
func TestRevocationsCompile(t *testing.T) {
	for _, entry := range []string{
		`callers: ["spiffe://a_b.test/-/x.y/*/**"]`, `callers: [spiffe://a.test/..., spiffe://a.test/_]`,
		`trustDomain: a.test, serials: ["00", "ffffffffffffffffffffffffffffffffffffffff", 0a]`,
		`provider: a.b, subjects: [" ", "é", "*", "a\u202Eb", "\u2066"]`, `provider: a, issuedBefore: 1970-01-01T00:00:00Z`,
	} {
		text := fmt.Sprintf("apiVersion: postern.dev/v1alpha1\nkind: Revocation\nmetadata: {name: a}\nspec:\n  entries:\n  - {%s, until: 2999-12-31T23:59:59Z}\n", entry)
		if _, err := revocation.Compile(parse(t, text)[0].Revocation); err != nil {
			t.Errorf("%s: %v", entry, err)
		}
	}
}
