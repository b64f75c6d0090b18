package sds_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/deploy/sds"
	"github.com/postern/postern/identity/mint/minttest"
)

// TestARefusalIsReportedOnce, is not answered by the same again, and is over once something is taken.
func TestARefusalIsReportedOnce(t *testing.T) {
	shop := minttest.CA(t, "shop.test")
	w := serve(t, nil)
	w.give(sds.State{Identity: identity(t, minttest.SVID(t, shop, orders)), Bundles: bundles(t, shop)})
	long := "Failed to load certificate chain from <inline>" + strings.Repeat("é", 500)
	var version string
	streams := []*envoy{w.open("", sds.Default), w.open("", sds.Default)}
	for _, e := range streams {
		r, _ := e.next()
		version = r.GetVersionInfo()
		e.answer(long)
		e.answer(long) // as a client that asks for the same names again
	}
	got := <-w.refused
	if got.Version != version || fmt.Sprint(got.Names) != "[default]" || !strings.HasPrefix(got.Detail, "Failed to load") || len(got.Detail) > 300 || !utf8.ValidString(got.Detail) {
		t.Errorf("reported %+v", got)
	}
	if last, refusing := w.Refusing(); !refusing || last.Version != version {
		t.Errorf("it refuses %+v, %v", last, refusing)
	}
	w.give(sds.State{Identity: identity(t, minttest.SVID(t, shop, orders)), Bundles: bundles(t, shop)})
	for _, e := range streams {
		if r, _ := e.next(); r.GetVersionInfo() == version {
			t.Error("it was sent again")
		}
		e.answer("")
	}
	e := w.open("", sds.All)
	e.take()
	e.ask(sds.All, sds.Default)
	e.take()
	if n := w.Counts().Refused; n != 1 || len(w.refused) != 0 {
		t.Errorf("%d refusals were counted, %d more reported", n, len(w.refused))
	}
	deadline := time.Now().Add(time.Minute)
	for last, refusing := w.Refusing(); refusing; last, refusing = w.Refusing() { // what they took is read in its time
		if time.Now().After(deadline) {
			t.Fatalf("it still refuses %+v", last)
		}
		time.Sleep(time.Millisecond)
	}
}

// TestTheKeyIsNowhere prints an identity in every way, and lets Envoy quote it.
func TestTheKeyIsNowhere(t *testing.T) {
	own := minttest.SVID(t, minttest.CA(t, "shop.test"), orders)
	state := sds.State{Identity: identity(t, own)}
	lines := bytes.Split(bytes.TrimSpace(own.KeyPEM()), []byte("\n"))
	w := serve(t, nil)
	w.give(state)
	e := w.open("", sds.Default)
	e.next()
	e.answer("cannot parse " + string(lines[1]))
	quoted := <-w.refused
	w.give(sds.State{Identity: identity(t, minttest.SVID(t, minttest.CA(t, "shop.test"), orders))})
	e.next()
	e.answer("cannot parse -----BEGIN PRIVATE KEY-----")
	texts := []string{fmt.Sprint(quoted), fmt.Sprint(<-w.refused), state.Identity.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		texts = append(texts, fmt.Sprintf(verb, state.Identity), fmt.Sprintf(verb, state), fmt.Sprintf(verb, &state))
	}
	asJSON, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range append(texts, string(asJSON)) {
		for _, secret := range []string{string(lines[1]), fmt.Sprintf("%x", lines[1]), strings.Trim(fmt.Sprint(lines[1]), "[]"), "BEGIN PRIVATE"} {
			if strings.Contains(text, secret) {
				t.Errorf("the key is in %.200s", text)
			}
		}
	}
}

func TestIdentitiesThatAreRefused(t *testing.T) {
	ca := minttest.CA(t, "shop.test")
	own, other := minttest.SVID(t, ca, orders), minttest.SVID(t, ca, orders)
	id := spiffeid.RequireFromString(orders)
	for name, build := range map[string]func() (sds.Identity, error){
		"no ID":          func() (sds.Identity, error) { return sds.NewIdentity(spiffeid.ID{}, own.Certificates, own.Key) },
		"no certificate": func() (sds.Identity, error) { return sds.NewIdentity(id, nil, own.Key) },
		"no key":         func() (sds.Identity, error) { return sds.NewIdentity(id, own.Certificates, nil) },
		"another's key":  func() (sds.Identity, error) { return sds.NewIdentity(id, own.Certificates, other.Key) },
	} {
		if i, err := build(); err == nil || !i.IsZero() {
			t.Errorf("%s: %v, %v", name, i, err)
		}
	}
	if i := identity(t, own); i.IsZero() || !i.Expires().Equal(own.Leaf().NotAfter) || !(sds.Identity{}).Expires().IsZero() {
		t.Error("an identity says something else than its certificate")
	}
}
