package idp_test

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"

	"github.com/postern/postern/e2e/idp"
)

// A small is an issuer of one page: a login that wants a name, a cookie and the code verifier.
type small struct {
	*httptest.Server
	authority *idp.Authority
	challenge string
}

func newSmall(t *testing.T) *small {
	t.Helper()
	s := &small{authority: idp.NewAuthority(t)}
	pair, err := tls.LoadX509KeyPair(s.authority.CertFile, s.authority.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q}`, s.URL, s.URL+"/auth", s.URL+"/token")
	})
	mux.HandleFunc("/auth", s.auth)
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("state"); err != nil || r.PostFormValue("name") != "alice" {
			http.Error(w, "no", http.StatusForbidden)
		} else {
			http.Redirect(w, r, idp.RedirectURI+"?code=c-1&state="+c.Value, http.StatusFound)
		}
	})
	mux.HandleFunc("/token", s.token)
	s.Server = httptest.NewUnstartedServer(mux)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // failed handshakes are what a test is about
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *small) auth(w http.ResponseWriter, r *http.Request) {
	s.challenge = r.FormValue("code_challenge")
	http.SetCookie(w, &http.Cookie{Name: "state", Value: r.FormValue("state"), Secure: true})
	action := "/login"
	if r.FormValue("scope") == "leads-away" {
		action = "http://127.0.0.1:1/login"
	}
	fmt.Fprintf(w, `<form method="post" action=%q><input name="name"><input name="csrf" type="hidden" value="x"></form>`, action)
}

func (s *small) token(w http.ResponseWriter, r *http.Request) {
	verifier := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	id, secret, _ := r.BasicAuth()
	switch {
	case r.PostFormValue("code") != "c-1" || base64.RawURLEncoding.EncodeToString(verifier[:]) != s.challenge:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant","error_description":"not that code"}`)
	default:
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer"}`, r.PostFormValue("client_id")+id+secret)
	}
}

// client discovers the issuer and returns a client of it.
func (s *small) client(t *testing.T, secret string) idp.Client {
	t.Helper()
	server, err := idp.Discover(t.Context(), s.authority.TLS(nil), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return idp.Client{ID: "web", Secret: secret, TLS: s.authority.TLS(nil), Server: server}
}

func TestLogin(t *testing.T) {
	s := newSmall(t)
	for secret, want := range map[string]string{"": "web", "s3": "webs3"} {
		b := idp.NewBrowser(s.authority.TLS(nil), map[string]func() string{"name": idp.Typed("alice")})
		got, err := b.Login(t.Context(), s.client(t, secret), "openid", nil)
		if err != nil || got.Access != want || !slices.Equal(b.Pages, []string{"/auth"}) {
			t.Errorf("secret %q: %+v, %v, pages %v", secret, got, err, b.Pages)
		}
	}
}

func TestLoginFails(t *testing.T) {
	s := newSmall(t)
	for name, x := range map[string]struct {
		who, scope string
		extra      url.Values
	}{
		"another person":          {"mallory", "openid", nil},
		"another challenge":       {"alice", "openid", url.Values{"code_challenge": {"x"}}},
		"a form that leads away":  {"alice", "leads-away", nil},
		"a form that is no login": {"", "openid", nil},
	} {
		b := idp.NewBrowser(s.authority.TLS(nil), map[string]func() string{"name": idp.Typed(x.who)})
		if got, err := b.Login(t.Context(), s.client(t, ""), x.scope, x.extra); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestDiscoverRefusesAnotherName(t *testing.T) {
	s := newSmall(t)
	if got, err := idp.Discover(t.Context(), s.authority.TLS(nil), s.URL+"/"); err == nil {
		t.Errorf("%+v", got)
	}
	if got, err := idp.Discover(t.Context(), idp.NewAuthority(t).TLS(nil), s.URL); err == nil {
		t.Errorf("of another authority: %+v", got)
	}
}
