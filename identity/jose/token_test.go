package jose_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

const size = 8 << 10

// part encodes one part of a token.
func part(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// unsigned returns a token whose signature is 64 arbitrary bytes.
func unsigned(header, payload string) string {
	return part(header) + "." + part(payload) + "." + part(strings.Repeat("s", 64))
}

func TestParse(t *testing.T) {
	token, err := jose.Parse(unsigned(`{"alg":"ES256","kid":"k1","typ":"at+jwt","x5t":"abc","x5t#S256":"def","x-unknown":[{}]}`, `{"iss":"i"}`), size)
	if err != nil {
		t.Fatal(err)
	}
	iss, ok := token.Unverified("iss")
	if token.Algorithm() != "ES256" || token.KeyID() != "k1" || token.Type() != "at+jwt" || iss != "i" || !ok {
		t.Errorf("got %q %q %q %v", token.Algorithm(), token.KeyID(), token.Type(), iss)
	}
	if _, ok := token.Unverified("sub"); ok {
		t.Error("a claim that is not there")
	}
}

func TestParseBounds(t *testing.T) {
	raw := unsigned(`{"alg":"ES256"}`, `{}`)
	if token, err := jose.Parse(raw, len(raw)); err != nil || token.Size() != len(raw) {
		t.Errorf("at the limit: %v", err)
	}
	if _, err := jose.Parse(raw, len(raw)-1); reason.Of(err) != reason.TokenTooLarge {
		t.Errorf("over the limit: %v", err)
	}
}

// TestParseValues: how many values a payload may have grows with its size, and ends.
func TestParseValues(t *testing.T) {
	list := func(elements, filler int) string {
		return unsigned(`{"alg":"ES256"}`, `{"f":"`+strings.Repeat("f", filler)+`","a":[`+strings.Repeat("1,", elements-1)+`1]}`)
	}
	for name, tc := range map[string]struct {
		elements, filler int
		ok               bool
	}{
		"250 in a small payload":   {250, 0, true},
		"300 in a small payload":   {300, 0, false},
		"600 in 6 KiB":             {600, 4900, true},
		"700 in 6 KiB":             {700, 4700, false},
		"200 groups of 36 bytes":   {200, 200 * 36, true},
		"2,500 in a large payload": {2500, 35_000, true},
		"3,000 in a large payload": {3000, 35_000, false},
	} {
		if _, err := jose.Parse(list(tc.elements, tc.filler), 64<<10); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	head, body, sig := part(`{"alg":"ES256"}`), part(`{"a":"b"}`), part("signature")
	for name, tc := range map[string]struct {
		raw  string
		want reason.Code
	}{
		"nothing":                  {"", reason.TokenMalformed},
		"no dot":                   {"abc", reason.TokenMalformed},
		"dots alone":               {"..", reason.TokenMalformed},
		"two parts":                {head + "." + body, reason.TokenMalformed},
		"no header":                {"." + body + "." + sig, reason.TokenMalformed},
		"no payload":               {head + ".." + sig, reason.TokenMalformed},
		"no signature":             {head + "." + body + ".", reason.TokenMalformed},
		"four parts":               {head + "." + body + "." + sig + "." + sig, reason.TokenMalformed},
		"five parts, a JWE":        {head + "." + sig + "." + sig + "." + body + "." + sig, reason.TokenMalformed},
		"a JSON serialisation":     {`{"payload":"` + body + `","signature":"` + sig + `"}`, reason.TokenMalformed},
		"padding":                  {head + "." + body + "." + sig + "=", reason.TokenMalformed},
		"a newline in the header":  {head[:4] + "\n" + head[4:] + "." + body + "." + sig, reason.TokenMalformed},
		"a newline at the end":     {head + "." + body + "." + sig + "\n", reason.TokenMalformed},
		"a CR in the payload":      {head + "." + body + "\r." + sig, reason.TokenMalformed},
		"a space before":           {" " + head + "." + body + "." + sig, reason.TokenMalformed},
		"standard alphabet":        {head + "." + body + ".ab+/", reason.TokenMalformed},
		"trailing bits":            {head + "." + body + ".QR", reason.TokenMalformed},
		"a length that none has":   {head + "." + body + ".QUJDR", reason.TokenMalformed},
		"a comma":                  {head + "." + body + "." + sig + "," + sig, reason.TokenMalformed},
		"header no JSON":           {part("x") + "." + body + "." + sig, reason.TokenMalformed},
		"header an array":          {part(`["alg"]`) + "." + body + "." + sig, reason.TokenMalformed},
		"header with two alg":      {unsigned(`{"alg":"ES256","alg":"ES256"}`, `{}`), reason.TokenMalformed},
		"header too deep":          {unsigned(`{"alg":"ES256","x":{"y":{"z":{}}}}`, `{}`), reason.TokenMalformed},
		"header of many members":   {unsigned(`{"alg":"ES256",`+members(64)+`}`, `{}`), reason.TokenMalformed},
		"header and more":          {unsigned(`{"alg":"ES256"}{}`, `{}`), reason.TokenMalformed},
		"payload no JSON":          {unsigned(`{"alg":"ES256"}`, `x`), reason.TokenMalformed},
		"payload an array":         {unsigned(`{"alg":"ES256"}`, `[]`), reason.TokenMalformed},
		"payload with two sub":     {unsigned(`{"alg":"ES256"}`, `{"sub":"a","sub":"b"}`), reason.TokenMalformed},
		"payload a nested token":   {unsigned(`{"alg":"ES256"}`, unsigned(`{"alg":"ES256"}`, `{}`)), reason.TokenMalformed},
		"payload too deep":         {unsigned(`{"alg":"ES256"}`, `{"a":[[[[[[[[]]]]]]]]}`), reason.TokenMalformed},
		"payload not UTF-8":        {unsigned(`{"alg":"ES256"}`, "{\"a\":\"\xff\"}"), reason.TokenMalformed},
		"no alg":                   {unsigned(`{"typ":"JWT"}`, `{}`), reason.TokenHeader},
		"alg null":                 {unsigned(`{"alg":null}`, `{}`), reason.TokenHeader},
		"alg a list":               {unsigned(`{"alg":["ES256"]}`, `{}`), reason.TokenHeader},
		"alg empty":                {unsigned(`{"alg":""}`, `{}`), reason.TokenHeader},
		"alg none":                 {unsigned(`{"alg":"none"}`, `{}`), reason.TokenAlgorithm},
		"alg None":                 {unsigned(`{"alg":"None"}`, `{}`), reason.TokenAlgorithm},
		"alg NONE":                 {unsigned(`{"alg":"NONE"}`, `{}`), reason.TokenAlgorithm},
		"alg nOnE":                 {unsigned(`{"alg":"nOnE"}`, `{}`), reason.TokenAlgorithm},
		"alg HS256":                {unsigned(`{"alg":"HS256"}`, `{}`), reason.TokenAlgorithm},
		"alg HS512":                {unsigned(`{"alg":"HS512"}`, `{}`), reason.TokenAlgorithm},
		"alg ES256K":               {unsigned(`{"alg":"ES256K"}`, `{}`), reason.TokenAlgorithm},
		"alg es256":                {unsigned(`{"alg":"es256"}`, `{}`), reason.TokenAlgorithm},
		"alg with a space":         {unsigned(`{"alg":"ES256 "}`, `{}`), reason.TokenAlgorithm},
		"alg RSA-OAEP":             {unsigned(`{"alg":"RSA-OAEP"}`, `{}`), reason.TokenAlgorithm},
		"crit":                     {unsigned(`{"alg":"ES256","crit":["exp"],"exp":1}`, `{}`), reason.TokenHeader},
		"crit empty":               {unsigned(`{"alg":"ES256","crit":[]}`, `{}`), reason.TokenHeader},
		"b64 false":                {unsigned(`{"alg":"ES256","b64":false}`, `{}`), reason.TokenHeader},
		"b64 true":                 {unsigned(`{"alg":"ES256","b64":true}`, `{}`), reason.TokenHeader},
		"jku":                      {unsigned(`{"alg":"ES256","jku":"https://evil.test/"}`, `{}`), reason.TokenHeader},
		"jku null":                 {unsigned(`{"alg":"ES256","jku":null}`, `{}`), reason.TokenHeader},
		"x5u":                      {unsigned(`{"alg":"ES256","x5u":"https://evil.test/"}`, `{}`), reason.TokenHeader},
		"jwk":                      {unsigned(`{"alg":"ES256","jwk":{"kty":"EC"}}`, `{}`), reason.TokenHeader},
		"x5c":                      {unsigned(`{"alg":"ES256","x5c":["AA=="]}`, `{}`), reason.TokenHeader},
		"zip":                      {unsigned(`{"alg":"ES256","zip":"DEF"}`, `{}`), reason.TokenHeader},
		"enc":                      {unsigned(`{"alg":"ES256","enc":"A256GCM"}`, `{}`), reason.TokenHeader},
		"cty JWT":                  {unsigned(`{"alg":"ES256","cty":"JWT"}`, `{}`), reason.TokenHeader},
		"kid a number":             {unsigned(`{"alg":"ES256","kid":1}`, `{}`), reason.TokenHeader},
		"kid null":                 {unsigned(`{"alg":"ES256","kid":null}`, `{}`), reason.TokenHeader},
		"kid empty":                {unsigned(`{"alg":"ES256","kid":""}`, `{}`), reason.TokenHeader},
		"kid too long":             {unsigned(`{"alg":"ES256","kid":"`+strings.Repeat("k", 513)+`"}`, `{}`), reason.TokenHeader},
		"typ a list":               {unsigned(`{"alg":"ES256","typ":["JWT"]}`, `{}`), reason.TokenHeader},
		"typ empty":                {unsigned(`{"alg":"ES256","typ":""}`, `{}`), reason.TokenHeader},
		"a bad header, then a jku": {unsigned(`{"alg":"none","jku":"https://evil.test/"}`, `{}`), reason.TokenHeader},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := jose.Parse(tc.raw, size)
			if token != nil || reason.Of(err) != tc.want {
				t.Errorf("got %v, %v, want %v", token, err, tc.want)
			}
		})
	}
}

