package explain_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	real "github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/explain"
)

// realSet verifies for the providers of the policy tokens, which all have one key.
func realSet(t *testing.T, e *explain.Explainer, key *mint.Key) *real.Set {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "keys.json")
	if err := os.WriteFile(file, mint.JWKS(key), 0o600); err != nil {
		t.Fatal(err)
	}
	var providers []identity.Provider
	for _, p := range e.Set().Providers() {
		config := *p.JWT
		config.Keys = identity.KeySource{File: file, Root: dir, Refresh: time.Hour, MaxStale: 1000 * time.Hour}
		p.JWT = &config
		providers = append(providers, p)
	}
	changed := make(chan *real.Set, 64)
	m := real.NewManager(real.Options{Changed: func(s *real.Set) { changed <- s }})
	t.Cleanup(func() {
		go func() {
			for range changed {
				continue
			}
		}()
	})
	if err := m.Configure(providers); err != nil {
		t.Fatal(err)
	}
	for s := range changed {
		if !slices.ContainsFunc(providers, func(p identity.Provider) bool { return !hasKeys(t, s, p, key) }) {
			return s
		}
	}
	return nil
}

func hasKeys(t *testing.T, s *real.Set, p identity.Provider, key *mint.Key) bool {
	t.Helper()
	h := policy.Header{Name: p.From.Header, Value: minttest.Token(t, key, now, mint.Set("iss", p.JWT.Issuer), mint.Set("aud", p.JWT.Audiences[0]))}
	switch {
	case p.From.Cookie != "":
		h = policy.Header{Name: "cookie", Value: p.From.Cookie + "=" + h.Value}
	case p.From.Scheme != "":
		h.Value = p.From.Scheme + " " + h.Value
	}
	return s.Authenticate(context.Background(), []string{p.Name}, kind.Request{Headers: policy.NewHeaders([]policy.Header{h}, false)}, now, identity.Caller{}).Reason == reason.Allowed
}

func seconds(d time.Duration) any { return now.Add(d).Unix() }

// TestAsTheSidecarVerifies holds what is said of a token to what the sidecar comes to, for tokens
// whose signature is good.
func TestAsTheSidecarVerifies(t *testing.T) {
	e := tokenExplainer(t)
	key := minttest.Key(t, "ES256", "k1")
	set := realSet(t, e, key)
	claims := map[string][]any{
		"iss":          {nil, "", 7, "https://evil.test/", "https://cookie.test/", []string{"https://idp.test/"}},
		"aud":          {nil, "", 7, "x", []string{}, []string{"x", "shop-api"}, []any{"shop-api", 1}, "other-api", []string{"shop-api", "other-api"}},
		"sub":          {nil, "", 7, "a\nb", "a\x7f", strings.Repeat("x", 2049), strings.Repeat("x", 2048), "山田"},
		"client_id":    {nil, "", 7, "app"},
		"azp":          {"", 7, "app"},
		"acr":          {"", 7, "mfa"},
		"amr":          {"mfa", []any{1}, []string{}, []string{"otp"}, []string{""}},
		"jti":          {"", 7, "t1"},
		"sid":          {"", []string{"s"}, "s1"},
		"scope":        {nil, 7, "", "read", "a  b", "a\tb", "a ", `a"b`, "é", []string{"read"}, []string{"a b"}, []any{"a", 1}, []string{""}},
		"exp":          {nil, "1", 0, -1, 1.5e300, json.Number(fmt.Sprint(now.Unix()+60) + ".5"), seconds(-29 * time.Second), seconds(-30 * time.Second), seconds(-time.Hour), seconds(1e6 * time.Second), json.Number("1.9e9")},
		"iat":          {nil, "1", 0, json.Number(fmt.Sprint(now.Unix()) + ".5"), seconds(30 * time.Second), seconds(31 * time.Second), seconds(10 * time.Minute), seconds(-48 * time.Hour)},
		"nbf":          {"0", seconds(30 * time.Second), seconds(31 * time.Second), json.Number(fmt.Sprint(now.Unix()+30) + ".01"), seconds(5 * time.Minute)},
		"auth_time":    {"0", 0, seconds(-time.Hour), json.Number(fmt.Sprint(now.Unix()-60) + ".5"), seconds(30 * time.Second), seconds(31 * time.Second)},
		"cnf":          {map[string]any{}},
		"events":       {map[string]any{}},
		"nonce":        {"n"},
		"at_hash":      {"h"},
		"typ":          {1, "Bearer", "ID", "Refresh", "DPoP", "JWT"},
		"token_use":    {"access", "id"},
		"token_type":   {"bearer", "refresh"},
		"realm":        {map[string]any{"access": map[string]any{"roles": 1}}, "x"},
		"deep":         {[]any{map[string]any{"a": 1.5}, true, nil}},
		"anything":     {"\x00"},
		"realm_access": {map[string]any{"roles": []string{"buyer"}}},
	}
	headers := map[string][]any{
		"alg": {"none", "HS256", "ES384", 7}, "typ": {"JWT", "at+jwt", "application/AT+JWT", "logout+jwt", "dpop+jwt", 7, ""}, "kid": {"", 7},
		"crit": {[]string{"b64"}, []string{}}, "b64": {false}, "jku": {"https://evil.test/"}, "x5c": {[]string{"AA=="}}, "zip": {"DEF"}, "cty": {"JWT"},
	}
	for name, values := range claims {
		for _, v := range values {
			edit := mint.Set(name, v)
			raw := minttest.Sign(t, key, nil, mint.Claims(now, mint.Set("iss", "https://idp.test/"), edit))
			sameAsSidecar(t, e, set, fmt.Sprintf("%s %.40v", name, v), raw)
		}
	}
	for _, name := range []string{"iss", "aud", "sub", "client_id", "scope", "iat", "exp", "auth_time", "acr", "amr", "jti"} {
		raw := minttest.Sign(t, key, nil, mint.Claims(now, mint.Set("iss", "https://idp.test/"), func(c map[string]any) { delete(c, name) }))
		sameAsSidecar(t, e, set, "no "+name, raw)
	}
	for name, values := range headers {
		for _, v := range values {
			raw := minttest.Sign(t, key, map[string]any{name: v}, mint.Claims(now, mint.Set("iss", "https://idp.test/")))
			sameAsSidecar(t, e, set, fmt.Sprintf("header %s %.40v", name, v), raw)
		}
	}
	for _, raw := range []string{"", " ", "a", "a.b", "a.b.c", "a,b", "a;b", "==", strings.Repeat("a", 17<<10)} {
		sameAsSidecar(t, e, set, fmt.Sprintf("%.20q", raw), raw)
	}
}

