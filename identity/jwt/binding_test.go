package jwt_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/jwt"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

// web is a workload with two certificates, of which one is not the one of the token.
var web = spiffeid.RequireFromString("spiffe://shop.test/ns/shop/sa/web")

func x5t(thumbprint [sha256.Size]byte) string {
	return base64.RawURLEncoding.EncodeToString(thumbprint[:])
}

// TestBinding holds RFC 8705 section 3: a token that is bound to a certificate is good from the
// caller who has that one, and whatever else cnf says is refused.
func TestBinding(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	v := verifier(t, config(), key)
	print, other := sha256.Sum256([]byte("one")), sha256.Sum256([]byte("another"))
	owner, thief := identity.ProvenCaller(web, print), identity.ProvenCaller(web, other)
	bound := map[string]any{"x5t#S256": x5t(print)}
	with := func(name string, value any) map[string]any {
		return map[string]any{"x5t#S256": x5t(print), name: value}
	}
	for name, tc := range map[string]struct {
		cnf    any
		caller identity.Caller
		want   reason.Code
	}{
		"its certificate":             {bound, owner, reason.Allowed},
		"another of the same ID":      {bound, thief, reason.TokenBinding},
		"no caller":                   {bound, identity.Caller{}, reason.TokenBinding},
		"a caller by Envoy's word":    {bound, identity.AssertedCaller(web), reason.TokenBinding},
		"a key beside it":             {with("jkt", "canary"), owner, reason.TokenBinding},
		"an unknown member beside it": {with("kc-jkt-type", "DPoP"), owner, reason.TokenBinding},
		"a null beside it":            {with("jwk", nil), owner, reason.TokenBinding},
		"with padding":                {map[string]any{"x5t#S256": x5t(print) + "="}, owner, reason.TokenBinding},
		"the standard alphabet":       {map[string]any{"x5t#S256": base64.RawStdEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 32))}, owner, reason.TokenBinding},
		"a newline in it":             {map[string]any{"x5t#S256": x5t(print)[:20] + "\n" + x5t(print)[20:]}, owner, reason.TokenBinding},
		"loose bits":                  {map[string]any{"x5t#S256": loosened(x5t(print))}, owner, reason.TokenBinding},
		"in hexadecimal":              {map[string]any{"x5t#S256": strings.Repeat("ab", 32)}, owner, reason.TokenBinding},
		"31 bytes":                    {map[string]any{"x5t#S256": base64.RawURLEncoding.EncodeToString(print[:31])}, owner, reason.TokenBinding},
		"empty":                       {map[string]any{"x5t#S256": ""}, owner, reason.TokenBinding},
		"a list of thumbprints":       {map[string]any{"x5t#S256": []string{x5t(print)}}, owner, reason.TokenBinding},
		"SHA-1":                       {map[string]any{"x5t": x5t(print)}, owner, reason.TokenBinding},
		"a member in another case":    {map[string]any{"X5T#S256": x5t(print)}, owner, reason.TokenBinding},
		"a text":                      {x5t(print), owner, reason.TokenBinding},
		"a list":                      {[]any{bound}, owner, reason.TokenBinding},
		"an empty object":             {map[string]any{}, owner, reason.TokenBinding},
	} {
		t.Run(name, func(t *testing.T) {
			user, err := v.VerifyRaw(minttest.Token(t, key, now, mint.Set("cnf", tc.cnf)), now, tc.caller)
			if reason.Of(err) != tc.want || (user != nil) != (tc.want == reason.Allowed) {
				t.Fatalf("got %v, %v, want %v", user, err, tc.want)
			}
			if user != nil && user.Bound != identity.BoundMTLS {
				t.Errorf("bound to %q", user.Bound)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the error holds a value of the token: %v", err)
			}
		})
	}
	if user, err := v.VerifyRaw(minttest.Token(t, key, now), now, owner); err != nil || user.Bound != identity.BoundNot {
		t.Errorf("a token without cnf: %v, %v", user, err)
	}
}

// loosened returns another text for the same bytes: the last character has bits that no byte has.
func loosened(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + string(alphabet[last|1])
}

// TestVerifiedIsKept: what was verified once is asked again for each time and each caller.
func TestVerifiedIsKept(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	v := verifier(t, config(), key)
	print := sha256.Sum256([]byte("one"))
	token, err := jose.Parse(minttest.Token(t, key, now, mint.Set("cnf", map[string]any{"x5t#S256": x5t(print)})), v.MaxSize())
	if err != nil {
		t.Fatal(err)
	}
	verified, err := v.Verify(token)
	if err != nil {
		t.Fatal(err)
	}
	owner := identity.ProvenCaller(web, print)
	for _, tc := range []struct {
		at     time.Time
		caller identity.Caller
		want   reason.Code
	}{
		{now, owner, reason.Allowed},
		{now, identity.Caller{}, reason.TokenBinding},
		{now.Add(time.Hour), owner, reason.TokenExpired},
		{now.Add(-time.Hour), owner, reason.TokenNotYetValid},
		{now, owner, reason.Allowed},
	} {
		if user, err := verified.For(tc.at, tc.caller); reason.Of(err) != tc.want || (user != nil) != (err == nil) {
			t.Errorf("at %v from %q: %v, %v, want %v", tc.at, tc.caller, user, err, tc.want)
		}
	}
}

// TestZeroVerifiedIsNobodys: what was not verified is good for nobody.
func TestZeroVerifiedIsNobodys(t *testing.T) {
	var zero jwt.Verified
	if user, err := zero.For(now, identity.ProvenCaller(web, sha256.Sum256(nil))); user != nil || reason.Of(err) != reason.Internal {
		t.Errorf("%v, %v", user, err)
	}
}
