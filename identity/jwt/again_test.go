package jwt_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// FuzzAgain signs whatever claims: what is accepted says to another reader what the user says, and
// means the same when the claims are written and signed again.
func FuzzAgain(f *testing.F) {
	key := minttest.Key(f, "EdDSA", "k1")
	v := verifier(f, config(func(p *identity.Provider) { p.JWT.Algorithms = []string{"EdDSA"} }), key)
	sound, err := json.Marshal(mint.Claims(now))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sound)
	for _, more := range hostileMembers() {
		f.Add([]byte(strings.TrimSuffix(string(sound), "}") + "," + more + "}"))
		f.Add([]byte("{" + more + "," + strings.TrimPrefix(string(sound), "{")))
	}
	for _, exp := range []string{"1e10", "-0", "0", "01", "1e400", "9999999999999999999", "1795348800.5", `"1795348800"`, "null", "[1795348800]"} {
		f.Add(bytes.Replace(sound, []byte(`"exp":`), []byte(`"exp":`+exp+`,"x":`), 1))
	}
	header := []byte(`{"alg":"EdDSA","kid":"k1"}`)
	f.Fuzz(func(t *testing.T, payload []byte) {
		user, err := v.VerifyRaw(minttest.SignRaw(t, key, header, payload), now, identity.Caller{})
		if err != nil {
			return
		}
		read := map[string]any{}
		d := json.NewDecoder(bytes.NewReader(payload))
		d.UseNumber()
		if err := d.Decode(&read); err != nil || !reflect.DeepEqual(read, user.Claims) {
			t.Fatalf("%q is read as %v, and by another as %v (%v)", payload, user.Claims, read, err)
		}
		whole, _, _ := strings.Cut(string(read["exp"].(json.Number)), ".")
		if n, err := json.Number(whole).Int64(); err != nil || n != user.Expires.Unix() || read["sub"] != user.Subject || read["iss"] != user.Issuer {
			t.Fatalf("%+v of %q", user, payload)
		}
		again, err := json.Marshal(user.Claims)
		if err != nil {
			t.Fatal(err)
		}
		reread, err := v.VerifyRaw(minttest.SignRaw(t, key, header, again), now, identity.Caller{})
		if err != nil || !reflect.DeepEqual(reread, user) {
			t.Fatalf("%q, written again as %q: %+v (%v), and was %+v", payload, again, reread, err, user)
		}
	})
}

// hostileMembers are members that a sound token has beside its own, some of them once more.
func hostileMembers() []string {
	return []string{
		`"sub":"mallory"`, `"s\u0075b":"mallory"`, `"Sub":"mallory"`, `"sub\u0000":"mallory"`, `"exp":99999999999`, `"aud":"other"`,
		`"x":1e400`, `"x":-0`, `"x":01`, `"x":9007199254740993`, `"x":"\ud800"`, `"x":"\ud83d\ude00"`, "\"x\":\"\xff\"", `"x":"\u0000"`,
		`"x":[[[[[[[1]]]]]]]`, `"x":{"a":{"a":1,"a":2}}`, `"":{}`, `"nbf":1.5`, `"nbf":null`, `"scp":["a b"]`, `"act":{"sub":"a"}`, `"cnf":{}`, `"events":{}`, `"nonce":"n"`,
	}
}
