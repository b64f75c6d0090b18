package sds_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"

	"github.com/postern/postern/deploy/sds"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// TestEveryName asks for each name and gets that alone.
func TestEveryName(t *testing.T) {
	shop, partner := minttest.CA(t, "shop.test"), minttest.CA(t, "partner.test")
	own := minttest.SVID(t, minttest.Intermediate(t, shop), orders)
	keyPEM := own.KeyPEM()
	w := serve(t, nil)
	w.give(sds.State{Identity: identity(t, own), Bundles: bundles(t, shop, partner)})
	for _, name := range []string{sds.Default, orders} {
		got := w.open("", name).take()
		c := got[name].GetTlsCertificate()
		if len(got) != 1 || string(c.GetPrivateKey().GetInlineBytes()) != string(keyPEM) {
			t.Errorf("%s: %d secrets, or another key", name, len(got))
		}
		if chain := string(c.GetCertificateChain().GetInlineBytes()); strings.Count(chain, "BEGIN CERTIFICATE") != 2 || !strings.HasPrefix(chain, string(mint.CertificatePEM(own.Leaf()))) {
			t.Errorf("%s: the chain is %s", name, chain)
		}
	}
	shopPEM, partnerPEM := string(shop.BundlePEM()), string(partner.BundlePEM())
	for name, want := range map[string]map[string]string{
		sds.RootCA:              {"shop.test": shopPEM},
		"spiffe://shop.test":    {"shop.test": shopPEM},
		"spiffe://partner.test": {"partner.test": partnerPEM},
		sds.All:                 {"shop.test": shopPEM, "partner.test": partnerPEM},
	} {
		got := w.open("", name).take()
		if domains := trusts(t, got[name]); len(got) != 1 || fmt.Sprint(domains) != fmt.Sprint(want) {
			t.Errorf("%s: %d secrets, %v", name, len(got), domains)
		}
	}
	heap := string(w.open("", sds.Callers).take()[sds.Callers].GetValidationContext().GetTrustedCa().GetInlineBytes())
	if !strings.Contains(heap, shopPEM) || !strings.Contains(heap, partnerPEM) {
		t.Errorf("CALLERS has %s", heap)
	}
}

// TestWhatIsNotThereIsWaitedFor opens streams before there is anything, and for names that nobody has.
func TestWhatIsNotThereIsWaitedFor(t *testing.T) {
	shop, partner := minttest.CA(t, "shop.test"), minttest.CA(t, "partner.test")
	w := serve(t, nil)
	own, ally := w.open("", sds.Default, "spiffe://shop.test/somebody-else", "nonsense", ""), w.open("", "spiffe://partner.test")
	w.give(sds.State{Bundles: bundles(t, shop)})
	w.give(sds.State{Bundles: bundles(t, shop), Identity: identity(t, minttest.SVID(t, shop, orders))})
	if got := own.take(); len(got) != 1 || got[sds.Default] == nil {
		t.Errorf("got %v", got)
	}
	w.give(sds.State{Bundles: bundles(t, shop, partner), Identity: identity(t, minttest.SVID(t, shop, orders))})
	if got := trusts(t, ally.take()["spiffe://partner.test"]); got["partner.test"] == "" {
		t.Errorf("got %v", got)
	}
}

// TestChanges: every change arrives, the same again does not, and a stream gets what it asked for alone.
func TestChanges(t *testing.T) {
	shop, partner := minttest.CA(t, "shop.test"), minttest.CA(t, "partner.test")
	w := serve(t, nil)
	first := identity(t, minttest.SVID(t, shop, orders))
	w.give(sds.State{Identity: first, Bundles: bundles(t, shop)})
	own, all := w.open("", sds.Default), w.open("", sds.All)
	own.take()
	all.take()
	w.give(sds.State{Identity: first, Bundles: bundles(t, shop, partner)})
	if got := trusts(t, all.take()[sds.All]); len(got) != 2 {
		t.Errorf("a new domain: %v", got)
	}
	second := minttest.SVID(t, shop, orders)
	w.give(sds.State{Identity: identity(t, second), Bundles: bundles(t, shop, partner)})
	if got := own.take()[sds.Default].GetTlsCertificate(); string(got.GetCertificateChain().GetInlineBytes()) != string(mint.CertificatePEM(second.Leaf())) {
		t.Error("the second answer has not the second certificate: the bundles were a change of the certificate")
	}
	w.give(sds.State{Identity: identity(t, second), Bundles: bundles(t, shop)})
	if got := trusts(t, all.take()[sds.All]); len(got) != 1 {
		t.Errorf("a dropped domain: %v", got)
	}
	if n := w.Counts().Pushes; n != 5 {
		t.Errorf("%d answers for 5 changes", n)
	}
}

// TestADroppedDomainIsReplaced: who was given a bundle of its own is given one that verifies
// nobody, by this process or by the next; who waits for it goes on waiting.
func TestADroppedDomainIsReplaced(t *testing.T) {
	const name = "spiffe://partner.test"
	shop, partner := minttest.CA(t, "shop.test"), minttest.CA(t, "partner.test")
	w := serve(t, nil)
	w.give(sds.State{Bundles: bundles(t, shop, partner)})
	had := w.open("", name)
	had.take()
	w.give(sds.State{Bundles: bundles(t, shop)})
	for who, e := range map[string]*envoy{"this process": had, "the next": w.open("v", name)} {
		got := trusts(t, e.take()[name])
		if len(got) != 1 || got["nobody.invalid"] == "" || got["nobody.invalid"] == string(partner.BundlePEM()) {
			t.Errorf("%s gave %v", who, got)
		}
	}
	waits := w.open("", name)
	w.give(sds.State{}) // nothing is known: nothing is taken away
	w.give(sds.State{Bundles: bundles(t, shop, partner)})
	for _, e := range []*envoy{had, waits} {
		if got := trusts(t, e.take()[name]); got["partner.test"] == "" {
			t.Errorf("when it is back: %v", got)
		}
	}
}

