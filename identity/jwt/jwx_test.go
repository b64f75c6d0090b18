package jwt_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	jwx "github.com/lestrrat-go/jwx/v2/jwt"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

// TestWhatTheLibraryAccepts has, for everything that jwx's jwt.Parse accepts with a key set and
// should not, the reason for which it is refused here. When jwx learns to refuse one, the test
// says so, and the case can move to where the others are.
func TestWhatTheLibraryAccepts(t *testing.T) {
	rsa := minttest.Key(t, "RS256", "k1")
	published, err := jwk.Parse(mint.JWKS(rsa))
	if err != nil {
		t.Fatal(err)
	}
	live := time.Now()
	v := verifier(t, config(), rsa)
	header := func(edits ...func(map[string]any)) map[string]any {
		h := rsa.Header("JWT")
		for _, edit := range edits {
			edit(h)
		}
		return h
	}
	claims := func(edits ...func(map[string]any)) map[string]any { return mint.Claims(live, edits...) }
	sound := minttest.Sign(t, rsa, header(), claims())
	parts := strings.Split(sound, ".")
	twice := fmt.Sprintf(`{"iss":%q,"aud":"shop-api","sub":"alice","sub":"mallory","iat":%d,"exp":%d}`, mint.Issuer, live.Unix(), live.Unix()+60)
	for name, tc := range map[string]struct {
		raw  string
		want reason.Code
	}{
		"a sound token":              {sound, reason.Allowed},
		"alg none, signed by RS256":  {minttest.Sign(t, rsa, header(set("alg", "none")), claims()), reason.TokenAlgorithm},
		"alg HS256, signed by RS256": {minttest.Sign(t, rsa, header(set("alg", "HS256")), claims()), reason.TokenAlgorithm},
		"alg ES256, signed by RS256": {minttest.Sign(t, rsa, header(set("alg", "ES256")), claims()), reason.TokenAlgorithm},
		"exp 0":                      {minttest.Sign(t, rsa, header(), claims(set("exp", 0))), reason.TokenClaims},
		"no exp":                     {minttest.Sign(t, rsa, header(), claims(set("exp", nil))), reason.TokenClaims},
		"exp as a string":            {minttest.Sign(t, rsa, header(), claims(set("exp", fmt.Sprint(live.Unix()+60)))), reason.TokenClaims},
		"an unknown crit":            {minttest.Sign(t, rsa, header(set("crit", []string{"x"}), set("x", 1)), claims()), reason.TokenHeader},
		"sub twice":                  {minttest.SignRaw(t, rsa, []byte(`{"alg":"RS256","kid":"k1"}`), []byte(twice)), reason.TokenMalformed},
		"padding in the signature":   {sound + "==", reason.TokenMalformed},
		"a newline in the signature": {parts[0] + "." + parts[1] + "." + parts[2][:8] + "\n" + parts[2][8:], reason.TokenMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := jwx.Parse([]byte(tc.raw), jwx.WithKeySet(published)); err != nil {
				t.Errorf("the library refuses it: %v", err)
			}
			if user, err := v.VerifyRaw(tc.raw, live, identity.Caller{}); reason.Of(err) != tc.want || (user != nil) != (tc.want == reason.Allowed) {
				t.Errorf("got %v, %v, want %v", user, err, tc.want)
			}
		})
	}
}
