package jose_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/postern/postern/identity/jose"
)

// limits are wide enough for every text of the tests that is not about them.
var limits = jose.Limits{Depth: 8, Values: 64}

func TestParseObjectAccepts(t *testing.T) {
	for name, text := range map[string]string{
		"empty":               `{}`,
		"white space":         " \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n",
		"every kind of value": `{"s":"x","t":true,"f":false,"n":null,"i":-10,"d":0.5e-3,"o":{"a":[]}}`,
		"escapes":             `{"a":"\"\\\/\b\f\n\r\t\u0041\u00e9"}`,
		"a surrogate pair":    `{"a":"\ud83d\ude00 \uD83D\uDE00"}`,
		"raw UTF-8":           `{"é":"日本"}`,
		"same name elsewhere": `{"a":{"a":{"a":1}},"b":{"a":2}}`,
		"names by case":       `{"a":1,"A":2}`,
		"zeros":               `{"a":0,"b":-0,"c":0.0,"d":0e0,"e":0E+1}`,
		"an empty name":       `{"":1}`,
		"deep enough":         `{"1":{"2":{"3":{"4":{"5":{"6":{"7":{}}}}}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := jose.ParseObject([]byte(text), limits)
			if err != nil {
				t.Fatal(err)
			}
			if want := reference(t, []byte(text)); !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, and encoding/json reads %v", got, want)
			}
		})
	}
}

func TestParseObjectRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                       ``,
		"white space":                   ` `,
		"an array":                      `[]`,
		"a string":                      `"a"`,
		"two objects":                   `{}{}`,
		"something after":               `{} x`,
		"a NUL after":                   "{}\x00",
		"a byte order mark":             "\xef\xbb\xbf{}",
		"cut off in an object":          `{"a":1`,
		"cut off in an array":           `{"a":[1`,
		"cut off in a string":           `{"a`,
		"cut off after a backslash":     `{"a\`,
		"cut off in an escape":          `{"a\u00`,
		"a duplicate":                   `{"a":1,"a":1}`,
		"a duplicate by escape":         `{"a":1,"\u0061":2}`,
		"a duplicate within":            `{"o":[{"a":1,"a":2}]}`,
		"no name":                       `{1:1}`,
		"an unquoted name":              `{a:1}`,
		"single quotes":                 `{'a':1}`,
		"no colon":                      `{"a" 1}`,
		"no value":                      `{"a":}`,
		"no comma":                      `{"a":1 "b":2}`,
		"no comma in an array":          `{"a":[1 2]}`,
		"a comma too many":              `{"a":1,}`,
		"a comma too many in an array":  `{"a":[1,]}`,
		"a comment":                     `{/**/}`,
		"a wrong word":                  `{"a":True}`,
		"a cut word":                    `{"a":tru}`,
		"a plus sign":                   `{"a":+1}`,
		"a leading zero":                `{"a":01}`,
		"a bare minus":                  `{"a":-}`,
		"a bare point":                  `{"a":1.}`,
		"a leading point":               `{"a":.5}`,
		"a bare exponent":               `{"a":1e}`,
		"an exponent out of this world": `{"a":1e9999}`,
		"an endless number":             `{"a":` + strings.Repeat("1", 33) + `}`,
		"NaN":                           `{"a":NaN}`,
		"hexadecimal":                   `{"a":0x1}`,
		"a raw newline":                 "{\"a\":\"\n\"}",
		"a raw newline after escape":    "{\"a\":\"\\n\n\"}",
		"a raw NUL":                     "{\"a\":\"\x00\"}",
		"an escaped NUL":                `{"a":"\u0000"}`,
		"an unknown escape":             `{"a":"\x41"}`,
		"half a pair":                   `{"a":"\ud83d"}`,
		"half a pair and text":          `{"a":"\ud83dx12345"}`,
		"the other half":                `{"a":"\ude00"}`,
		"two first halves":              `{"a":"\ud83d\ud83d"}`,
		"a pair in the wrong order":     `{"a":"\ude00\ud83d"}`,
		"half a pair, bad digits":       `{"a":"\ud83d\uzzzz"}`,
		"not UTF-8":                     "{\"a\":\"\xff\"}",
		"overlong UTF-8":                "{\"a\":\"\xc0\xaf\"}",
		"a surrogate in UTF-8":          "{\"a\":\"\xed\xa0\x80\"}",
		"too deep in objects":           `{"1":{"2":{"3":{"4":{"5":{"6":{"7":{"8":{}}}}}}}}}`,
		"too deep in arrays":            `{"1":[[[[[[[[]]]]]]]]}`,
		"far too deep":                  `{"a":` + strings.Repeat("[", 100_000),
		"too many elements":             `{"a":[` + strings.Repeat("1,", 64) + `1]}`,
		"too many members":              `{` + members(65) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := jose.ParseObject([]byte(text), limits)
			if err == nil || got != nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestZeroLimitsAcceptNothing(t *testing.T) {
	if got, err := jose.ParseObject([]byte(`{}`), jose.Limits{}); err == nil {
		t.Errorf("got %v", got)
	}
}

// FuzzParseObject holds that what is accepted means the same to encoding/json, and means the
// same when it is written and read again.
func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":[1,-2.5e+3,"\ud83d\ude00\n",null,true,{"b":{}}]}`, `{"a":1,"a":2}`, `{"a":"\u0000"}`, `{"a":1e999}`, "{\"a\":\"\xff\"}"} {
		f.Add([]byte(seed))
	}
	for _, seed := range hostileObjects() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := jose.ParseObject(text, limits)
		if err != nil {
			if got != nil {
				t.Fatalf("an error and %v", got)
			}
			return
		}
		if want := reference(t, text); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, and encoding/json reads %v", got, want)
		}
		if got, want := canonicalValue(got), canonical(t, text); got != want {
			t.Fatalf("%q is read as %s, and says %s", text, got, want)
		}
		again, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if reread, err := jose.ParseObject(again, limits); err != nil || !reflect.DeepEqual(reread, got) {
			t.Fatalf("written and read again: %v, %v", reread, err)
		}
	})
}

// reference reads text, which must be good, with encoding/json.
func reference(t *testing.T, text []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("encoding/json refuses %q: %v", text, err)
	}
	return v
}

func members(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + strings.Repeat("a", i+1) + `":1`)
	}
	return b.String()
}
