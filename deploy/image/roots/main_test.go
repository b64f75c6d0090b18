package main

import (
	"bytes"
	"crypto/x509"
	"errors"
	"testing"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

func TestEveryUnconstrainedRootIsWritten(t *testing.T) {
	var text bytes.Buffer
	if err := write(&text); err != nil {
		t.Fatal(err)
	}
	got := x509.NewCertPool()
	if !got.AppendCertsFromPEM(text.Bytes()) {
		t.Fatal("nothing that Go reads as certificates")
	}
	want, all := x509.NewCertPool(), 0
	for root := range bundle.Roots() {
		all++
		if root.Constraint != nil {
			continue
		}
		cert, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		want.AddCert(cert)
	}
	if !got.Equal(want) || all < 50 {
		t.Fatalf("the PEM does not hold the unconstrained ones of %d roots", all)
	}
}

func TestAnErrorIsNotLost(t *testing.T) {
	if err := write(full{}); !errors.Is(err, errFull) {
		t.Fatalf("got %v", err)
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