// sameAsSidecar asks both, with the credential in every place.
func sameAsSidecar(t *testing.T, e *explain.Explainer, set *real.Set, name, raw string) {
	t.Helper()
	for path, names := range map[string][]string{
		"/one": {"shop-idp"}, "/two": {"shop-idp", "other-idp", "cookie-idp", "bare-idp"}, "/bare": {"bare-idp"}, "/roles": {"cookie-idp"},
	} {
		for _, h := range []policy.Header{
			{Name: "authorization", Value: "Bearer " + raw}, {Name: "authorization", Value: "Basic x, Bearer " + raw}, {Name: "authorization", Value: raw},
			{Name: "cookie", Value: "a=b; session=" + raw}, {Name: "cookie", Value: "session=" + raw + ";"}, {Name: "x-token", Value: raw},
		} {
			h.Value = strings.Trim(h.Value, " ")
			want := set.Authenticate(context.Background(), names, kind.Request{Headers: policy.NewHeaders([]policy.Header{h}, false)}, now, identity.Caller{})
			q, _, refused, err := e.Decided(explain.Question{At: now, Path: path, Headers: []string{h.Name + ": " + h.Value}})
			if err != nil || refused != nil {
				t.Errorf("%s: %v, %v", name, err, refused)
				continue
			}
			got := q.Credential
			if got.Reason != want.Reason && !(want.User == nil && !want.Presented && got.User == nil) {
				t.Errorf("%s, in %.12s %.10s, %s: got %v, and the sidecar says %v (%v)", name, h.Name, h.Value, path, got.Reason, want.Reason, want.Cause)
				continue
			}
			if diff := usersDiffer(got.User, want.User); diff != "" {
				t.Errorf("%s, in %s, %s: %s", name, h.Name, path, diff)
			}
		}
	}
}

// usersDiffer compares what rules read.
func usersDiffer(a, b *identity.User) string {
	if a == nil || b == nil {
		if a != b {
			return fmt.Sprintf("one is nobody: %v, %v", a, b)
		}
		return ""
	}
	x, y := reflect.ValueOf(*a), reflect.ValueOf(*b)
	for i := range x.NumField() {
		f, g := x.Field(i), y.Field(i)
		same := reflect.DeepEqual(f.Interface(), g.Interface()) || f.Kind() == reflect.Slice && f.Len()+g.Len() == 0
		if at, ok := f.Interface().(time.Time); ok {
			same = at.Equal(g.Interface().(time.Time))
		}
		if !same {
			return fmt.Sprintf("%s is %v, and the sidecar has %v", x.Type().Field(i).Name, f, g)
		}
	}
	return ""
}