func TestTokenIsNotPrinted(t *testing.T) {
	raw := unsigned(`{"alg":"ES256","kid":"canary"}`, `{"sub":"canary"}`)
	token, err := jose.Parse(raw, size)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if s := fmt.Sprintf(format, token); strings.Contains(s, "canary") || strings.Contains(s, raw[:10]) {
			t.Errorf("%s prints %s", format, s)
		}
	}
}

// FuzzParse holds that an accepted token is the one serialisation of its parts.
func FuzzParse(f *testing.F) {
	key := minttest.Key(f, "ES256", "k1")
	f.Add(minttest.Sign(f, key, nil, map[string]any{"iss": "i", "aud": []string{"a"}}))
	f.Add(unsigned(`{"alg":"RS256","typ":"JWT"}`, `{"a":{"b":[1,null]}}`))
	f.Add(unsigned(`{"alg":"none"}`, `{}`))
	f.Add(unsigned(`{"alg":"ES256"}`, `{}`) + "=")
	f.Add("..")
	f.Add(mint.Compact([]byte(`{"alg":"ES256","alg":"RS256"}`), []byte(`{}`), []byte{1}))
	for _, seed := range hostileTokens() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		token, err := jose.Parse(raw, size)
		if err != nil {
			if token != nil {
				t.Fatal("an error and a token")
			}
			if code := reason.Of(err); code.Status() != 401 {
				t.Fatalf("a refusal with %v", code)
			}
			return
		}
		var again []string
		for _, p := range strings.Split(raw, ".") {
			b, err := base64.RawURLEncoding.DecodeString(p)
			if err != nil {
				t.Fatal(err)
			}
			again = append(again, part(string(b)))
		}
		if got := strings.Join(again, "."); got != raw || len(again) != 3 {
			t.Fatalf("%q re-encodes to %q", raw, got)
		}
		checkHeader(t, raw, token)
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		if got, want := canonicalValue(token.UnverifiedClaims()), canonical(t, payload); got != want {
			t.Fatalf("%q is read as %s, and says %s", payload, got, want)
		}
	})
}

// checkHeader holds that the header says what another reader reads in it, and nothing else.
func checkHeader(t *testing.T, raw string, token *jose.Token) {
	t.Helper()
	if !jose.IsAlgorithm(token.Algorithm()) {
		t.Fatalf("accepted alg %q", token.Algorithm())
	}
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	header := reference(t, text)
	canonical(t, text)
	for name, got := range map[string]string{"alg": token.Algorithm(), "kid": token.KeyID(), "typ": token.Type()} {
		if want, ok := header[name]; got != "" && got != want || got == "" && ok {
			t.Fatalf("%s is %q in %s", name, got, text)
		}
	}
	for _, name := range []string{"crit", "b64", "jku", "x5u", "jwk", "x5c", "zip", "enc", "cty"} {
		if _, ok := header[name]; ok {
			t.Fatalf("accepted %s", name)
		}
	}
}

func ExampleParse() {
	_, err := jose.Parse("eyJhbGciOiJub25lIn0.e30.AA", 8<<10)
	fmt.Println(err)
	// Output: token_algorithm: alg is none of the supported ones
}
