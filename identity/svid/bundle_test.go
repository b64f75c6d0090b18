package svid_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/svid"
)

func privateKey(t *testing.T, keyPEM []byte) crypto.Signer {
	t.Helper()
	block, _ := pem.Decode(keyPEM)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		t.Fatalf("%T signs nothing", key)
	}
	return signer
}

func TestNewBundle(t *testing.T) {
	key1024, err := rsa.GenerateKey(rand.Reader, 1024) // weak on purpose
	if err != nil {
		t.Fatal(err)
	}
	root := func(options ...mint.Option) *x509.Certificate {
		return minttest.CA(t, "shop.test", options...).Certificate()
	}
	edit := func(f func(*x509.Certificate)) mint.Option { return mint.With(f) }
	shop := spiffeid.RequireTrustDomainFromString("shop.test")
	for _, tc := range []struct {
		name        string
		domain      spiffeid.TrustDomain
		authorities []*x509.Certificate
		want        string // in the error; "" for none
	}{
		{"one", shop, list(root()), ""},
		{"no key usage", shop, list(root(edit(func(c *x509.Certificate) { c.KeyUsage = 0 }))), ""},
		{"expired", shop, list(root(mint.Now(noon.AddDate(-9, 0, 0)))), ""},
		{"no domain", spiffeid.TrustDomain{}, list(root()), "needs a trust domain"},
		{"none", shop, nil, "no X.509 authority"},
		{"too many", shop, repeat(root(), 101), "more than 100"},
		{"an SVID", shop, list(root(), minttest.SVID(t, minttest.CA(t, "shop.test"), web).Leaf()), "not a CA"},
		{"a self-signed leaf", shop, list(root(edit(func(c *x509.Certificate) { c.IsCA = false }))), "not a CA"},
		{"no keyCertSign", shop, list(root(edit(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }))), "keyCertSign"},
		{"RSA of 1024 bits", shop, list(root(mint.PrivateKey(key1024))), "1024 bits"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b, err := svid.NewBundle(tc.domain, tc.authorities)
			if tc.want == "" {
				if err != nil || b.TrustDomain() != tc.domain {
					t.Fatalf("got %v, %v", b.TrustDomain(), err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) || !b.TrustDomain().IsZero() {
				t.Fatalf("got %v, %v; want an error with %q", b.TrustDomain(), err, tc.want)
			}
		})
	}
}

func TestNewBundles(t *testing.T) {
	a := bundle(t, "shop.test", minttest.CA(t, "shop.test").Certificate())
	b := bundle(t, "shop.test", minttest.CA(t, "shop.test").Certificate())
	if _, err := svid.NewBundles(a, b); err == nil {
		t.Error("two bundles of one trust domain were accepted")
	}
	if _, err := svid.NewBundles(a, svid.Bundle{}); err == nil {
		t.Error("a zero bundle was accepted")
	}
}

func TestDomainsDiffer(t *testing.T) {
	one, two := minttest.CA(t, "shop.test").Certificate(), minttest.CA(t, "shop.test").Certificate()
	base := bundles(t, bundle(t, "shop.test", one, two), bundle(t, "partner.test", one))
	for _, tc := range []struct {
		name string
		set  *svid.Bundles
		same bool
	}{
		{"another order", bundles(t, bundle(t, "partner.test", one), bundle(t, "shop.test", two, one)), true},
		{"one twice", bundles(t, bundle(t, "shop.test", one, two, one), bundle(t, "partner.test", one)), true},
		{"stale at noon", bundles(t, bundle(t, "shop.test", one, two).Until(noon), bundle(t, "partner.test", one)), false},
		{"one fewer", bundles(t, bundle(t, "shop.test", one), bundle(t, "partner.test", one)), false},
		{"swapped", bundles(t, bundle(t, "shop.test", one), bundle(t, "partner.test", one, two)), false},
		{"a domain fewer", bundles(t, bundle(t, "shop.test", one, two)), false},
		{"another name", bundles(t, bundle(t, "shop.test", one, two), bundle(t, "partners.test", one)), false},
		{"empty", bundles(t), false},
		{"nil", nil, false},
	} {
		if same := slices.Equal(tc.set.Domains(), base.Domains()); same != tc.same {
			t.Errorf("%s: the same domains %v, want %v", tc.name, same, tc.same)
		}
	}
}

func TestDomains(t *testing.T) {
	one, two := minttest.CA(t, "shop.test").Certificate(), minttest.CA(t, "shop.test").Certificate()
	set := bundles(t, bundle(t, "shop.test", one, two), bundle(t, "partner.test", two).Until(noon))
	got := set.Domains()
	if set.Len() != 2 || len(got) != 2 {
		t.Fatalf("Len %d, Domains %v", set.Len(), got)
	}
	names := []string{got[0].Name, got[1].Name}
	if !slices.Equal(names, []string{"partner.test", "shop.test"}) {
		t.Errorf("names %v", names)
	}
	if got[0].Authorities != 1 || !got[0].Until.Equal(noon) || got[1].Authorities != 2 || !got[1].Until.Equal(time.Time{}) {
		t.Errorf("got %+v", got)
	}
	if got[0].Digest == got[1].Digest || got[0].Digest == [32]byte{} {
		t.Error("the digests say nothing")
	}
	if none := (*svid.Bundles)(nil); none.Len() != 0 || none.Domains() != nil {
		t.Error("a nil set is not empty")
	}
}

// TestAll: what a set holds can be handed on, and what is done with it does not come back.
func TestAll(t *testing.T) {
	one, two := minttest.CA(t, "shop.test").Certificate(), minttest.CA(t, "shop.test").Certificate()
	set := bundles(t, bundle(t, "shop.test", one, two, one), bundle(t, "partner.test", two))
	all := set.All()
	if len(all) != 2 || all[0].TrustDomain().Name() != "partner.test" || all[1].TrustDomain().Name() != "shop.test" {
		t.Fatalf("got %v", all)
	}
	got := all[1].Authorities()
	if len(got) != 2 || !slices.ContainsFunc(got, one.Equal) || !slices.ContainsFunc(got, two.Equal) {
		t.Errorf("%d authorities", len(got))
	}
	got[0] = nil
	if again := set.All()[1].Authorities(); again[0] == nil {
		t.Error("the caller's change came back")
	}
	if (*svid.Bundles)(nil).All() != nil {
		t.Error("a nil set is not empty")
	}
}
