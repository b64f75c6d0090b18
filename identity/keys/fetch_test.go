package keys_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// quick are Options for real servers and files: the same, but for the clock.
func quick() keys.Options {
	return keys.Options{Interval: 10 * time.Millisecond, Poll: 5 * time.Millisecond, Timeout: time.Minute}
}

// lease returns a lease that ends with the test.
func lease(t testing.TB, issuer string, from identity.KeySource) *keys.Lease {
	t.Helper()
	return leaseWith(t, quick(), issuer, from)
}

func leaseWith(t testing.TB, o keys.Options, issuer string, from identity.KeySource) *keys.Lease {
	t.Helper()
	p := keys.NewPool(o)
	t.Cleanup(p.Close)
	l, err := p.Acquire(issuer, from)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// has says whether these are a lease's keys.
func has(l *keys.Lease, ids ...string) func() bool {
	return func() bool {
		set := l.Set()
		return set != nil && slices.Equal(set.Keys.KeyIDs(), ids)
	}
}

func TestURL(t *testing.T) {
	a, b := minttest.Key(t, "ES256", "a"), minttest.Key(t, "RS256", "b")
	idp := keystest.New(t, a)
	from := idp.ByURL()
	from.URL += "?key=canary"
	l := lease(t, idp.URL, from)
	keystest.Until(t, "the first key", has(l, "a"))
	idp.Publish(a, b)
	if _, pending := l.Want("b"); !pending {
		t.Error("an unknown key is not pending")
	}
	keystest.Until(t, "the second key", has(l, "a", "b"))
	st := l.Status()
	if st.From != idp.URL+"/jwks" || st.Keys != 2 || st.Digest == "" || st.FetchedAt.IsZero() || st.NextFetch.Before(st.FetchedAt) {
		t.Errorf("status %+v", st)
	}
}

func TestDiscovery(t *testing.T) {
	key := minttest.Key(t, "ES256", "a")
	plain := httptest.NewServer(body(string(mint.JWKS(key))))
	t.Cleanup(plain.Close)
	t.Run("sound", func(t *testing.T) {
		idp := keystest.New(t, key)
		keystest.Until(t, "the key", has(lease(t, idp.URL, idp.ByDiscovery()), "a"))
	})
	t.Run("an issuer with a path and a slash", func(t *testing.T) {
		idp := keystest.New(t, key)
		issuer := idp.URL + "/tenant/"
		idp.Answer("/tenant"+keystest.Discovery, metadata(issuer, idp.URL+"/jwks"))
		keystest.Until(t, "the key", has(lease(t, issuer, idp.ByDiscovery()), "a"))
	})
	for name, answer := range map[string]func(idp *keystest.Issuer) http.HandlerFunc{
		"another issuer":       func(i *keystest.Issuer) http.HandlerFunc { return metadata("https://evil.test", i.URL+"/jwks") },
		"issuer with a slash":  func(i *keystest.Issuer) http.HandlerFunc { return metadata(i.URL+"/", i.URL+"/jwks") },
		"no issuer":            func(i *keystest.Issuer) http.HandlerFunc { return body(`{"jwks_uri":"` + i.URL + `/jwks"}`) },
		"jwks_uri in the open": func(i *keystest.Issuer) http.HandlerFunc { return metadata(i.URL, plain.URL+"/jwks") },
		"jwks_uri a file":      func(i *keystest.Issuer) http.HandlerFunc { return metadata(i.URL, "file:///etc/passwd") },
		"jwks_uri a password": func(i *keystest.Issuer) http.HandlerFunc {
			return metadata(i.URL, strings.Replace(i.URL, "//", "//u:p@", 1)+"/jwks")
		},
		"jwks_uri metadata": func(i *keystest.Issuer) http.HandlerFunc { return metadata(i.URL, "https://169.254.169.254/jwks") },
		"no jwks_uri":       func(i *keystest.Issuer) http.HandlerFunc { return body(`{"issuer":"` + i.URL + `"}`) },
		"a duplicate member": func(i *keystest.Issuer) http.HandlerFunc {
			return body(fmt.Sprintf(`{"issuer":%q,"jwks_uri":"https://evil.test/","jwks_uri":"%s/jwks"}`, i.URL, i.URL))
		},
		"garbage": func(*keystest.Issuer) http.HandlerFunc { return body("<html>") },
		"404":     func(*keystest.Issuer) http.HandlerFunc { return http.NotFound },
	} {
		t.Run(name, func(t *testing.T) {
			idp := keystest.New(t, key)
			idp.Answer(keystest.Discovery, answer(idp))
			l := lease(t, idp.URL, idp.ByDiscovery())
			keystest.Until(t, "two failures", func() bool { return l.Status().Failures > 1 })
			if l.Set() != nil || len(idp.Fetches()) != 0 {
				t.Errorf("keys were fetched: %+v", l.Status())
			}
		})
	}
}

func metadata(issuer, location string) http.HandlerFunc {
	return body(fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, issuer, location))
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
}

