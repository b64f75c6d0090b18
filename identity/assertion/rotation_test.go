package assertion_test

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/postern/postern/identity/assertion"
	"github.com/postern/postern/identity/jose"
)

// published returns the ids of the keys of a set, in its order.
func published(t testing.TB, set []byte) (ids []string) {
	t.Helper()
	var all struct{ Keys []map[string]string }
	if err := json.Unmarshal(set, &all); err != nil {
		t.Fatal(err)
	}
	for _, k := range all.Keys {
		ids = append(ids, k["kid"])
	}
	return ids
}

func signedBy(t testing.TB, token string) string {
	t.Helper()
	parsed, err := jose.Parse(token, assertion.MaxSize)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.KeyID()
}

// A key is public alone, and its kid is its thumbprint.
func TestJWKS(t *testing.T) {
	set, err := jwk.Parse(signer(t).JWKS(now))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"alg", "crv", "kid", "kty", "use", "x", "y"}
	for i := range set.Len() {
		k, _ := set.Key(i)
		members, err := k.AsMap(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for name := range members {
			names = append(names, name)
		}
		if slices.Sort(names); !slices.Equal(names, want) {
			t.Errorf("members %v", names)
		}
		before := k.KeyID()
		if err := jwk.AssignKeyID(k); err != nil || k.KeyID() != before {
			t.Errorf("%v: kid %s is not the thumbprint %s", err, before, k.KeyID())
		}
	}
}

// TestTurns follows one key through its life, each step at its boundary.
func TestTurns(t *testing.T) {
	s := signer(t)
	const ns = time.Nanosecond
	turn := now.Add(assertion.Turn)
	start := published(t, s.JWKS(now))
	first, second := start[0], start[1]
	if got := signedBy(t, sign(t, s, claims(), now)); got != first || len(start) != 2 {
		t.Fatalf("%s signs, of %v", got, start)
	}
	if got := signedBy(t, sign(t, s, claims(), turn.Add(-ns))); got != first {
		t.Errorf("just before the turn %s signs", got)
	}
	if got := signedBy(t, sign(t, s, claims(), turn)); got != second {
		t.Errorf("at the turn %s signs", got)
	}
	after := published(t, s.JWKS(turn.Add(assertion.Stay-ns)))
	if len(after) != 3 || after[0] != second || after[2] != first {
		t.Errorf("an hour less a moment after the turn: %v", after)
	}
	if got := published(t, s.JWKS(turn.Add(assertion.Stay))); !slices.Equal(got, after[:2]) {
		t.Errorf("an hour after the turn: %v, want %v", got, after[:2])
	}
	if got := signedBy(t, sign(t, s, claims(), turn.Add(assertion.Turn))); got != after[1] {
		t.Errorf("at the next turn %s signs, want %s", got, after[1])
	}
}

// Whoever fetched the keys up to an hour ago knows the one that signs, whatever the traffic: a
// process that rests for days turns at its next use, and then signs with what it had published.
func TestPublishedBeforeItsUse(t *testing.T) {
	for name, pause := range map[string]time.Duration{
		"steady": 15 * time.Minute, "now and then": 50 * time.Minute, "after a rest": 71 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			s := signer(t)
			keys := map[string]bool{}
			known := published(t, s.JWKS(now))
			for at := now; at.Before(now.Add(max(40*time.Hour, 4*pause))); at = at.Add(pause) {
				used := signedBy(t, sign(t, s, claims(), at))
				if keys[used] = true; !slices.Contains(known, used) {
					t.Fatalf("%v after the start the key %s signs, and %v were published", at.Sub(now), used, known)
				}
				if at.Sub(now)%time.Hour == 0 || pause > 15*time.Minute {
					known = published(t, s.JWKS(at))
				}
			}
			if len(keys) < 3 {
				t.Errorf("%d keys signed", len(keys))
			}
		})
	}
}

// A clock that goes back turns nothing back.
func TestClockGoesBack(t *testing.T) {
	s := signer(t)
	used := signedBy(t, sign(t, s, claims(), now.Add(assertion.Turn)))
	back := sign(t, s, claims(), now.Add(-time.Hour))
	if signedBy(t, back) != used {
		t.Error("another key signs")
	}
	if _, err := payload(back, s.JWKS(now.Add(-time.Hour))); err != nil {
		t.Error(err)
	}
}

// TestTurnsWhileSigning has many sign while keys turn, all at one time: each assertion is good by
// the keys that are published right after it.
func TestTurnsWhileSigning(t *testing.T) {
	s := signer(t)
	for turn := range 6 {
		at := now.Add(time.Duration(turn) * assertion.Turn)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 4 {
					token, err := s.Sign(claims(), at)
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := payload(token, s.JWKS(at)); err != nil {
						t.Errorf("turn %d: %v", turn, err)
					}
				}
			})
		}
		group.Wait()
	}
}
