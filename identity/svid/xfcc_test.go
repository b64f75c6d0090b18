package svid_test

import (
	"crypto/x509"
	"strings"
	"testing"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/identity/svid"
)

// TestForwarded gives headers beside one and the same sound certificate, whose chain needs no
// intermediate: what is refused, is refused for the header alone.
func TestForwarded(t *testing.T) {
	w := newWorld(t)
	leaf := minttest.SVID(t, w.shop, web).Leaf()
	other := minttest.SVID(t, w.shop, order).Leaf()
	cert, root := mint.EnvoyCertificate(leaf), mint.EnvoyCertificate(w.shop.Certificate())
	_, hash, _ := strings.Cut(strings.TrimSuffix(mint.EnvoyXFCC(order, leaf), `;Chain="`+cert+`"`), "Hash=")
	_, foreign, _ := strings.Cut(mint.EnvoyXFCC(order, other), "Hash=")
	foreign = foreign[:64]
	by, h := "By="+order, ";Hash="+hash
	for _, tc := range []struct {
		name, xfcc string
		ok         bool
	}{
		{"none", "", true},
		{"as Envoy writes it", mint.EnvoyXFCC(order, leaf), true},
		{"without By", "Hash=" + hash, true},
		{"By twice", by + ";By=spiffe://shop.test/b" + h, true},
		{"By and Hash", by + h, true},
		{"everything", by + h + `;Cert="` + cert + `";Chain="` + cert + root + `";Subject="O=shop.test";URI=` + web + ";DNS=web.shop.test;DNS=web", true},
		{"empty subject and URI", by + h + `;Subject="";URI=`, true},
		{"URI twice", by + h + ";URI=" + web + ";URI=" + order, true},
		{"a subject with all sorts", by + h + `;Subject="CN=a\"\,b;Hash=x\\,O=c"`, true},
		{"a URI of somebody else, which nobody reads", by + h + ";URI=" + order, true},

		{"blank", " ", false},
		{"By alone", by, false},
		{"garbage", "x", false},
		{"no Hash", by + ";URI=" + web, false},
		{"Hash first", "Hash=" + hash + ";" + by, false},
		{"Hash of another", by + ";Hash=" + foreign, false},
		{"Hash twice", by + h + h, false},
		{"Hash twice, the second of another", by + h + ";Hash=" + foreign, false},
		{"upper-case Hash", by + ";Hash=" + strings.ToUpper(hash), false},
		{"short Hash", by + h[:len(h)-1], false},
		{"long Hash", by + h + "0", false},
		{"quoted Hash", by + `;Hash="` + hash + `"`, false},
		{"empty Hash", by + ";Hash=", false},
		{"lower-case keys", strings.ToLower(by) + strings.ToLower(h), false},
		{"unknown key", by + h + ";Foo=a", false},
		{"a space after a semicolon", by + "; Hash=" + hash, false},
		{"a space after a comma", by + h + ", " + by + h, false},
		{"ends in a semicolon", by + h + ";", false},
		{"ends in a comma", by + h + ",", false},
		{"begins with a comma", "," + by + h, false},
		{"two elements", by + h + "," + by + h, false},
		{"two elements, the second of another", by + h + "," + by + ";Hash=" + foreign, false},
		{"a forged element, ours last", "By=x;Hash=" + foreign + "," + by + h, false},
		{"a forged element that opens a quote", by + h + `;Subject=",` + by + h + `;Subject="O=shop.test"`, false},
		{"a forged element that swallows Chain", by + h + `;Subject=",` + by + h + `;Chain="` + cert + `"`, false},
		{"the header twice, with Chain", mint.EnvoyXFCC(order, leaf) + "," + mint.EnvoyXFCC(order, leaf), false},
		{"Cert of another", by + h + `;Cert="` + mint.EnvoyCertificate(other) + `"`, false},
		{"Cert without quotes", by + h + ";Cert=" + cert, false},
		{"Cert that does not end", by + h + `;Cert="` + cert, false},
		{"empty Cert", by + h + `;Cert=""`, false},
		{"Cert twice", by + h + strings.Repeat(`;Cert="`+cert+`"`, 2), false},
		{"Chain of another", by + h + `;Chain="` + mint.EnvoyCertificate(other) + `"`, false},
		{"Chain that begins with another", by + h + `;Chain="` + root + cert + `"`, false},
		{"Chain before Cert", by + h + `;Chain="` + cert + `";Cert="` + cert + `"`, false},
		{"Chain before Hash", by + `;Chain="` + cert + `"` + h, false},
		{"Chain twice", by + h + strings.Repeat(`;Chain="`+cert+`"`, 2), false},
		{"Chain without quotes", by + h + ";Chain=" + cert, false},
		{"empty Chain", by + h + `;Chain=""`, false},
		{"Chain that ends in text", by + h + `;Chain="` + cert + `x"`, false},
		{"Chain that ends in a half certificate", by + h + `;Chain="` + cert + root[:len(root)/2] + `"`, false},
		{"Chain that is not escaped", by + h + `;Chain="` + string(mint.CertificatePEM(leaf)) + `"`, false},
		{"Subject without quotes", by + h + ";Subject=O=shop.test", false},
		{"Subject that does not end", by + h + `;Subject="O=shop.test\"`, false},
		{"text after the quote", by + h + `;Subject="a"b`, false},
		{"NUL", by + h + ";URI=a\x00", false},
		{"0xff", by + h + ";URI=a\xff", false},
		{"a backslash", by + h + `;URI=a\,b`, false},
		{"huge", by + h + ";URI=" + strings.Repeat("a", 64<<10), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := present(web, leaf)
			p.Forwarded = tc.xfcc
			got, err := w.bundles.Verify(p, noon)
			want := reason.BadHeader
			if tc.ok {
				want = reason.Allowed
			}
			check(t, got, err, web, want)
		})
	}
}

