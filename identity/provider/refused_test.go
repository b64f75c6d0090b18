package provider_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

// A kindOfToken is tokens that come to one end.
type kindOfToken struct {
	name string
	want reason.Code
	make func(i int) string
}

// part64 is base64url of a part of a token.
func part64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// kindsOfTokens are what an attacker may send without having a token, and before them what those
// send who have one.
func kindsOfTokens(t testing.TB, idp *keystest.Issuer, es, rs, stranger *mint.Key) []kindOfToken {
	t.Helper()
	signed := func(key *mint.Key, edits ...func(map[string]any)) func(int) string {
		return func(int) string { return sign(t, idp, key, edits...) }
	}
	// shaped is a token whose parts are fine but for the signature, with something in the payload.
	shaped := func(header, rest string) func(int) string {
		return func(i int) string {
			payload := fmt.Sprintf(`{"iss":%q,"aud":"shop-api","sub":"u%d","iat":%d,"exp":%d%s}`, idp.URL, i, now().Unix(), now().Unix()+300, rest)
			return part64(header) + "." + part64(payload) + "." + strings.Repeat("A", 86)
		}
	}
	filler := func(n int) string {
		return fmt.Sprintf(`,"x":%q`, strings.Repeat("x", n))
	}
	var few, claims strings.Builder
	for i := range 250 {
		fmt.Fprintf(&few, `,"c%d":1`, i)
	}
	for i := range 600 { // as many as there is room for in 8 KiB
		fmt.Fprintf(&claims, `,"c%d":1`, i)
	}
	const header = `{"alg":"ES256","kid":"es"}`
	long := func(size int) func(int) string {
		return func(i int) string { return fmt.Sprintf("%08d", i) + strings.Repeat("A", size-8) }
	}
	return []kindOfToken{
		{"valid ES256", reason.Allowed, signed(es)},
		{"valid RS256", reason.Allowed, signed(rs)},
		{"random bytes", reason.TokenMalformed, func(i int) string {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			b := make([]byte, 600)
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			return base64.RawURLEncoding.EncodeToString(b)
		}},
		{"8 KiB and a byte", reason.TokenTooLarge, long(8<<10 + 1)},
		{"60 KiB", reason.TokenTooLarge, long(60 << 10)},
		{"64 KiB", reason.TokenTooLarge, long(64 << 10)},
		{"60 KiB of dots", reason.TokenTooLarge, func(i int) string { return "a" + strings.Repeat(".", 60<<10+i%7) + "a" }},
		{"8 KiB of dots", reason.TokenMalformed, func(i int) string { return "a" + strings.Repeat(".", 8000+i%7) + "a" }},
		{"8 KiB of base64", reason.TokenMalformed, func(i int) string { return fmt.Sprintf("%08d", i) + strings.Repeat("A", 8000) + ".AAAA.AAAA" }},
		{"8 KiB, the last byte wrong", reason.TokenMalformed, func(i int) string {
			return shaped(header, filler(5700))(i) + "~"
		}},
		{"alg none", reason.TokenAlgorithm, shaped(`{"alg":"none"}`, "")},
		{"alg HS256", reason.TokenAlgorithm, shaped(`{"alg":"HS256","kid":"es"}`, "")},
		{"a jwk in the header", reason.TokenHeader, shaped(`{"alg":"ES256","jwk":{"kty":"EC"}}`, "")},
		{"a full header of 6 KiB", reason.TokenHeader, shaped(`{"alg":"ES256","jwk":{}`+filler(5500)+"}", "")},
		{"wrong signature ES256", reason.TokenSignature, func(i int) string { return bend(signed(es)(i)) }},
		{"a stranger's signature", reason.TokenSignature, signed(stranger)},
		{"wrong signature RS256", reason.TokenSignature, func(i int) string { return bend(signed(rs)(i)) }},
		{"wrong signature, 8 KiB", reason.TokenSignature, func(i int) string { return bend(signed(es, mint.Set("x", strings.Repeat("x", 5000)))(i)) }},
		{"another issuer", reason.TokenIssuer, signed(es, mint.Set("iss", "https://evil.test/"))},
		{"unknown kid", reason.KeysPending, func(i int) string { return shaped(fmt.Sprintf(`{"alg":"ES256","kid":"k%d"}`, i), "")(i) }},
		{"8 levels", reason.TokenMalformed, shaped(header, `,"x":`+strings.Repeat("[", 8)+strings.Repeat("]", 8))},
		{"4,000 levels", reason.TokenMalformed, shaped(header, `,"x":`+strings.Repeat("[", 4000))},
		{"250 claims", reason.TokenSignature, shaped(header, few.String()+filler(2500))},
		{"600 claims", reason.TokenMalformed, shaped(header, claims.String())},
		{"250 elements", reason.TokenSignature, shaped(header, `,"x":[`+strings.Repeat("1,", 250)+"1]")},
		{"2,500 elements", reason.TokenMalformed, shaped(header, `,"x":[`+strings.Repeat("1,", 2500)+"1]")},
		{"1,700 empty objects", reason.TokenMalformed, shaped(header, `,"x":[`+strings.Repeat("{},", 1700)+"{}]")},
		{"huge numbers", reason.TokenMalformed, shaped(header, `,"x":`+strings.Repeat("9", 5000))},
		{"numbers of 32 bytes", reason.TokenSignature, shaped(header, `,"x":[`+strings.Repeat(strings.Repeat("9", 32)+",", 160)+"1]")},
		{"escapes alone", reason.TokenSignature, shaped(header, `,"x":"`+strings.Repeat(`\u00e9`, 900)+`"`)},
		{"duplicate members at the end", reason.TokenMalformed, shaped(header, claims.String()+`,"c0":1`)},
	}
}