// TestHostileIssuer: whatever an issuer answers, the last good keys stay, the reason is
// known, it holds no secret of the URL, and the good answer after it is taken.
func TestHostileIssuer(t *testing.T) {
	key, later := minttest.Key(t, "ES256", "a"), minttest.Key(t, "ES256", "b")
	elsewhere := keystest.New(t, minttest.Key(t, "ES256", "evil"))
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		want   string // in the error
	}{
		"500":               {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "status 500"},
		"204":               {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "status 204"},
		"206":               {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(206); _, _ = w.Write(mint.JWKS()) }, "status 206"},
		"401":               {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401); _, _ = w.Write(mint.JWKS()) }, "status 401"},
		"a redirect":        {redirect(elsewhere.URL + "/jwks"), "status 302"},
		"a redirect within": {redirect("/.well-known/openid-configuration"), "status 302"},
		"garbage":           {body("<html>canary</html>"), "not a JWK Set"},
		"nothing":           {body(""), "not a JWK Set"},
		"cut off":           {body(string(mint.JWKS(key)[:50])), "not a JWK Set"},
		"cut off by length": {short, "unexpected EOF"},
		"control bytes":     {body("\x00\x1b[31m"), "not a JWK Set"},
		"50 MB":             {large, "more than 262144 bytes"},
		"a gzip bomb":       {bomb, "compressed"},
		"endless headers":   {headers, ""},
		"hangs":             {hang, "timed out"},
		"drips":             {drip, "timed out"},
		"cut in the middle": {abort, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			idp := keystest.New(t, key)
			from := idp.ByURL()
			from.URL += "?key=canary"
			from.Refresh = 10 * time.Millisecond
			o := quick()
			if tc.want == "timed out" {
				o.Timeout = time.Second // in which a machine that is busy answers, too
			}
			l := leaseWith(t, o, idp.URL, from)
			keystest.Until(t, "the good key", has(l, "a"))
			idp.Answer("/jwks", tc.answer)
			keystest.Until(t, "a failure", func() bool { return l.Status().Error != "" })
			st := l.Status()
			if !strings.Contains(st.Error, tc.want) || strings.Contains(st.Error, "canary") || strings.ContainsFunc(st.Error, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("the error is %q", st.Error)
			}
			if !has(l, "a")() || !l.Fresh(time.Now()) {
				t.Error("the good keys are gone")
			}
			idp.Publish(later)
			idp.Answer("/jwks", nil)
			keystest.Until(t, "recovery", has(l, "b"))
			keystest.Until(t, "no error", func() bool { return l.Status().Error == "" })
		})
	}
	if n := len(elsewhere.Fetches()); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

// short promises more than it sends.
func short(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = w.Write([]byte(`{"keys":[]}`))
}

func large(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte(`{"keys":[`))
	for range 50 {
		if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<20)); err != nil {
			return
		}
	}
}

func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	for range 50 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
}

