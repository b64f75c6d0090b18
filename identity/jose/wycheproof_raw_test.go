package jose_test

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/identity/jose"
)

// A rawFile is a file of vectors for one primitive: a message, a signature, a key.
type rawFile struct {
	TestGroups []rawGroup
}

type rawGroup struct {
	Type        string
	KeySize     int
	Sha, MgfSha string
	SLen        int
	PublicKey   rawKey
	PrivateKey  rawKey // of which the public half is used
	Tests       []struct {
		TcID                      int
		Comment, Msg, Sig, Result string
	}
}

type rawKey struct{ Curve, Uncompressed, Pk, Modulus, PublicExponent string }

// rawFiles are the patterns of all files about what a JWS signature may be, and of those that are
// next to it: other hashes, other encodings, weaker keys. Those for encryption, key agreement and
// the rest of the collection say nothing about a JWT; nor do DSA, ECDSA with a curve and Ed448
// that no key of a KeySet has.
func rawFiles() []string {
	return []string{
		"ecdsa_secp256r1_*_p1363_test.json", "ecdsa_secp384r1_*_p1363_test.json", "ecdsa_secp521r1_*_p1363_test.json",
		"ecdsa_secp256r1_sha256_test.json", "ecdsa_secp384r1_sha384_test.json", "ecdsa_secp521r1_sha512_test.json",
		"ed25519_test.json",
		"rsa_signature_????_sha256_test.json", "rsa_signature_????_sha384_test.json", "rsa_signature_????_sha512_test.json",
		"rsa_signature_2048_sha512_256_test.json", "rsa_signature_2048_sha3_256_test.json", "rsa_pkcs1_*_sig_gen_test.json",
		"rsa_pss_*_test.json",
	}
}

// TestWycheproofSignatures runs the vectors of the primitives through a Key: every valid one is
// accepted, unless RFC 7518 or our floor on RSA keys has no place for it, and every other refused.
// The numbers are pinned, so that no vector gets lost.
func TestWycheproofSignatures(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(moduleDir(t), "testvectors_v1")
	got := map[string]tally{}
	for _, pattern := range rawFiles() {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			var f rawFile
			read(t, file, &f)
			for _, g := range f.TestGroups {
				g.run(t, filepath.Base(file), got)
			}
		}
	}
	compare(t, got, rawCounts())
}

// run counts the vectors of a group under its algorithm, or under the rule that has none for it.
func (g rawGroup) run(t *testing.T, file string, counts map[string]tally) {
	t.Helper()
	alg, rule := g.algorithm()
	set, err := jose.ParseKeySet(jwks(t, g.jwk()))
	if err != nil {
		t.Fatal(err)
	}
	key, found := set.Find("k")
	if found == (rule == ruleKey) {
		t.Fatalf("%s: a key of %d bits is found: %v", file, g.KeySize, found)
	}
	name := cmp.Or(rule, alg)
	n := counts[name]
	for _, tc := range g.Tests {
		accepted := jose.VerifyRaw(alg, unhex(t, tc.Msg), unhex(t, tc.Sig), key) == nil
		if want := tc.Result == "valid" && rule == "" || g.isOurs(rule, tc.Comment); accepted != want {
			t.Errorf("%s, test %d, %s (%s, %s): accepted is %v for %s", file, tc.TcID, tc.Comment, alg, rule, accepted, tc.Result)
		}
		n = n.plus(accepted, tc.Result)
	}
	counts[name] = n
}

// isOurs says whether a vector is invalid by the parameters of its file alone, and by these valid
// for the algorithm that it is tried with.
func (g rawGroup) isOurs(rule, comment string) bool {
	switch rule {
	case ruleHash:
		return g.Type == "RsassaPkcs1Verify" && strings.HasPrefix(comment, "The message is hashed with SHA-256 instead of")
	case ruleSalt:
		return g.Sha == "SHA-256" && g.MgfSha == g.Sha && comment == "s_len changed to 32"
	}
	return false
}