// TestInjection has a client whose SVID is sound but for its DNS SANs, which Envoy writes into
// the header as they are: no such text may bring in a Chain, a Hash or an identity.
func TestInjection(t *testing.T) {
	w := newWorld(t)
	middle := minttest.Intermediate(t, w.shop)
	chain := mint.EnvoyXFCC(order, middle.Certificate(), middle.Certificate())
	_, chain, _ = strings.Cut(chain, ";Chain=")
	mallory := "spiffe://shop.test/ns/shop/sa/mallory"
	for _, tc := range []struct {
		name, dns string
		want      reason.Code
	}{
		{"nothing", "mallory", reason.CertificateUntrusted}, // for its intermediate is not in the header
		{"another DNS", "a;DNS=b", reason.CertificateUntrusted},
		{"an equals sign", "URI=" + web, reason.CertificateUntrusted},
		{"Chain", "a;Chain=" + chain, reason.BadHeader},
		{"Hash", "a;Hash=" + strings.Repeat("0", 64), reason.BadHeader},
		{"URI", "a;URI=" + web, reason.BadHeader},
		{"By", "a;By=" + order, reason.BadHeader},
		{"an element", "a,By=" + order + ";URI=" + web, reason.BadHeader},
		{"a quote", `a"`, reason.BadHeader},
	} {
		t.Run(tc.name, func(t *testing.T) {
			leaf := minttest.SVID(t, middle, mallory, mint.With(func(c *x509.Certificate) { c.DNSNames = []string{tc.dns} })).Leaf()
			p := present(mallory, leaf)
			own, _, _ := strings.Cut(mint.EnvoyXFCC(order, leaf), ";Chain=")
			p.Forwarded = own + ";URI=" + mallory + ";DNS=" + tc.dns
			got, err := w.bundles.Verify(p, noon)
			check(t, got, err, "", tc.want)
		})
	}
}

// TestForwardedIsNotRead has no certificate for the header to speak of.
func TestForwardedIsNotRead(t *testing.T) {
	w := newWorld(t)
	header := mint.EnvoyXFCC(order, minttest.SVID(t, w.shop, web).Leaf())
	got, err := w.bundles.Verify(svid.Presented{Forwarded: header}, noon)
	if err != nil || !got.IsZero() {
		t.Fatalf("the header alone gave %q, %v", got, err)
	}
	got, err = w.bundles.Verify(svid.Presented{Principal: web, Forwarded: header}, noon)
	check(t, got, err, "", reason.CertificateMissing)
}

// FuzzForwarded compares with a reader that knows nothing but quotes: what is accepted is one
// element, and its fields begin with the hash, the certificate and the chain that were read.
func FuzzForwarded(f *testing.F) {
	hash := strings.Repeat("0a", 32)
	for _, seed := range []string{
		"", "Hash=" + hash, "By=a;Hash=" + hash,
		"By=a;By=b;Hash=" + hash + `;Cert="c";Chain="cd";Subject="CN=\"a\",O=b";URI=u;URI=;DNS=d`,
		"By=a;Hash=" + hash + ",By=a;Hash=" + hash, "By=a;Hash=" + hash + `;Subject=",By="`,
		"By=a;Hash=" + hash + `;URI=u;Chain="x"`, "By=a;Hash=" + hash + ";DNS=a;Hash=" + hash,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		hash, cert, chain, err := svid.ParseForwarded(s)
		if err != nil {
			if hash+cert+chain != "" {
				t.Fatalf("an error (%v) came with %q %q %q", err, hash, cert, chain)
			}
			return
		}
		want := "Hash=" + hash
		if cert != "" {
			want += `;Cert="` + cert + `"`
		}
		if chain != "" {
			want += `;Chain="` + chain + `"`
		}
		fields := split(t, s)
		for len(fields) > 0 && strings.HasPrefix(fields[0], "By=") {
			fields = fields[1:]
		}
		if rest := strings.Join(fields, ";"); rest != want && !strings.HasPrefix(rest, want+";") {
			t.Fatalf("%q was read as %q", s, want)
		}
		if strings.Count(s, "Hash=") > 1 && strings.Count(strings.Join(fields[1:], "\n"), "\nHash=") > 0 {
			t.Fatalf("%q has a second Hash", s)
		}
	})
}

// split cuts an element at the semicolons outside quotes and fails on a comma there.
func split(t *testing.T, s string) []string {
	t.Helper()
	var fields []string
	start, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && c == ',':
			t.Fatalf("%q has a comma outside quotes", s)
		case !quoted && c == ';':
			fields, start = append(fields, s[start:i]), i+1
		}
	}
	return append(fields, s[start:])
}
