package control_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/cmd/postern-dev/authority"
	"github.com/postern/postern/cmd/postern-dev/control"
	"github.com/postern/postern/cmd/postern-dev/oidc"
	"github.com/postern/postern/cmd/postern-dev/state"
	"github.com/postern/postern/identity/mint"
)

var (
	shop    = spiffeid.RequireTrustDomainFromString("shop.test")
	partner = spiffeid.RequireTrustDomainFromString("partner.test")
)

func newControl(t testing.TB) (*http.ServeMux, *authority.Authority) {
	t.Helper()
	a, err := authority.New(authority.Config{
		Domains:   []spiffeid.TrustDomain{shop, partner},
		Workloads: []authority.Workload{{Name: "web", ID: spiffeid.RequireFromString("spiffe://shop.test/web")}},
		TTL:       time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	fresh := func() (*mint.Key, error) { return state.Dir{}.NewKey("idp", "ES256") }
	first, err := fresh()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	rotate := control.Control{Authority: a, Keys: oidc.NewKeys(first, fresh, time.Minute, time.Hour), Home: shop}
	rotate.Register(mux)
	return mux, a
}

func post(mux *http.ServeMux, target string) (int, map[string]string) {
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("POST", target, nil))
	body := map[string]string{}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		body["error"] = err.Error()
	}
	return w.Code, body
}

func roots(a *authority.Authority, domain spiffeid.TrustDomain) int {
	snapshot, _ := a.Watch()
	return len(snapshot.Bundle(domain).X509Authorities())
}

func TestRotateCA(t *testing.T) {
	for _, tc := range []struct {
		query         string
		shop, partner int
		lead, keep    string
	}{
		{"", 2, 1, "1m0s", "1h0m0s"},
		{"?trust_domain=partner.test&lead=10s", 1, 2, "10s", "1h0m0s"},
		{"?lead=0s&keep=0s", 1, 1, "0s", "0s"},
	} {
		mux, a := newControl(t)
		code, body := post(mux, "/dev/rotate-ca"+tc.query)
		if code != 200 || body["rotated"] != "ca" || body["lead"] != tc.lead || body["keep"] != tc.keep {
			t.Errorf("%s: %d %v", tc.query, code, body)
		}
		if got := roots(a, shop); got != tc.shop {
			t.Errorf("%s: %d roots of shop.test", tc.query, got)
		}
		if got := roots(a, partner); got != tc.partner {
			t.Errorf("%s: %d roots of partner.test", tc.query, got)
		}
	}
}

func TestRotateSVIDs(t *testing.T) {
	mux, a := newControl(t)
	before, _ := a.Watch()
	if code, body := post(mux, "/dev/rotate-svids"); code != 200 || body["rotated"] != "svids" {
		t.Fatalf("%d %v", code, body)
	}
	after, _ := a.Watch()
	if before.Identities[0].SVID.Leaf().Equal(after.Identities[0].SVID.Leaf()) {
		t.Error("the same SVID")
	}
}

func TestRotateKeys(t *testing.T) {
	mux, _ := newControl(t)
	_, first := post(mux, "/dev/rotate-keys")
	code, second := post(mux, "/dev/rotate-keys?lead=0s&keep=0s")
	if code != 200 || first["kid"] == "" || first["kid"] == second["kid"] || first["lead"] != "1m0s" || second["keep"] != "0s" {
		t.Errorf("%v, then %d %v", first, code, second)
	}
}

func TestRefusals(t *testing.T) {
	mux, a := newControl(t)
	for _, target := range []string{
		"/dev/rotate-ca?trust_domain=elsewhere.test", "/dev/rotate-ca?trust_domain=SHOP", "/dev/rotate-ca?lead=-1s", "/dev/rotate-ca?keep=25h", "/dev/rotate-ca?domain=x",
		"/dev/rotate-keys?lead=soon", "/dev/rotate-keys?keep=-1s", "/dev/rotate-keys?trust_domain=shop.test", "/dev/rotate-svids?lead=1s", "/dev/rotate-keys?lead=1s&lead=2s",
	} {
		if code, body := post(mux, target); code != 400 || body["error"] != "invalid_request" {
			t.Errorf("%s: %d %v", target, code, body)
		}
	}
	if roots(a, shop) != 1 {
		t.Error("rotated all the same")
	}
	for _, path := range []string{"/dev/rotate-keys", "/dev/rotate-ca", "/dev/rotate-svids"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", path, w.Code)
		}
	}
}

func TestRotationWithoutEnd(t *testing.T) {
	mux, _ := newControl(t)
	for range 100 {
		if code, _ := post(mux, "/dev/rotate-keys"); code == 400 {
			return
		}
	}
	t.Error("a hundred keys are published")
}

func ExampleControl_Register() {
	var rotate control.Control
	mux := http.NewServeMux()
	rotate.Register(mux)
	_, pattern := mux.Handler(httptest.NewRequest("POST", "/dev/rotate-keys", nil))
	fmt.Println(pattern)
	// Output: POST /dev/rotate-keys
}
