package suite_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/policy/suite"
	"github.com/postern/postern/policy/syntax"
)

// written is what a test may write as the value of each claim: 2026-01-01 00:00:00 is 1767225600. null
// is the claim null, and not its absence.
const written = `{
	"iss": ["https://idp.shop.test/", "https://idp.shop.test", "", 7, null],
	"aud": ["shop-api", ["shop-api"], ["x", "shop-api"], ["shop-api", ""], ["shop-api", 1], [], "", "x", ["x"], 7, null],
	"sub": ["alice", "山田", "a\nb", "a\u007f", "", 7, null, ["a"]],
	"client_id": ["web", "", 7, null],
	"azp": ["web", "", 7, null],
	"scope": ["", "a b", "a  b", "a ", "a\tb", "a\"b", "é", ["a", "b"], ["a b"], [""], [1], 7, null, {}],
	"acr": ["gold", "", 7, null],
	"amr": [["otp"], [], [""], [1], "otp", null],
	"jti": ["t", "", 7],
	"sid": ["s", "", ["s"]],
	"events": [{}, null, "x"],
	"typ": ["Bearer", "JWT", "at+jwt", "ID", "Refresh", "Offline", "Logout", "DPoP", "", 7, null],
	"token_use": ["access", "id", null],
	"token_type": ["Bearer", "refresh"],
	"nonce": ["n", null], "at_hash": ["h"], "c_hash": ["h"],
	"nbf": [1767225600, 1767225630, 1767225630.000, 1767225630.001, 1767225631, 1767229200, 0, "0", null, 1.7e9],
	"exp": [1767225601, 1767225571, 1767225570, 1767225570.9, 1767225600, 1767229200, 1767312000, 1767312001, 1, 0, -1, 1.8e9, 32503680000, "1767225900", null],
	"iat": [1767225600, 1767225630, 1767225630.9, 1767225631, 1767222000, 0, "1", null],
	"auth_time": [1767225600, 1, 1767225630, 1767225630.9, 1767225631, 0, "1", null],
	"cnf": [{}, {"jkt": "abc"}, {"x5t#S256": "abc"}, {"x5t#S256": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}, {"x5t#S256": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "jkt": "a"}, "x", null],
	"act": [{"sub": "a"}, {"sub": "a", "iss": "i", "client_id": "c", "x": 1}, {"sub": "a", "act": {"sub": "b"}}, {"sub": "a\n"}, {"sub": ""}, {"client_id": "c"}, {"sub": "a", "iss": 7},
		{"sub": "a", "act": null}, {"sub":"a","act":{"sub":"b","act":{"sub":"c","act":{"sub":"d"}}}}, {"sub":"a","act":{"sub":"b","act":{"sub":"c","act":{"sub":"d","act":{"sub":"e"}}}}}, "a", null],
	"anything": [null, {"a": [1.5, true, null]}]
}`

// TestClaimsAreRefusedAsTheSidecarRefuses: of each claim that a test writes, the suite and the sidecar
// say the same. What the sidecar refuses no test can write; then the suite names the sidecar's reason.
func TestClaimsAreRefusedAsTheSidecarRefuses(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/delegation.txtar")
	if err != nil {
		t.Fatal(err)
	}
	all := documents(t, archive)
	s, err := suite.New(all, suite.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	car := newSidecar(t, all)
	decoder := json.NewDecoder(strings.NewReader(written))
	decoder.UseNumber()
	values := map[string][]any{}
	if err := decoder.Decode(&values); err != nil {
		t.Fatal(err)
	}
	refused, taken := 0, 0
	for name, list := range values {
		for _, value := range list {
			what := fmt.Sprintf("%s %v", name, value)
			if sameOfClaim(t, s, car, what, syntax.TestClaim{Name: syntax.Text{Value: name}, Value: value}) {
				taken++
			} else {
				refused++
			}
		}
	}
	if refused < 70 || taken < 40 {
		t.Errorf("%d are refused, and %d are not", refused, taken)
	}
}

// sameOfClaim asks both of one claim, and returns whether the suite takes it.
func sameOfClaim(t *testing.T, s *suite.Suite, car *sidecar, what string, claim syntax.TestClaim) bool {
	t.Helper()
	const workload = "spiffe://shop.test/ns/shop/sa/orders"
	text := func(s string) syntax.Text { return syntax.Text{Value: s} }
	in := syntax.Case{
		Request: &syntax.TestRequest{Method: text("GET"), Path: text("/look")},
		User:    &syntax.TestUser{Provider: text("shop-idp")},
	}
	whole, err := s.Ask(workload, in)
	if err != nil {
		t.Fatal(err)
	}
	sent := map[string]any{}
	for n, v := range whole.Request.Credential.User.Claims {
		sent[n] = v
	}
	if exp, ok := claim.Value.(json.Number); ok && claim.Name.Value == "exp" && exp <= "1767225600" && len(exp) >= 10 {
		sent["iat"] = json.Number("1767225000") // a test of such a token says that it is older
	}
	sent[claim.Name.Value] = claim.Value
	key := car.keys[""]
	real := car.ask(t, &whole, carry(car.providers["shop-idp"], minttest.Sign(t, key, key.Header("JWT"), sent)))

	in.User.Claims = []syntax.TestClaim{claim}
	got, err := s.Ask(workload, in)
	switch {
	case err != nil && (real.Allow || !strings.Contains(err.Error(), "{credential: "+real.Reason.String()+"}")):
		t.Errorf("%s: the sidecar says %s, and the suite: %v", what, suite.Why(&real), err)
	case err == nil && (got.Decision.Allow != real.Allow || got.Decision.Reason != real.Reason):
		t.Errorf("%s: the sidecar says %s, and the suite %s", what, suite.Why(&real), suite.Why(&got.Decision))
	case err == nil && got.Request.Credential.User != nil && got.Request.Credential.User.Bound != identity.BoundNot:
		t.Errorf("%s: bound to a caller who is nobody", what)
	}
	return err == nil
}
