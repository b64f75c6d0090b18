package authority_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"

	"github.com/postern/postern/cmd/postern-dev/authority"
)

const ttl = 10 * time.Minute

var (
	shop    = spiffeid.RequireTrustDomainFromString("shop.test")
	partner = spiffeid.RequireTrustDomainFromString("partner.test")
)

func config(t testing.TB, workloads ...string) authority.Config {
	t.Helper()
	c := authority.Config{Domains: []spiffeid.TrustDomain{shop, partner}, TTL: ttl}
	for _, s := range workloads {
		w, err := authority.ParseWorkload(s)
		if err != nil {
			t.Fatal(err)
		}
		c.Workloads = append(c.Workloads, w)
	}
	return c
}

// inBubble runs test with an authority that lives in time of its own.
func inBubble(t *testing.T, test func(t *testing.T, a *authority.Authority)) {
	synctest.Test(t, func(t *testing.T) {
		a, err := authority.New(config(t, "spiffe://shop.test/ns/shop/sa/web", "spiffe://partner.test/app"))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		test(t, a)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// verify holds that every SVID of the snapshot is sound now, by the bundle of its domain.
func verify(t *testing.T, s *authority.Snapshot) {
	t.Helper()
	for _, identity := range s.Identities {
		id, _, err := x509svid.Verify(identity.SVID.Certificates, s.Bundle(identity.ID.TrustDomain()), x509svid.WithTime(time.Now()))
		if err != nil || id != identity.ID {
			t.Fatalf("%s: %v, %v", identity.ID, id, err)
		}
	}
}

func serial(s *authority.Snapshot, i int) string {
	return s.Identities[i].SVID.Leaf().SerialNumber.String()
}

func TestSVIDsAreReplacedAtHalfTheirLife(t *testing.T) {
	inBubble(t, func(t *testing.T, a *authority.Authority) {
		first, changed := a.Watch()
		verify(t, first)
		time.Sleep(ttl/2 - time.Second)
		synctest.Wait()
		if now, _ := a.Watch(); now != first {
			t.Fatal("replaced too early")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		select {
		case <-changed:
		default:
			t.Fatal("nobody was told")
		}
		second, _ := a.Watch()
		verify(t, second)
		if serial(first, 0) == serial(second, 0) || serial(first, 1) == serial(second, 1) {
			t.Error("not replaced")
		}
		for range 20 {
			time.Sleep(ttl / 3)
			synctest.Wait()
			s, _ := a.Watch()
			verify(t, s)
		}
	})
}

func TestRotateSVIDs(t *testing.T) {
	inBubble(t, func(t *testing.T, a *authority.Authority) {
		before, _ := a.Watch()
		if err := a.RotateSVIDs(); err != nil {
			t.Fatal(err)
		}
		after, _ := a.Watch()
		verify(t, after)
		if serial(before, 0) == serial(after, 0) {
			t.Error("not replaced")
		}
	})
}

func TestRotateCAFailsNobody(t *testing.T) {
	inBubble(t, func(t *testing.T, a *authority.Authority) {
		before, _ := a.Watch()
		if err := a.RotateCA(shop, time.Minute, a.Overlap()); err != nil {
			t.Fatal(err)
		}
		published, _ := a.Watch()
		if n := len(published.Bundle(shop).X509Authorities()); n != 2 || serial(published, 0) != serial(before, 0) {
			t.Fatalf("%d roots published; the SVID must not change yet", n)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		switched, _ := a.Watch()
		verify(t, switched)
		if serial(switched, 0) == serial(before, 0) || serial(switched, 1) != serial(before, 1) {
			t.Fatal("the SVIDs of the rotated domain, and only they, must be replaced")
		}
		if _, _, err := x509svid.Verify(before.Identities[0].SVID.Certificates, switched.Bundle(shop), x509svid.WithTime(time.Now())); err != nil {
			t.Fatalf("an old SVID fails: %v", err)
		}
		time.Sleep(a.Overlap())
		synctest.Wait()
		after, _ := a.Watch()
		verify(t, after)
		if n := len(after.Bundle(shop).X509Authorities()); n != 1 || len(after.Bundle(shop).JWTAuthorities()) != 1 {
			t.Fatalf("%d roots after the overlap", n)
		}
	})
}

func TestRotateCAInAnEmergency(t *testing.T) {
	inBubble(t, func(t *testing.T, a *authority.Authority) {
		before, _ := a.Watch()
		if err := a.RotateCA(shop, 0, 0); err != nil {
			t.Fatal(err)
		}
		after, _ := a.Watch()
		verify(t, after)
		if _, _, err := x509svid.Verify(before.Identities[0].SVID.Certificates, after.Bundle(shop), x509svid.WithTime(time.Now())); err == nil {
			t.Error("the old SVID still verifies")
		}
		if err := a.RotateCA(spiffeid.RequireTrustDomainFromString("elsewhere.test"), 0, 0); err == nil {
			t.Error("rotated a domain that is not served")
		}
		if err := a.RotateCA(shop, -1, 0); err == nil {
			t.Error("took a negative lead")
		}
	})
}

func TestJWTSVID(t *testing.T) {
	a, err := authority.New(config(t, "spiffe://shop.test/ns/shop/sa/web"))
	if err != nil {
		t.Fatal(err)
	}
	s, _ := a.Watch()
	web := s.Identities[0].ID
	token, err := s.JWTSVID(web, []string{"orders"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if svid, err := jwtsvid.ParseAndValidate(token, s.Bundle(shop), []string{"orders"}); err != nil || svid.ID != web {
		t.Fatalf("%v, %v", svid, err)
	}
	if _, err := jwtsvid.ParseAndValidate(token, s.Bundle(shop), []string{"payments"}); err == nil {
		t.Error("good for another audience")
	}
	if _, err := s.JWTSVID(web, nil, time.Now()); err == nil {
		t.Error("signed without an audience")
	}
	if _, err := s.JWTSVID(spiffeid.RequireFromString("spiffe://elsewhere.test/a"), []string{"a"}, time.Now()); err == nil {
		t.Error("signed for a domain that is not served")
	}
	if s.Bundle(spiffeid.RequireTrustDomainFromString("elsewhere.test")) != nil {
		t.Error("a bundle of a domain that is not served")
	}
}

func TestBadConfigurations(t *testing.T) {
	web := "spiffe://shop.test/ns/shop/sa/web"
	for name, edit := range map[string]func(*authority.Config){
		"no domain":           func(c *authority.Config) { c.Domains = nil },
		"no workload":         func(c *authority.Config) { c.Workloads = nil },
		"domain twice":        func(c *authority.Config) { c.Domains = append(c.Domains, shop) },
		"name twice":          func(c *authority.Config) { c.Workloads = append(c.Workloads, c.Workloads[0]) },
		"domain not served":   func(c *authority.Config) { c.Domains = []spiffeid.TrustDomain{partner} },
		"SVIDs that rush off": func(c *authority.Config) { c.TTL = time.Second },
	} {
		c := config(t, web)
		edit(&c)
		if _, err := authority.New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestParseWorkload(t *testing.T) {
	for _, tc := range []struct{ in, name, id string }{
		{"spiffe://shop.test/ns/shop/sa/web", "web", "spiffe://shop.test/ns/shop/sa/web"},
		{"front=spiffe://shop.test/ns/shop/sa/web", "front", "spiffe://shop.test/ns/shop/sa/web"},
		{"web-2=spiffe://shop.test/Web", "web-2", "spiffe://shop.test/Web"},
	} {
		w, err := authority.ParseWorkload(tc.in)
		if err != nil || w.Name != tc.name || w.ID.String() != tc.id {
			t.Errorf("%s: %+v, %v", tc.in, w, err)
		}
	}
	for _, in := range []string{
		"", "web", "=", "web=", "web=web", "https://shop.test/web", "spiffe://shop.test", "web=spiffe://shop.test", "spiffe://shop.test/", "spiffe://shop.test/..",
		"spiffe://shop.test/Web", "../x=spiffe://shop.test/web", "a/b=spiffe://shop.test/web", ".=spiffe://shop.test/web", "=spiffe://shop.test/web",
		"this-name-is-longer-than-a-socket-likes=spiffe://shop.test/web",
	} {
		if w, err := authority.ParseWorkload(in); err == nil {
			t.Errorf("%q: %+v", in, w)
		}
	}
}

func FuzzParseWorkload(f *testing.F) {
	for _, seed := range []string{"spiffe://shop.test/web", "web=spiffe://shop.test/ns/shop/sa/web", "=", "a=b=c", "../=spiffe://a/b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, err := authority.ParseWorkload(s)
		if err != nil {
			if w != (authority.Workload{}) {
				t.Fatalf("%q: an error and %+v", s, w)
			}
			return
		}
		if again, err := authority.ParseWorkload(w.Name + "=" + w.ID.String()); err != nil || again != w {
			t.Fatalf("%q: %+v, then %+v, %v", s, w, again, err)
		}
	})
}

func ExampleParseWorkload() {
	w, err := authority.ParseWorkload("spiffe://shop.test/ns/shop/sa/web")
	fmt.Println(w.Name, w.ID, err)
	// Output: web spiffe://shop.test/ns/shop/sa/web <nil>
}