func headers(w http.ResponseWriter, _ *http.Request) {
	for i := range 1000 {
		w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("x", 100))
	}
	_, _ = w.Write(mint.JWKS())
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func drip(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		_, _ = w.Write([]byte(" "))
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func abort(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte(`{"keys":`))
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// TestTrust: the issuer is who its certificate says, by the roots that the provider names.
func TestTrust(t *testing.T) {
	idp, other := keystest.New(t, minttest.Key(t, "ES256", "a")), keystest.New(t)
	empty := minttest.File(t, "ca.pem", []byte("no certificate"))
	link := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.Symlink(idp.CAFile, link); err != nil {
		t.Fatal(err)
	}
	ca := minttest.CA(t, "elsewhere.test").BundlePEM()
	for name, tc := range map[string]struct {
		caFile string
		want   string
	}{
		"the system's roots": {"", "certificate"},
		"another root":       {minttest.File(t, "ca.pem", ca), "certificate"},
		"no PEM":             {empty, "no PEM certificate"},
		"no file":            {filepath.Join(t.TempDir(), "none.pem"), "no such file"},
		"a folder":           {t.TempDir(), "not a regular file"},
		"a link elsewhere":   {link, "path escapes"},
	} {
		t.Run(name, func(t *testing.T) {
			from := idp.ByURL()
			from.CAFile, from.Root = tc.caFile, filepath.Dir(tc.caFile)
			l := lease(t, idp.URL, from)
			keystest.Until(t, "a failure", func() bool { return l.Status().Error != "" })
			if st := l.Status(); !strings.Contains(st.Error, tc.want) || l.Set() != nil {
				t.Errorf("status %+v", st)
			}
		})
	}
	if len(idp.Fetches()) != 0 || len(other.Fetches()) != 0 {
		t.Error("someone was asked all the same")
	}
}

// TestCARotation: the roots are read at each fetch.
func TestCARotation(t *testing.T) {
	idp := keystest.New(t, minttest.Key(t, "ES256", "a"))
	from := idp.ByURL()
	good, err := os.ReadFile(from.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	from.CAFile = minttest.File(t, "ca.pem", minttest.CA(t, "elsewhere.test").BundlePEM())
	from.Root = filepath.Dir(from.CAFile)
	l := lease(t, idp.URL, from)
	keystest.Until(t, "a failure", func() bool { return l.Status().Error != "" })
	if err := os.WriteFile(from.CAFile, good, 0o600); err != nil {
		t.Fatal(err)
	}
	keystest.Until(t, "the key", has(l, "a"))
}

func TestForbiddenAddress(t *testing.T) {
	for _, host := range []string{"169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "0.0.0.0"} {
		t.Run(host, func(t *testing.T) {
			from := identity.KeySource{URL: "https://" + host + "/jwks", Refresh: time.Minute, MaxStale: time.Hour}
			l := lease(t, "https://idp.test", from)
			keystest.Until(t, "a failure", func() bool { return l.Status().Error != "" })
			if st := l.Status(); !strings.Contains(st.Error, "no issuer may have") || !st.Forbidden {
				t.Errorf("the error is %q, forbidden: %v", st.Error, st.Forbidden)
			}
		})
	}
}

func TestCheckAddress(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:443":               true,
		"10.0.0.7:443":                true,
		"[::1]:8443":                  true,
		"[fd00::1]:443":               true,
		"[2001:db8::1]:443":           true,
		"93.184.216.34:443":           true,
		"169.254.169.254:80":          false,
		"169.254.0.1:443":             false,
		"[fe80::1%eth0]:443":          false,
		"[febf::1]:443":               false,
		"[fd00:ec2::254]:80":          false,
		"[::ffff:169.254.169.254]:80": false,
		"[64:ff9b::a9fe:a9fe]:80":     false,
		"[64:ff9b::7f00:1]:443":       true,
		"100.100.100.200:80":          false,
		"100.100.100.201:443":         true,
		"192.0.0.192:80":              false,
		"0.0.0.0:443":                 false,
		"[::]:443":                    false,
		"224.0.0.1:443":               false,
		"[ff02::1]:443":               false,
		"idp.test:443":                false,
		"":                            false,
	} {
		if err := keys.CheckAddress(address, nil); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}