// TestAnExpiredIdentityIsNotSent, to the second.
func TestAnExpiredIdentityIsNotSent(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	shop := minttest.CA(t, "shop.test", mint.Now(noon))
	own := minttest.SVID(t, shop, orders, mint.Now(noon), mint.Lifetime(time.Hour))
	now := &clock{at: own.Leaf().NotAfter}
	w := serve(t, now.now)
	w.give(sds.State{Identity: identity(t, own), Bundles: bundles(t, shop)})
	if got := w.open("", sds.Default, sds.All).take(); len(got) != 2 {
		t.Errorf("in its last second: %d secrets", len(got))
	}
	now.set(own.Leaf().NotAfter.Add(time.Second))
	if got := w.open("", sds.Default, sds.All).take(); len(got) != 1 || got[sds.All] == nil {
		t.Errorf("a second later: %d secrets", len(got))
	}
	w.give(sds.State{Bundles: bundles(t, shop)}) // gone
	if got := w.open("", sds.Default, sds.All).take(); len(got) != 1 {
		t.Errorf("when it is gone: %d secrets", len(got))
	}
}

// TestVersionsSayWhatIsThere: two processes give one version to the same, and another to another.
func TestVersionsSayWhatIsThere(t *testing.T) {
	shop, partner := minttest.CA(t, "shop.test"), minttest.CA(t, "partner.test")
	one, two := identity(t, minttest.SVID(t, shop, orders)), identity(t, minttest.SVID(t, shop, orders))
	of := func(s sds.State, names ...string) string {
		w := serve(t, nil)
		w.give(s)
		r, _ := w.open("", names...).next()
		return r.GetVersionInfo()
	}
	base := sds.State{Identity: one, Bundles: bundles(t, shop)}
	if of(base, sds.Default, sds.All) != of(base, sds.All, sds.Default, sds.All) {
		t.Error("the same has two versions")
	}
	seen := map[string]bool{
		of(base, sds.Default): true, of(base, orders): true, of(base, sds.All): true,
		of(sds.State{Identity: two, Bundles: base.Bundles}, sds.Default):                       true,
		of(sds.State{Identity: one, Bundles: bundles(t, shop, partner)}, sds.All):              true,
		of(sds.State{Identity: one, Bundles: bundles(t, shop, partner)}, "spiffe://shop.test"): true,
	}
	if len(seen) != 6 {
		t.Errorf("6 answers have %d versions", len(seen))
	}
}

// TestOtherNamesOnOneStream: what is new is sent at once, and what is let go of is not sent again.
func TestOtherNamesOnOneStream(t *testing.T) {
	shop := minttest.CA(t, "shop.test")
	w := serve(t, nil)
	w.give(sds.State{Identity: identity(t, minttest.SVID(t, shop, orders)), Bundles: bundles(t, shop)})
	e := w.open("", sds.Default)
	e.take()
	e.ask(sds.Default, sds.All)
	if got := e.take(); got[sds.All] == nil {
		t.Errorf("got %v", got)
	}
	e.ask(sds.All)
	e.take()
	e.ask()
	e.ask(orders)
	if got := e.take(); len(got) != 1 || got[orders] == nil {
		t.Errorf("got %v", got)
	}
}

// TestASlowReaderGetsTheNewest: while an answer is not acknowledged nothing is sent, and then
// only the last of many.
func TestASlowReaderGetsTheNewest(t *testing.T) {
	shop := minttest.CA(t, "shop.test")
	w := serve(t, nil)
	w.give(sds.State{Identity: identity(t, minttest.SVID(t, shop, orders))})
	e := w.open("", sds.Default)
	e.next()
	var last *mint.SVID
	for range 20 {
		last = minttest.SVID(t, shop, orders)
		w.give(sds.State{Identity: identity(t, last)})
	}
	fresh := e.nonce
	e.nonce = "0" // an answer to something older
	e.answer("")
	e.nonce = fresh
	e.answer("")
	got := e.take()[sds.Default].GetTlsCertificate()
	if string(got.GetCertificateChain().GetInlineBytes()) != string(mint.CertificatePEM(last.Leaf())) || w.Counts().Pushes != 2 {
		t.Errorf("after %d answers it has not the newest", w.Counts().Pushes)
	}
}

// TestManyUpdates under many streams: each stream ends with the newest, whatever it was sent before.
func TestManyUpdates(t *testing.T) {
	shop := minttest.CA(t, "shop.test")
	var states []sds.State
	for range 5 {
		states = append(states, sds.State{Identity: identity(t, minttest.SVID(t, shop, orders)), Bundles: bundles(t, shop)})
	}
	last := minttest.SVID(t, shop, orders)
	w := serve(t, nil)
	var ended sync.WaitGroup
	for range 8 {
		e := w.open("", sds.Default)
		ended.Go(func() {
			for {
				r, err := e.stream.Recv()
				if err != nil {
					t.Errorf("a stream ended before it had the newest: %v", err)
					return
				}
				if bytes.Contains(r.GetResources()[0].GetValue(), mint.CertificatePEM(last.Leaf())) {
					return
				}
				if err := e.stream.Send(&discoveryv3.DiscoveryRequest{ResourceNames: e.names, ResponseNonce: r.GetNonce()}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 40 {
		for _, s := range states {
			w.give(s)
			w.Counts()
			w.Refusing()
		}
	}
	w.give(sds.State{Identity: identity(t, last), Bundles: bundles(t, shop)})
	ended.Wait()
}
