package svid_test

import (
	"encoding/pem"
	"net/url"
	"strings"
	"testing"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/svid"
)

// escape is Envoy's escaping, for PEM that mint would not make.
func escape(text string) string {
	return strings.NewReplacer("\n", "%0A", " ", "%20", "+", "%2B", "/", "%2F", "=", "%3D").Replace(text)
}

func TestEncoding(t *testing.T) {
	w := newWorld(t)
	leaf := minttest.SVID(t, w.shop, web).Leaf()
	text := string(mint.CertificatePEM(leaf))
	good := mint.EnvoyCertificate(leaf)
	block := func(b pem.Block) string { return escape(string(pem.EncodeToMemory(&b))) }
	body, end := strings.Index(text, "\n")+1, strings.Index(text, "-----END")
	for _, tc := range []struct {
		name, certificate string
		want              reason.Code
	}{
		{"as Envoy writes it", good, reason.Allowed},
		{"not escaped", text, reason.CertificateMalformed},
		{"query escapes", url.QueryEscape(text), reason.CertificateMalformed},
		{"path escapes", url.PathEscape(text), reason.CertificateMalformed},
		{"lower-case hex", strings.ToLower(good[:20]) + good[20:], reason.CertificateMalformed},
		{"lower-case escape", strings.Replace(good, "%0A", "%0a", 1), reason.CertificateMalformed},
		{"escape that need not be", strings.Replace(good, "BEGIN", "%42EGIN", 1), reason.CertificateMalformed},
		{"escaped twice", strings.Replace(good, "%0A", "%250A", 1), reason.CertificateMalformed},
		{"escaped NUL", good + "%00", reason.CertificateMalformed},
		{"cut-off escape", strings.TrimSuffix(good, "A"), reason.CertificateMalformed},
		{"bare percent", good + "%", reason.CertificateMalformed},
		{"NUL", good + "\x00", reason.CertificateMalformed},
		{"0xff", "\xff" + good, reason.CertificateMalformed},
		{"no last newline", strings.TrimSuffix(good, "%0A"), reason.CertificateMalformed},
		{"newline before", "%0A" + good, reason.CertificateMalformed},
		{"newline after", good + "%0A", reason.CertificateMalformed},
		{"text before", "x%0A" + good, reason.CertificateMalformed},
		{"text after", good + "x", reason.CertificateMalformed},
		{"the same twice", good + good, reason.CertificateMalformed},
		{"two certificates", good + mint.EnvoyCertificate(w.shop.Certificate()), reason.CertificateMalformed},
		{"CR LF", escape(strings.ReplaceAll(text, "\n", "\r\n")), reason.CertificateMalformed},
		{"long lines", escape(text[:body] + strings.ReplaceAll(text[body:end], "\n", "") + "\n" + text[end:]), reason.CertificateMalformed},
		{"a space in the base64", escape(text[:body] + " " + text[body:]), reason.CertificateMalformed},
		{"headers", block(pem.Block{Type: "CERTIFICATE", Headers: map[string]string{"A": "b"}, Bytes: leaf.Raw}), reason.CertificateMalformed},
		{"another type", block(pem.Block{Type: "X509 CERTIFICATE", Bytes: leaf.Raw}), reason.CertificateMalformed},
		{"a trusted certificate", block(pem.Block{Type: "TRUSTED CERTIFICATE", Bytes: leaf.Raw}), reason.CertificateMalformed},
		{"no block", "x", reason.CertificateMalformed},
		{"an empty block", block(pem.Block{Type: "CERTIFICATE"}), reason.CertificateMalformed},
		{"cut-off DER", block(pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw[:len(leaf.Raw)-1]}), reason.CertificateMalformed},
		{"DER and a byte", block(pem.Block{Type: "CERTIFICATE", Bytes: append(leaf.Raw[:len(leaf.Raw):len(leaf.Raw)], 0)}), reason.CertificateMalformed},
		{"huge", strings.Repeat(good, 32), reason.CertificateMalformed},
		{"a flipped bit of the signature", block(pem.Block{Type: "CERTIFICATE", Bytes: flipLast(leaf.Raw)}), reason.CertificateUntrusted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := w.bundles.Verify(svid.Presented{Principal: web, Certificate: tc.certificate}, noon)
			check(t, got, err, web, tc.want)
		})
	}
}

func flipLast(der []byte) []byte {
	out := append([]byte(nil), der...)
	out[len(out)-1] ^= 1
	return out
}

// TestCauseIsShort has a certificate whose own text would flood a record.
func TestCauseIsShort(t *testing.T) {
	w := newWorld(t)
	leaf := minttest.SVID(t, w.shop, "", mint.RawURIs("spiffe://shop.test/\x01"+strings.Repeat("\xc3\xa9", 4000))).Leaf()
	_, err := w.bundles.Verify(present(web, leaf), noon)
	if reason.Of(err) != reason.CertificateMalformed || len(err.Error()) > 400 {
		t.Fatalf("%d bytes: %v", len(err.Error()), err)
	}
}

// FuzzUnescape holds the escaping to one spelling: what is accepted, escaped, is the input.
func FuzzUnescape(f *testing.F) {
	f.Add(mint.EnvoyCertificate(minttest.CA(f, "shop.test").Certificate()))
	for _, seed := range []string{"", "%", "%0", "%0A", "%0a", "%41", "a+b", "%25", "-"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, err := svid.Unescape(s)
		switch {
		case err != nil && out != nil:
			t.Fatalf("an error (%v) came with %q", err, out)
		case err == nil && escape(string(out)) != s:
			t.Fatalf("%q was read as %q", s, out)
		}
	})
}
