package main

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/logout"
	"github.com/postern/postern/identity/mint/minttest"
)

func TestEntryOfALogout(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	both := logout.Logout{Providers: []string{"a"}, Subject: "alice", Session: "s", IssuedAt: now, Lasting: time.Hour}
	user, session := both, both
	user.Session, session.Subject = "", ""
	until := now.Add(time.Hour)
	ofSession := identity.RevocationEntry{Providers: []string{"a"}, SessionIDs: []string{"s"}, Until: until}
	ofUser := identity.RevocationEntry{Providers: []string{"a"}, Subjects: []string{"alice"}, IssuedBefore: now.Add(time.Second), Until: until}
	for name, tc := range map[string]struct {
		l        logout.Logout
		subjects bool
		want     identity.RevocationEntry
	}{
		"both":                            {both, false, ofSession},
		"both, by subject":                {both, true, ofUser},
		"the user alone":                  {user, false, ofUser},
		"the session alone, by subject":   {session, true, ofSession}, // better than nothing
		"the session alone, by sessions":  {session, false, ofSession},
		"the user alone, asked by itself": {user, true, ofUser},
	} {
		if got := entryOf(tc.l, tc.subjects, now); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, tc.want)
		}
	}
}

func TestUntil(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"1s": time.Second, "24h": 24 * time.Hour, "1d": 24 * time.Hour, "3660d": 3660 * 24 * time.Hour, "2026-11-22T12:00:01Z": time.Second,
		"2026-11-22T14:00:00+01:00": time.Hour,
		"0":                         0, "0s": 0, "-1d": 0, "3661d": 0, "d": 0, "1.5d": 0, "2026-11-22T12:00:00Z": 0, "2026-11-23": 0, "": 0, "1h ": 0, "9223372036854775807d": 0,
	} {
		got, err := until(text, now)
		if (err == nil) != (want > 0) || err == nil && got.Sub(now) != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

// TestTheReceiverSpeaksTLS with the certificate that its files hold now.
func TestTheReceiverSpeaksTLS(t *testing.T) {
	ca, dir := minttest.CA(t, "shop.test"), t.TempDir()
	f := &revokeFlags{tlsCert: filepath.Join(dir, "tls.pem"), tlsKey: filepath.Join(dir, "tls.key")}
	write := func() []byte {
		svid := minttest.SVID(t, ca, "spiffe://shop.test/logout")
		for name, text := range map[string][]byte{f.tlsCert: svid.PEM(), f.tlsKey: svid.KeyPEM()} {
			if err := os.WriteFile(name, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return svid.Leaf().Raw
	}
	first := write()
	r := &receiver{flags: f, at: address{"tcp", "127.0.0.1:0"}}
	l, err := r.bind()
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler(), ErrorLog: log.New(io.Discard, "", 0)} // failed handshakes are what this is about
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close() })
	seen := func(config *tls.Config) []byte {
		t.Helper()
		config.InsecureSkipVerify = true
		c, err := tls.Dial("tcp", l.Addr().String(), config)
		if err != nil {
			return nil
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Raw
	}
	if got := seen(&tls.Config{}); string(got) != string(first) {
		t.Error("it has another certificate than its file")
	}
	if seen(&tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}) != nil {
		t.Error("it speaks TLS 1.1")
	}
	second := write()
	if got := seen(&tls.Config{}); string(got) != string(second) {
		t.Error("it has not its new certificate")
	}
	if err := os.WriteFile(f.tlsCert, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := seen(&tls.Config{}); string(got) != string(second) {
		t.Error("it forgets the last good one")
	}
	if _, err := r.bind(); err == nil {
		t.Error("it starts with half a certificate")
	}
}
