package keys_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

func TestCheck(t *testing.T) {
	const issuer = "https://idp.test/"
	sound := identity.KeySource{Root: "/etc", Refresh: time.Minute, MaxStale: time.Hour}
	for name, tc := range map[string]struct {
		issuer string
		edit   func(*identity.KeySource)
		ok     bool
	}{
		"URL":                          {issuer, func(s *identity.KeySource) { s.URL = "https://idp.test/jwks?tenant=1" }, true},
		"discovery":                    {issuer, func(s *identity.KeySource) { s.Discovery = true }, true},
		"file":                         {issuer, func(s *identity.KeySource) { s.File = "/etc/keys.json" }, true},
		"with a CA file":               {issuer, func(s *identity.KeySource) { s.URL, s.CAFile = "https://idp.test/jwks", "/etc/ca.pem" }, true},
		"a file for any issuer":        {"shop", func(s *identity.KeySource) { s.File = "/etc/keys.json" }, true},
		"nothing":                      {issuer, func(*identity.KeySource) {}, false},
		"URL and file":                 {issuer, func(s *identity.KeySource) { s.URL, s.File = "https://idp.test/jwks", "/etc/keys.json" }, false},
		"URL and discovery":            {issuer, func(s *identity.KeySource) { s.URL, s.Discovery = "https://idp.test/jwks", true }, false},
		"file and CA file":             {issuer, func(s *identity.KeySource) { s.File, s.CAFile = "/etc/keys.json", "/etc/ca.pem" }, false},
		"http":                         {issuer, func(s *identity.KeySource) { s.URL = "http://idp.test/jwks" }, false},
		"file URL":                     {issuer, func(s *identity.KeySource) { s.URL = "file:///etc/keys.json" }, false},
		"no scheme":                    {issuer, func(s *identity.KeySource) { s.URL = "idp.test/jwks" }, false},
		"no host":                      {issuer, func(s *identity.KeySource) { s.URL = "https:///jwks" }, false},
		"opaque":                       {issuer, func(s *identity.KeySource) { s.URL = "https:idp.test" }, false},
		"a port alone":                 {issuer, func(s *identity.KeySource) { s.URL = "https://:443/jwks" }, false},
		"a password":                   {issuer, func(s *identity.KeySource) { s.URL = "https://u:p@idp.test/jwks" }, false},
		"a fragment":                   {issuer, func(s *identity.KeySource) { s.URL = "https://idp.test/jwks#x" }, false},
		"a control character":          {issuer, func(s *identity.KeySource) { s.URL = "https://idp.test/\n" }, false},
		"discovery of an http issuer":  {"http://idp.test", func(s *identity.KeySource) { s.Discovery = true }, false},
		"discovery of no URL":          {"shop", func(s *identity.KeySource) { s.Discovery = true }, false},
		"a relative file":              {issuer, func(s *identity.KeySource) { s.File = "keys.json" }, false},
		"a file elsewhere":             {issuer, func(s *identity.KeySource) { s.File = "/srv/keys.json" }, false},
		"a file above its root":        {issuer, func(s *identity.KeySource) { s.File = "/etc/../srv/keys.json" }, false},
		"a file without a root":        {issuer, func(s *identity.KeySource) { s.File, s.Root = "/etc/keys.json", "" }, false},
		"a relative root":              {issuer, func(s *identity.KeySource) { s.File, s.Root = "etc/keys.json", "etc" }, false},
		"a CA file elsewhere":          {issuer, func(s *identity.KeySource) { s.URL, s.CAFile = "https://idp.test/jwks", "/srv/ca.pem" }, false},
		"a CA file without a root":     {issuer, func(s *identity.KeySource) { s.URL, s.CAFile, s.Root = "https://idp.test/jwks", "/etc/ca.pem", "" }, false},
		"a relative CA file":           {issuer, func(s *identity.KeySource) { s.URL, s.CAFile = "https://idp.test/jwks", "ca.pem" }, false},
		"no refresh":                   {issuer, func(s *identity.KeySource) { s.File, s.Refresh = "/etc/keys.json", 0 }, false},
		"keys that are good for never": {issuer, func(s *identity.KeySource) { s.File, s.MaxStale = "/etc/keys.json", 0 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := sound
			tc.edit(&s)
			if err := keys.Check(tc.issuer, s); (err == nil) != tc.ok {
				t.Errorf("got %v", err)
			}
			p := keys.NewPool(keys.Options{})
			p.Close()
			if l, err := p.Acquire(tc.issuer, s); err == nil || l != nil {
				t.Errorf("a closed pool gives %v", l)
			}
		})
	}
}