// The rules by which valid vectors are refused.
const (
	ruleDER  = "refused: ASN.1, not r and s"           // RFC 7518 section 3.4
	ruleHash = "refused: not the hash of the alg"      // RFC 7518 sections 3.3 to 3.5
	ruleSalt = "refused: not the salt or MGF of PS"    // RFC 7518 section 3.5
	ruleKey  = "refused: RSA key outside 2048 to 8192" // or with an exponent below 65537
)

// algorithm returns the JWS algorithm that a group is nearest to, and the rule that refuses it all
// the same.
func (g rawGroup) algorithm() (alg, rule string) {
	hash := strings.TrimPrefix(g.Sha, "SHA-")
	bits := map[string]int{"256": 32, "384": 48, "512": 64}[hash]
	switch {
	case g.Type == "EddsaVerify":
		return "EdDSA", ""
	case strings.HasPrefix(g.Type, "Ecdsa"):
		alg = map[string]string{"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}[g.PublicKey.Curve]
		switch {
		case g.Type != "EcdsaP1363Verify":
			return alg, ruleDER
		case strings.TrimPrefix(alg, "ES") != hash:
			return alg, ruleHash
		}
		return alg, ""
	case g.weak():
		return "RS256", ruleKey
	case strings.HasPrefix(g.Type, "RsassaPkcs1") && bits == 0:
		return "RS256", ruleHash
	case strings.HasPrefix(g.Type, "RsassaPkcs1"):
		return "RS" + hash, ""
	case bits == 0:
		return "PS256", ruleHash
	case g.MgfSha != g.Sha || g.SLen != bits:
		return "PS" + hash, ruleSalt
	}
	return "PS" + hash, ""
}

// rsa returns the RSA key of a group without leading zeros.
func (g rawGroup) rsa() (modulus, exponent string) {
	key := g.PublicKey
	if key.Modulus == "" {
		key = g.PrivateKey
	}
	return strings.TrimPrefix(key.Modulus, "00"), strings.TrimPrefix(key.PublicExponent, "00")
}

func (g rawGroup) weak() bool {
	_, exponent := g.rsa()
	return g.KeySize < 2048 || len(exponent) < len("010001")
}

func (g rawGroup) jwk() map[string]any {
	encode := func(text string) string {
		b, _ := hex.DecodeString(text)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	switch {
	case g.Type == "EddsaVerify":
		return map[string]any{"kty": "OKP", "kid": "k", "crv": "Ed25519", "x": encode(g.PublicKey.Pk)}
	case strings.HasPrefix(g.Type, "Ecdsa"):
		curve := map[string]string{"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}[g.PublicKey.Curve]
		point := g.PublicKey.Uncompressed[2:]
		half := len(point) / 2
		return map[string]any{"kty": "EC", "kid": "k", "crv": curve, "x": encode(point[:half]), "y": encode(point[half:])}
	}
	n, e := g.rsa()
	if len(e)%2 == 1 {
		e = "0" + e
	}
	return map[string]any{"kty": "RSA", "kid": "k", "n": encode(n), "e": encode(e)}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rawCounts are what the vectors of this version of the collection come to.
func rawCounts() map[string]tally {
	return map[string]tally{
		"ES256":  {173, 0, 89},
		"ES384":  {193, 0, 87},
		"ES512":  {231, 0, 87},
		"EdDSA":  {88, 0, 63},
		"PS256":  {317, 0, 225},
		"PS384":  {192, 0, 92},
		"PS512":  {266, 0, 94},
		"RS256":  {52, 0, 1003},
		"RS384":  {52, 0, 1007},
		"RS512":  {52, 0, 1007},
		ruleDER:  {0, 600, 930},
		ruleKey:  {0, 5, 70},
		ruleHash: {2, 2012, 1343},
		ruleSalt: {2, 755, 263},
	}
}
