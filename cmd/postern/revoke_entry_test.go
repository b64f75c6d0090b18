package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

func TestSerial(t *testing.T) {
	for text, want := range map[string]string{
		"0a1b": "0a1b", "0A:1B": "0a1b", "serial=0A1B": "0a1b", "0x0a1b": "0a1b", "a1b": "0a1b", "00 0a 1b": "0a1b", "00": "00", "xyz1": "xyz1", "": "",
	} {
		if got := serial(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestIssuedBefore(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 1, time.UTC)
	for text, want := range map[string]time.Time{
		"": {}, "now": now.Truncate(time.Second).Add(time.Second), "2026-11-22T09:00:00Z": time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC),
	} {
		if got, err := issuedBefore(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"then", "2026-11-22", "24h", "NOW"} {
		if _, err := issuedBefore(text, now); err == nil {
			t.Errorf("%q is a time", text)
		}
	}
}

func TestHowAnEntryIsShown(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		e           identity.RevocationEntry
		thing, left string
	}{
		{identity.RevocationEntry{Providers: []string{"a", "b"}, Subjects: []string{"x", "y"}, Until: now.Add(59 * time.Second)}, "subjects x y of a b", "59s"},
		{identity.RevocationEntry{Providers: []string{"a"}, IssuedBefore: now, Until: now.Add(time.Minute)}, "all tokens of a issued before 2026-11-22T12:00:00Z", "1m"},
		{identity.RevocationEntry{Callers: []string{"spiffe://a.test/**"}, Until: now.Add(47*time.Hour + 59*time.Minute)}, "callers spiffe://a.test/**", "47h59m"},
		{identity.RevocationEntry{TrustDomain: "a.test", Serials: []string{"0a"}, Until: now.Add(48 * time.Hour)}, "serials 0a of a.test", "2d0h"},
		{identity.RevocationEntry{Providers: []string{"a"}, TokenIDs: []string{"t"}, Until: now.Add(-time.Second)}, "token ids t of a", "0s"},
		{identity.RevocationEntry{Providers: []string{"a"}, SessionIDs: []string{"s"}, Until: time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)}, "sessions s of a", "355055d12h"},
		{identity.RevocationEntry{Providers: []string{"a"}, KeyIDs: []string{"k"}, Until: now.Add(time.Hour)}, "keys k of a", "1h0m"},
	} {
		r := shownEntry("", tc.e, now)
		if r.thing() != tc.thing || r.left() != tc.left {
			t.Errorf("got %q, %q, want %q, %q", r.thing(), r.left(), tc.thing, tc.left)
		}
	}
}

// TestTheEndThatIsLeftOut is when the last token of the provider that exists now has expired.
func TestTheEndThatIsLeftOut(t *testing.T) {
	dir := t.TempDir()
	long := strings.NewReplacer("name: shop-idp", "name: long-idp", "jwks:", "maxLifetime: 72h\n    skew: 10s\n    jwks:").Replace(receivedIDP)
	writePolicy(t, filepath.Join(dir, "idp.yaml"), receivedIDP+"---\n"+long)
	token := minttest.Token(t, minttest.Key(t, "ES256", "k-1"), time.Now(), mint.Set("jti", "j-1"))
	for name, tc := range map[string]struct {
		stdin string
		args  []string
		want  time.Duration
	}{
		"one provider":  {"", []string{"--provider", "shop-idp", "--token-id", "x"}, 24*time.Hour + time.Minute},
		"the other":     {"", []string{"--provider", "long-idp", "--token-id", "x"}, 72*time.Hour + 20*time.Second},
		"one of both":   {token, []string{"--token", "-", "--provider", "shop-idp"}, 24*time.Hour + time.Minute},
		"said, in days": {token, []string{"--token", "-", "--provider", "long-idp", "--until", "2d"}, 48 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			stdout, stderr, err := postern(tc.stdin, append([]string{"revoke", "--policies", dir, "--output", "json", "--dry-run"}, tc.args...)...)
			if err != nil || stderr != "" || strings.Contains(stdout, token[:30]) {
				t.Fatal(err, stdout, stderr)
			}
			var shown revokedEntry
			if err := json.Unmarshal([]byte(stdout), &shown); err != nil {
				t.Fatal(err)
			}
			if got := shown.Until.Sub(began.Add(tc.want)); got < -time.Second || got > time.Minute {
				t.Errorf("it ends %v from when it should", got)
			}
		})
	}
	if names, err := filepath.Glob(filepath.Join(dir, "revocations", "*")); err != nil || len(names) > 0 {
		t.Errorf("a dry run has made %v: %v", names, err)
	}
}
