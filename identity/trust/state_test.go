package trust_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/svid/x509svid"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/svid"
	"github.com/postern/postern/identity/trust"
)

var (
	_ trust.Source    = (*trust.Files)(nil)
	_ trust.Source    = (*trust.WorkloadAPI)(nil)
	_ x509svid.Source = (*trust.WorkloadAPI)(nil)
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func bundlesOf(t *testing.T, list ...svid.Bundle) *svid.Bundles {
	t.Helper()
	set, err := svid.NewBundles(list...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func bundleOf(t *testing.T, ca *mint.CA) svid.Bundle {
	t.Helper()
	b, err := svid.NewBundle(ca.TrustDomain(), []*x509.Certificate{ca.Certificate()})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLacks(t *testing.T) {
	shop, partner := bundleOf(t, minttest.CA(t, "shop.test")), bundleOf(t, minttest.CA(t, "partner.test"))
	for _, tc := range []struct {
		name  string
		state trust.State
		want  int
	}{
		{"zero", trust.State{}, 1},
		{"empty", trust.State{Bundles: bundlesOf(t)}, 1},
		{"nothing, and why", trust.State{Missing: []string{"a"}}, 1},
		{"live", trust.State{Bundles: bundlesOf(t, shop)}, 0},
		{"live, with a problem", trust.State{Bundles: bundlesOf(t, shop), Problems: []string{"a"}}, 0},
		{"live, without an SVID", trust.State{Bundles: bundlesOf(t, shop), Missing: []string{"a"}}, 1},
		{"stale later", trust.State{Bundles: bundlesOf(t, shop.Until(noon.Add(1)))}, 0},
		{"stale", trust.State{Bundles: bundlesOf(t, shop.Until(noon))}, 1},
		{"one of two stale", trust.State{Bundles: bundlesOf(t, shop.Until(noon), partner)}, 0},
		{"stale, without an SVID", trust.State{Bundles: bundlesOf(t, shop.Until(noon)), Missing: []string{"a"}}, 2},
	} {
		if got := tc.state.Lacks(noon); len(got) != tc.want {
			t.Errorf("%s: lacks %q, want %d", tc.name, got, tc.want)
		}
	}
}

func TestEqual(t *testing.T) {
	ca := minttest.CA(t, "shop.test")
	base := func() trust.State {
		return trust.State{Bundles: bundlesOf(t, bundleOf(t, ca)), SelfExpires: noon, Problems: []string{"a"}}
	}
	for name, edit := range map[string]func(*trust.State){
		"bundles":        func(s *trust.State) { s.Bundles = bundlesOf(t, bundleOf(t, minttest.CA(t, "shop.test"))) },
		"no bundles":     func(s *trust.State) { s.Bundles = nil },
		"stale":          func(s *trust.State) { s.Bundles = bundlesOf(t, bundleOf(t, ca).Until(noon)) },
		"self":           func(s *trust.State) { s.Self = ca.TrustDomain().ID() },
		"expiry":         func(s *trust.State) { s.SelfExpires = noon.Add(1) },
		"renewed":        func(s *trust.State) { s.SelfDigest[0]++ },
		"missing":        func(s *trust.State) { s.Missing = []string{"a"} },
		"another reason": func(s *trust.State) { s.Problems = []string{"b"} },
	} {
		other := base()
		edit(&other)
		if base().Equal(other) || other.Equal(base()) {
			t.Errorf("%s: no difference seen", name)
		}
	}
	if !base().Equal(base()) {
		t.Error("the same is different")
	}
}
