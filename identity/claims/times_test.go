package claims_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/claims"
	"github.com/postern/postern/identity/reason"
)

func TestTimes(t *testing.T) {
	limits := claims.Limits{Of: "idp", Skew: 30 * time.Second, MaxLifetime: time.Hour}
	in := func(d time.Duration) time.Time { return now.Add(d) }
	const second, minute = time.Second, time.Minute
	for name, tc := range map[string]struct {
		iat, exp, nbf, login time.Time
		want                 reason.Code
	}{
		"sound":                    {iat: in(0), exp: in(minute), want: reason.Allowed},
		"no time at all":           {want: reason.TokenClaims},
		"exp at iat":               {iat: in(0), exp: in(0), want: reason.TokenClaims},
		"the last second":          {iat: in(-minute), exp: in(-29 * second), want: reason.Allowed},
		"expired":                  {iat: in(-minute), exp: in(-30 * second), want: reason.TokenExpired},
		"nbf within the skew":      {iat: in(0), exp: in(minute), nbf: in(30 * second), want: reason.Allowed},
		"nbf to come":              {iat: in(0), exp: in(minute), nbf: in(31 * second), want: reason.TokenNotYetValid},
		"nbf at exp":               {iat: in(0), exp: in(minute), nbf: in(minute), want: reason.TokenClaims},
		"iat to come":              {iat: in(31 * second), exp: in(minute), want: reason.TokenNotYetValid},
		"a login to come":          {iat: in(0), exp: in(minute), login: in(31 * second), want: reason.TokenClaims},
		"a login long ago":         {iat: in(0), exp: in(minute), login: in(-1000 * time.Hour), want: reason.Allowed},
		"the longest life":         {iat: in(0), exp: in(time.Hour), want: reason.Allowed},
		"a life beyond the cap":    {iat: in(0), exp: in(time.Hour + second), want: reason.TokenLifetime},
		"expired, and beyond that": {iat: in(-3 * time.Hour), exp: in(-time.Hour), want: reason.TokenExpired},
	} {
		times := claims.Times{IssuedAt: tc.iat, Expires: tc.exp, NotBefore: tc.nbf, AuthTime: tc.login}
		if err := times.Check(now, limits); reason.Of(err) != tc.want {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
}

// TestKeptCostsNothing: what is asked at each use of a token takes no memory.
func TestKeptCostsNothing(t *testing.T) {
	verified, err := claims.New(issuer()).Read(set(t, ``), "k1")
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = verified.For(now, identity.Caller{}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestFields(t *testing.T) {
	f := claims.Of(set(t, `"a":{"b":"text"},"at":1.5`))
	if f.Text(claims.Required, "a", "b") != "text" || f.Text(claims.Optional, "a", "c") != "" || f.Text(claims.Optional, "x", "y") != "" {
		t.Error("a text is not what it is")
	}
	if f.Time(claims.Required, "at").Unix() != 1 || f.TimeUp(claims.Required, "at").Unix() != 2 || !f.Time(claims.Optional, "x").IsZero() {
		t.Error("a time is not what it is")
	}
	if err := f.Err(); err != nil {
		t.Error(err)
	}
	for what, read := range map[string]func(*claims.Fields){
		"x is missing":        func(f *claims.Fields) { f.Text(claims.Required, "x"); f.Text(claims.Required, "y") },
		"a is not a string":   func(f *claims.Fields) { f.Text(claims.Optional, "a") },
		"sub.x is below":      func(f *claims.Fields) { f.Text(claims.Optional, "sub", "x") },
		"sub is not a number": func(f *claims.Fields) { f.Time(claims.Optional, "sub") },
		"y is missing":        func(f *claims.Fields) { f.TimeUp(claims.Required, "y") },
	} {
		f := claims.Of(set(t, `"a":{"b":"canary"},"sub":"canary"`))
		read(f)
		if err := f.Err(); reason.Of(err) != reason.TokenClaims || !strings.Contains(err.Error(), what) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if (&claims.Fields{}).Text(claims.Optional, "x") != "" {
		t.Error("the zero Fields have a claim")
	}
}