// bend changes a byte in the middle of a signature.
func bend(token string) string {
	i := len(token) - 20
	c := byte('A')
	if token[i] == c {
		c = 'B'
	}
	return token[:i] + string(c) + token[i+1:]
}

// An attacked is a Set with one provider, and the kinds of tokens that are sent to it.
type attacked struct {
	set   *provider.Set
	idp   *keystest.Issuer
	key   *mint.Key
	kinds []kindOfToken
}

func underAttack(t testing.TB) attacked {
	t.Helper()
	es, rs, stranger := minttest.Key(t, "ES256", "es"), minttest.Key(t, "RS256", "rs"), minttest.Key(t, "ES256", "es")
	idp := keystest.New(t, es, rs)
	m := manager(t, provider.Options{Interval: time.Hour, Kinds: []kind.Kind{forgetful()}})
	config := issuer(idp, "idp")
	configure(t, m, config)
	keystest.Until(t, "keys", func() bool { return keyed(m.Current()) })
	configure(t, m, config)
	return attacked{m.Current(), idp, es, kindsOfTokens(t, idp, es, rs, stranger)}
}

// TestKindsOfTokens holds that each kind comes to the end that its cost is measured for.
func TestKindsOfTokens(t *testing.T) {
	a := underAttack(t)
	for _, k := range a.kinds {
		for i := range 3 {
			if c := a.set.Authenticate(context.Background(), []string{"idp"}, bearer(k.make(i)).request(), now(), identity.Caller{}); c.Reason != k.want {
				t.Errorf("%s: %v (%v), want %v", k.name, c.Reason, c.Cause, k.want)
			}
		}
	}
}

