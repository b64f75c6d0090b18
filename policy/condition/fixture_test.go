package condition_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/condition"
)

// params are those of the route "/customers/{customer_id}/files/{file...}".
func params() []condition.Param {
	return []condition.Param{{Name: "customer_id", Segment: 1}, {Name: "file", Segment: 3, Rest: true}}
}

// valid returns an input that has everything.
func valid() *condition.Input {
	headers := map[string][]string{
		"x-tenant": {"blue", "red"}, "x-empty": {""}, "x-bad": {"a\xff"},
		"x-many": make([]string, condition.MaxValues+1), "x-long": {strings.Repeat("a", condition.MaxHeader+1)},
	}
	return &condition.Input{
		Method:  "GET",
		Host:    "shop.test",
		ID:      "7f3c",
		Path:    []string{"customers", "c-1", "files", "public", "a b.txt"},
		Query:   "download=1&tag=a&tag=b+c&%74ag=%C3%A9&empty",
		Time:    time.Date(2027, 1, 31, 23, 30, 0, 0, time.FixedZone("", 3600)),
		Headers: condition.HeaderFunc(func(name string) []string { return headers[name] }),
		Caller:  identity.AssertedCaller(spiffeid.RequireFromString("spiffe://shop.test/ns/shop/sa/web")),
		Source:  netip.MustParseAddr("::ffff:10.1.2.3"),
		User: &identity.User{
			Provider: "shop-idp", Subject: "alice", Client: "app", ACR: "mfa", AMR: []string{"otp"},
			Audiences: []string{"shop-api"}, Scopes: []string{"orders:read", "orders:pay"}, Roles: []string{"support", "admin"},
			AuthTime: time.Date(2027, 1, 31, 22, 0, 0, 0, time.UTC), Claims: claims(),
			Actors: []identity.Actor{{Subject: "spiffe://shop.test/ns/shop/sa/web", Issuer: "https://idp.test/", Client: "web"}, {Subject: "batch"}},
		},
	}
}

func claims() map[string]any {
	decoder := json.NewDecoder(strings.NewReader(`{
		"customer_id": "c-1", "level": 3, "score": 2.5, "exp3": 1e3, "five": 5.0, "admin": true, "nothing": null, "digits": "5",
		"safe": 9007199254740991, "unsafe": 9007199254740993, "rounded": 9007199254740992.0,
		"max": 9223372036854775807, "min": -9223372036854775808, "big": 9223372036854775808, "huge": 1e999, "minus": -0,
		"groups": ["a", "b"], "mixed": ["a", 1, true, null], "numbers": [1, 2.0, 3], "none": [], "deep": {"x": {"y": ["z"]}},
		"object": {"a": 1, "b": "two", "c": null}, "other": {"a": 1, "b": 2, "c": null}, "address": "10.1.2.3", "nested": [["a"], ["b", "c"]],
		"bignest": [9223372036854775808]
	}`))
	decoder.UseNumber()
	var claims map[string]any
	if err := decoder.Decode(&claims); err != nil {
		panic(err)
	}
	return claims
}

// compile compiles a condition on the route of params.
func compile(t testing.TB, text string) *condition.Condition {
	t.Helper()
	c, err := condition.NewCompiler().Compile(text, params())
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

// A want says what a condition comes to: "true", "false", or a part of an error.
func check(t *testing.T, text, want string, in *condition.Input) {
	t.Helper()
	holds, err := compile(t, text).Eval(in)
	switch {
	case holds && err != nil:
		t.Errorf("%s holds, and is the error %v", text, err)
	case want == "true" || want == "false":
		if err != nil || holds != (want == "true") {
			t.Errorf("%s is %v, %v; want %s", text, holds, err, want)
		}
	case err == nil || !strings.Contains(err.Error(), want):
		t.Errorf("%s is %v, %v; want the error %q", text, holds, err, want)
	}
}

// A case is a condition and what it comes to.
type testCase struct{ text, want string }

func checkAll(t *testing.T, cases []testCase, in *condition.Input) {
	t.Helper()
	for _, c := range cases {
		check(t, c.text, c.want, in)
	}
}
