package jose_test

import (
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

// only returns the one key of a set.
func only(t testing.TB, key *mint.Key) jose.Key {
	t.Helper()
	set, err := jose.ParseKeySet(mint.JWKS(key))
	if err != nil {
		t.Fatal(err)
	}
	k, ok := set.Find(key.ID())
	if !ok {
		t.Fatalf("no key: %v", set.Skipped())
	}
	return k
}

func parse(t testing.TB, raw string) *jose.Token {
	t.Helper()
	token, err := jose.Parse(raw, size)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestVerify(t *testing.T) {
	for _, alg := range identity.Algorithms() {
		t.Run(alg, func(t *testing.T) {
			key := minttest.Key(t, alg, "k1")
			raw := minttest.Sign(t, key, nil, map[string]any{"sub": "alice"})
			claims, err := parse(t, raw).Verify(only(t, key))
			if err != nil || claims["sub"] != "alice" {
				t.Fatalf("got %v, %v", claims, err)
			}
			for _, other := range []string{"ES256", "ES384", "EdDSA"} {
				stranger := minttest.Key(t, other, "k1")
				want := reason.TokenAlgorithm
				if other == alg {
					want = reason.TokenSignature
				}
				if claims, err := parse(t, raw).Verify(only(t, stranger)); claims != nil || reason.Of(err) != want {
					t.Errorf("by a stranger's %s key: %v, %v", other, claims, err)
				}
			}
		})
	}
}

func TestZeroKeyVerifiesNothing(t *testing.T) {
	raw := minttest.Sign(t, minttest.Key(t, "ES256", "k1"), nil, map[string]any{})
	if claims, err := parse(t, raw).Verify(jose.Key{}); claims != nil || reason.Of(err) != reason.TokenAlgorithm {
		t.Errorf("got %v, %v", claims, err)
	}
}

// TestVerifyRefusesBentSignatures changes a good signature in every way that a forgiving
// reader might overlook.
func TestVerifyRefusesBentSignatures(t *testing.T) {
	for _, alg := range []string{"ES256", "ES512", "EdDSA", "RS256", "PS256"} {
		key := minttest.Key(t, alg, "k1")
		raw := minttest.Sign(t, key, nil, map[string]any{"sub": "alice"})
		parts := strings.Split(raw, ".")
		signature, err := base64.RawURLEncoding.DecodeString(parts[2])
		if err != nil {
			t.Fatal(err)
		}
		half := len(signature) / 2
		flip := func(i int) []byte {
			b := append([]byte(nil), signature...)
			b[i] ^= 1
			return b
		}
		for name, bent := range map[string][]byte{
			"first bit":        flip(0),
			"middle":           flip(half),
			"last bit":         flip(len(signature) - 1),
			"one byte less":    signature[:len(signature)-1],
			"one byte more":    append(append([]byte(nil), signature...), 0),
			"a leading zero":   append([]byte{0}, signature...),
			"one byte":         {1},
			"zeros":            make([]byte, len(signature)),
			"halves exchanged": append(append([]byte(nil), signature[half:]...), signature[:half]...),
			"twice":            append(append([]byte(nil), signature...), signature...),
		} {
			t.Run(alg+"/"+name, func(t *testing.T) {
				token := parse(t, parts[0]+"."+parts[1]+"."+base64.RawURLEncoding.EncodeToString(bent))
				if claims, err := token.Verify(only(t, key)); claims != nil || reason.Of(err) != reason.TokenSignature {
					t.Errorf("got %v, %v", claims, err)
				}
			})
		}
	}
}

// TestVerifyCoversHeaderAndPayload holds that nothing that was read escapes the signature.
func TestVerifyCoversHeaderAndPayload(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	parts := strings.Split(minttest.Sign(t, key, nil, map[string]any{"sub": "alice"}), ".")
	for name, raw := range map[string]string{
		"another header":          part(`{"alg":"ES256","kid":"k1"}`) + "." + parts[1] + "." + parts[2],
		"another payload":         parts[0] + "." + part(`{"sub":"mallory"}`) + "." + parts[2],
		"white space in payload":  parts[0] + "." + part(`{"sub": "alice"}`) + "." + parts[2],
		"header as its own claim": parts[0] + "." + parts[0] + "." + parts[2],
	} {
		t.Run(name, func(t *testing.T) {
			if claims, err := parse(t, raw).Verify(only(t, key)); claims != nil || reason.Of(err) != reason.TokenSignature {
				t.Errorf("got %v, %v", claims, err)
			}
		})
	}
}

// TestVerifyRefusesDEREncodedSignature: RFC 7518 section 3.4 wants r and s, not ASN.1.
func TestVerifyRefusesDEREncodedSignature(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	parts := strings.Split(minttest.Sign(t, key, nil, map[string]any{"sub": "alice"}), ".")
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	der := append([]byte{0x30, 0}, integer(signature[:32])...)
	der = append(der, integer(signature[32:])...)
	der[1] = byte(len(der) - 2)
	token := parse(t, parts[0]+"."+parts[1]+"."+base64.RawURLEncoding.EncodeToString(der))
	if claims, err := token.Verify(only(t, key)); claims != nil || reason.Of(err) != reason.TokenSignature {
		t.Errorf("got %v, %v", claims, err)
	}
}

// integer returns the DER of a positive number.
func integer(b []byte) []byte {
	b = new(big.Int).SetBytes(b).Bytes()
	if len(b) > 0 && b[0] >= 0x80 {
		b = append([]byte{0}, b...)
	}
	return append([]byte{2, byte(len(b))}, b...)
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range identity.Algorithms() {
		key := minttest.Key(b, alg, "k1")
		raw := minttest.Sign(b, key, nil, map[string]any{"sub": "alice"})
		k := only(b, key)
		b.Run(alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				token, err := jose.Parse(raw, size)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := token.Verify(k); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