// TestShared: two providers of one issuer cost one fetch, at the pace of the more eager.
func TestShared(t *testing.T) {
	set := mint.JWKS(minttest.Key(t, "ES256", "k1"))
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		o := &origin{text: set}
		patient, eager := source(), source()
		eager.Refresh, eager.MaxStale = time.Minute, 2*time.Minute
		a := acquire(t, p, o, patient)
		time.Sleep(10 * time.Second)
		b := acquire(t, p, o, eager)
		if a.Set() == nil || a.Set() != b.Set() {
			t.Fatal("two sets")
		}
		time.Sleep(10 * time.Minute)
		if n := len(o.began()); n < 10 || n > 13 {
			t.Errorf("%d fetches while both use it", n)
		}
		before := len(o.began())
		b.Release()
		b.Release()
		time.Sleep(10 * time.Minute)
		if n := len(o.began()) - before; n < 2 || n > 4 {
			t.Errorf("%d fetches while the patient one uses it", n)
		}
		before = len(o.began())
		a.Release()
		time.Sleep(time.Hour)
		if n := len(o.began()) - before; n != 0 {
			t.Errorf("%d fetches while nobody uses it", n)
		}
		later := time.Now()
		if a.Fresh(later) || a.Set() == nil {
			t.Error("a released lease is fresh, or has lost its keys")
		}
	})
}

func TestEachStaleByItsOwnBound(t *testing.T) {
	set := mint.JWKS(minttest.Key(t, "ES256", "k1"))
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		o := &origin{text: set}
		strict, loose := source(), source()
		strict.MaxStale = time.Minute
		a, b := acquire(t, p, o, strict), acquire(t, p, o, loose)
		time.Sleep(2 * time.Minute)
		if a.Fresh(time.Now()) || !b.Fresh(time.Now()) {
			t.Error("the bound is not the provider's own")
		}
	})
}

// TestReloadsBuyNoFetches takes a source away and brings it back, again and again.
func TestReloadsBuyNoFetches(t *testing.T) {
	set := mint.JWKS(minttest.Key(t, "ES256", "k1"))
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		o := &origin{text: set}
		for range 100 {
			l := acquire(t, p, o, source())
			time.Sleep(time.Second)
			l.Want("k2")
			time.Sleep(2 * time.Second)
			l.Release()
		}
		o.budget(t)
		if n := len(o.began()); n < 8 || n > 11 {
			t.Errorf("%d fetches in five minutes", n)
		}
	})
}

// TestKeysSurviveAReload: the new lease comes before the old one goes.
func TestKeysSurviveAReload(t *testing.T) {
	set := mint.JWKS(minttest.Key(t, "ES256", "k1"))
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		defer p.Close()
		o := &origin{text: set}
		old := acquire(t, p, o, source())
		synctest.Wait()
		changed := source()
		changed.Refresh = time.Minute
		l := acquire(t, p, o, changed)
		old.Release()
		if l.Set() == nil || !l.Fresh(time.Now()) {
			t.Error("the keys are gone")
		}
		time.Sleep(61 * time.Second)
		if n := len(o.began()); n != 2 {
			t.Errorf("%d fetches", n)
		}
	})
}

// TestCloseEndsEverything: synctest fails a test that leaves a goroutine behind.
func TestCloseEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := keys.NewPool(keys.Options{})
		o := &origin{takes: 5 * time.Second}
		l := acquire(t, p, o, source())
		time.Sleep(time.Second)
		p.Close()
		if st := l.Status(); st.Failures != 0 {
			t.Errorf("being stopped is a failure: %+v", st)
		}
		l.Release()
		p.Close()
	})
}
