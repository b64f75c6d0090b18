package keys_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// A tagged is a page with an entity tag, which says "not modified" to whoever has it.
type tagged struct {
	mu    sync.Mutex
	tag   string
	body  []byte
	full  int // answers with a body
	same  int // answers without
	other int // questions with a tag that was never given
}

func (p *tagged) set(tag string, body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tag, p.body = tag, body
}

func (p *tagged) counts() (full, same, other int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.full, p.same, p.other
}

func (p *tagged) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := r.Header.Get("If-None-Match")
	w.Header().Set("ETag", p.tag)
	switch {
	case asked != "" && asked == p.tag:
		p.same++
		w.WriteHeader(http.StatusNotModified)
		return
	case asked != "":
		p.other++
	}
	p.full++
	_, _ = w.Write(p.body)
}

func often(idp *keystest.Issuer) (*keystest.Issuer, func(t *testing.T, discovery bool) *keys.Lease) {
	return idp, func(t *testing.T, discovery bool) *keys.Lease {
		t.Helper()
		from := idp.ByURL()
		if discovery {
			from = idp.ByDiscovery()
		}
		from.Refresh = 10 * time.Millisecond
		return lease(t, idp.URL, from)
	}
}

// TestNotModified: an answer that did not change is not sent again, and counts as a good fetch.
func TestNotModified(t *testing.T) {
	a, b := minttest.Key(t, "ES256", "a"), minttest.Key(t, "ES256", "b")
	for _, discovery := range []bool{false, true} {
		t.Run(fmt.Sprint("discovery ", discovery), func(t *testing.T) {
			idp, start := often(keystest.New(t))
			page := &tagged{tag: `W/"one"`, body: mint.JWKS(a)}
			location := &tagged{tag: `"place"`, body: fmt.Appendf(nil, `{"issuer":%q,"jwks_uri":%q}`, idp.URL, idp.URL+"/jwks")}
			idp.Answer("/jwks", page.ServeHTTP)
			idp.Answer(keystest.Discovery, location.ServeHTTP)
			l := start(t, discovery)
			keystest.Until(t, "answers without a body", func() bool { _, same, _ := page.counts(); return same > 2 })
			first := l.Status()
			keystest.Until(t, "a later good fetch", func() bool { return l.Status().FetchedAt.After(first.FetchedAt) })
			if full, _, other := page.counts(); full != 1 || other != 0 || !has(l, "a")() || first.Error != "" || l.Status().Generation != 1 {
				t.Errorf("%d bodies, %d other questions, %+v", full, other, l.Status())
			}
			if full, same, _ := location.counts(); discovery && (full != 1 || same == 0) {
				t.Errorf("discovery: %d bodies, %d without", full, same)
			}
			page.set(`"two"`, mint.JWKS(a, b))
			keystest.Until(t, "the new key", has(l, "a", "b"))
		})
	}
}

// TestMovedPage: the tag of one URL is not sent to another.
func TestMovedPage(t *testing.T) {
	idp, start := often(keystest.New(t))
	before, after := &tagged{tag: `"x"`, body: mint.JWKS(minttest.Key(t, "ES256", "a"))}, &tagged{tag: `"x"`, body: mint.JWKS(minttest.Key(t, "ES256", "b"))}
	idp.Answer("/jwks", before.ServeHTTP)
	idp.Answer("/moved", after.ServeHTTP)
	l := start(t, true)
	keystest.Until(t, "the first key", has(l, "a"))
	idp.Answer(keystest.Discovery, metadata(idp.URL, idp.URL+"/moved"))
	keystest.Until(t, "the key of the other page", has(l, "b"))
}

// TestUnaskedNotModified: who has nothing to compare with asks for everything, and takes
// "not modified" for the failure it is.
func TestUnaskedNotModified(t *testing.T) {
	idp, start := often(keystest.New(t))
	idp.Answer("/jwks", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) })
	l := start(t, false)
	keystest.Until(t, "two failures", func() bool { return l.Status().Failures > 1 })
	if st := l.Status(); l.Set() != nil || !strings.Contains(st.Error, "status 304") {
		t.Errorf("status %+v", st)
	}
}