// BenchmarkRefused is what each kind costs. Nothing that is sent without a token may cost more than
// a valid one that was not seen before.
func BenchmarkRefused(b *testing.B) {
	a := underAttack(b)
	for _, k := range a.kinds {
		b.Run(strings.ReplaceAll(k.name, " ", "_"), func(b *testing.B) {
			many := make([]headers, 64)
			if k.want == reason.Allowed { // what is refused is never kept
				many = make([]headers, distinct)
			}
			for i := range many {
				many[i] = bearer(k.make(i))
			}
			cost(b, func(i int) {
				c := a.set.Authenticate(context.Background(), []string{"idp"}, many[i%len(many)].request(), now(), identity.Caller{})
				if c.Reason != k.want {
					b.Fatalf("%v, want %v", c.Reason, k.want)
				}
			})
		})
	}
}

// A memory is what one token takes on average.
type memory struct{ allocations, bytes float64 }

// memoryOf returns what authenticating the tokens takes. Nothing else may run.
func memoryOf(set *provider.Set, tokens []headers) memory {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, token := range tokens {
		set.Authenticate(context.Background(), []string{"idp"}, token.request(), now(), identity.Caller{})
	}
	runtime.ReadMemStats(&after)
	n := float64(len(tokens))
	return memory{float64(after.Mallocs-before.Mallocs) / n, float64(after.TotalAlloc-before.TotalAlloc) / n}
}

// TestRefusedTakesNoMoreMemory: what is refused takes no more allocations and bytes than the costliest
// valid token that is as long, or as long as one may be, and was not seen before.
func TestRefusedTakesNoMoreMemory(t *testing.T) {
	const many = 16
	a := underAttack(t)
	limits := map[int]memory{}
	for _, k := range a.kinds {
		if k.want == reason.Allowed {
			continue
		}
		tokens := make([]headers, many)
		for i := range tokens {
			tokens[i] = bearer(k.make(i))
		}
		size := min((len(k.make(0))+63)/64*64, 8000)
		limit, ok := limits[size]
		if !ok {
			limit = a.costliest(t, size, many)
			limits[size] = limit
		}
		got := memoryOf(a.set, tokens)
		for range 2 { // what else allocates for a moment does not do so each time
			again := memoryOf(a.set, tokens)
			got = memory{min(got.allocations, again.allocations), min(got.bytes, again.bytes)}
		}
		if got.allocations > limit.allocations || got.bytes > limit.bytes {
			t.Errorf("%s: %+v, and a valid token of %d bytes takes %+v", k.name, got, size, limit)
		}
	}
}

// costliest returns what the worst valid tokens of about size bytes take.
func (a attacked) costliest(t *testing.T, size, many int) memory {
	t.Helper()
	room := max(0, (size-150)*3/4-110) // for claims beside those that each token has
	values := room/16 + 240
	var worst memory
	for name, fill := range map[string]func(map[string]any){
		"text": func(c map[string]any) { c["x"] = strings.Repeat("x", room) },
		"elements": func(c map[string]any) {
			c["x"] = slices.Repeat([]any{1}, min(values, room/2))
			c["y"] = strings.Repeat("x", max(0, room-2*values))
		},
		"members": func(c map[string]any) {
			for i := range min(values/2, room/9) {
				c[fmt.Sprint("c", i)] = 1
			}
			c["x"] = strings.Repeat("x", max(0, room-9*values/2))
		},
	} {
		tokens := make([]headers, many)
		for i := range tokens {
			few := func(c map[string]any) {
				maps.DeleteFunc(c, func(name string, _ any) bool { return !slices.Contains([]string{"iss", "aud", "iat", "exp"}, name) })
			}
			tokens[i] = bearer(sign(t, a.idp, a.key, few, mint.Set("sub", fmt.Sprint(name, size, i)), fill))
		}
		got := memoryOf(a.set, tokens)
		if c := a.set.Authenticate(context.Background(), []string{"idp"}, tokens[0].request(), now(), identity.Caller{}); c.Reason != reason.Allowed {
			t.Fatalf("%s of %d bytes: %v (%v)", name, size, c.Reason, c.Cause)
		}
		worst = memory{max(worst.allocations, got.allocations), max(worst.bytes, got.bytes)}
	}
	return worst
}