// TestConfirmedGarbage: an answer that was no JWK Set is not confirmed by its tag, so the issuer
// that mends it under the same tag is heard.
func TestConfirmedGarbage(t *testing.T) {
	idp, start := often(keystest.New(t))
	page := &tagged{tag: `"x"`, body: []byte("<html>")}
	idp.Answer("/jwks", page.ServeHTTP)
	l := start(t, false)
	keystest.Until(t, "two failures", func() bool { return l.Status().Failures > 1 })
	page.set(`"x"`, mint.JWKS(minttest.Key(t, "ES256", "a")))
	keystest.Until(t, "the key", has(l, "a"))
}

// TestMissingKeyIsNotConfirmed: an issuer whose tag does not change with its keys is still asked
// for a key that is missing.
func TestMissingKeyIsNotConfirmed(t *testing.T) {
	a, b := minttest.Key(t, "ES256", "a"), minttest.Key(t, "ES256", "b")
	idp, start := often(keystest.New(t))
	page := &tagged{tag: `"x"`, body: mint.JWKS(a)}
	idp.Answer("/jwks", page.ServeHTTP)
	l := start(t, false)
	keystest.Until(t, "an answer without a body", func() bool { _, same, _ := page.counts(); return same > 0 })
	page.set(`"x"`, mint.JWKS(a, b))
	l.Want("b")
	keystest.Until(t, "the missing key", has(l, "a", "b"))
}

// TestOddEntityTags: what is no entity tag, or a long one, is never sent back, and does no harm.
func TestOddEntityTags(t *testing.T) {
	key := minttest.Key(t, "ES256", "a")
	for name, tc := range map[string]struct {
		tags []string
		sent bool
	}{
		"strong":               {[]string{`"a"`}, true},
		"weak":                 {[]string{`W/"a"`}, true},
		"empty":                {[]string{`""`}, true},
		"256 bytes":            {[]string{`"` + strings.Repeat("a", 254) + `"`}, true},
		"257 bytes":            {[]string{`"` + strings.Repeat("a", 255) + `"`}, false},
		"none":                 {nil, false},
		"two":                  {[]string{`"a"`, `"b"`}, false},
		"a list":               {[]string{`"a", "b"`}, false},
		"not quoted":           {[]string{`abc`}, false},
		"half quoted":          {[]string{`"abc`}, false},
		"one quote":            {[]string{`"`}, false},
		"weak alone":           {[]string{`W/`}, false},
		"weak in lower case":   {[]string{`w/"a"`}, false},
		"any":                  {[]string{`*`}, false},
		"with a quote":         {[]string{`"a"b"`}, false},
		"with a space":         {[]string{`"a b"`}, false},
		"not ASCII":            {[]string{"\"\xe9\""}, false},
		"a control character":  {[]string{"\"a\tb\""}, false},
		"15 KiB, as one would": {[]string{`"` + strings.Repeat("a", 15<<10) + `"`}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			idp, start := often(keystest.New(t))
			var mu sync.Mutex
			asked, sent := 0, ""
			idp.Answer("/jwks", func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				asked++
				sent += r.Header.Get("If-None-Match")
				mu.Unlock()
				w.Header()["ETag"] = tc.tags
				_, _ = w.Write(mint.JWKS(key))
			})
			l := start(t, false)
			keystest.Until(t, "three fetches", func() bool { mu.Lock(); defer mu.Unlock(); return asked > 2 })
			mu.Lock()
			defer mu.Unlock()
			if !has(l, "a")() || l.Status().Failures > 0 || (sent != "") != tc.sent {
				t.Errorf("sent back %.100q, status %+v", sent, l.Status())
			}
		})
	}
}

// TestCachingIsOurs: what an issuer says of caching neither hastens nor delays a fetch. Keycloak
// says no-cache, and others a day.
func TestCachingIsOurs(t *testing.T) {
	for _, control := range []string{"no-cache", "no-store, max-age=0", "public, max-age=86400, immutable", "max-age=99999999999999999999"} {
		t.Run(control, func(t *testing.T) {
			idp := keystest.New(t)
			body := mint.JWKS(minttest.Key(t, "ES256", "a"))
			idp.Answer("/jwks", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Cache-Control", control)
				w.Header().Set("Expires", "0")
				_, _ = w.Write(body)
			})
			l := lease(t, idp.URL, idp.ByURL())
			keystest.Until(t, "the key", has(l, "a"))
			if left := time.Until(l.Status().NextFetch); left < 4*time.Minute || left > 5*time.Minute {
				t.Errorf("the next fetch is in %v", left)
			}
		})
	}
}
