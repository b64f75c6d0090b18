package idp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// RedirectURI is where every client of the tests is sent back to. Nothing listens there: the
// browser stops before it.
const RedirectURI = "https://127.0.0.1/cb"

// A Browser is a person's: it keeps cookies, follows redirects and fills in forms.
type Browser struct {
	client *http.Client
	// Answers are what the person types, by the name of the input. A value is asked for when
	// it is needed, since a one-time password has its time.
	Answers map[string]func() string
	// Pages are the addresses of the pages that showed a form, in their order, without query.
	Pages []string
}

// NewBrowser returns a Browser without cookies that trusts as c does.
func NewBrowser(c *tls.Config, answers map[string]func() string) *Browser {
	jar, _ := cookiejar.New(nil) // it never fails
	b := &Browser{client: browserOf(c), Answers: answers}
	b.client.Jar = jar
	return b
}

// Typed is an answer that is always the same.
func Typed(s string) func() string { return func() string { return s } }

// Login gets tokens by an authorization code with PKCE (RFC 6749 section 4.1, RFC 7636). extra
// goes into the authorization request, and resource of it into the token request too.
func (b *Browser) Login(ctx context.Context, c Client, scope string, extra url.Values) (Tokens, error) {
	verifier := rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {RedirectURI}, "scope": {scope},
		"state": {rand.Text()}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}
	for name, values := range extra {
		q[name] = values
	}
	back, err := b.Visit(ctx, c.Server.Authorization+"?"+q.Encode())
	if err != nil {
		return Tokens{}, err
	}
	if back.Get("state") != q.Get("state") || back.Get("code") == "" {
		return Tokens{}, fmt.Errorf("the browser came back with error %q: %s", back.Get("error"), back.Get("error_description"))
	}
	grant := url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Get("code")},
		"redirect_uri": {RedirectURI}, "code_verifier": {verifier},
	}
	if r := extra["resource"]; r != nil {
		grant["resource"] = r
	}
	return c.Get(ctx, grant, nil)
}

// steps bounds how many pages a login may have.
const steps = 20

// Visit opens an address and goes on, form by form, until the provider sends the browser back to
// RedirectURI, whose query it returns; or until a page without a form, and then there is none.
func (b *Browser) Visit(ctx context.Context, address string) (url.Values, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	for range steps {
		next, back, err := b.step(ctx, r)
		if err != nil || next == nil {
			return back, err
		}
		r = next
	}
	return nil, fmt.Errorf("still no end after %d pages: %v", steps, b.Pages)
}

// step sends one request and returns the next, or the end.
func (b *Browser) step(ctx context.Context, r *http.Request) (next *http.Request, back url.Values, err error) {
	resp, err := b.client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return nil, nil, err
	}
	if at := resp.Header.Get("Location"); at != "" && resp.StatusCode/100 == 3 {
		to, err := r.URL.Parse(at)
		if err != nil {
			return nil, nil, err
		}
		if strings.HasPrefix(to.String(), RedirectURI) {
			return nil, to.Query(), nil
		}
		next, err = http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
		return next, nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("%s %s: status %d", r.Method, r.URL.Path, resp.StatusCode)
	}
	f, ok := findForm(string(body))
	if !ok {
		return nil, nil, nil
	}
	b.Pages = append(b.Pages, r.URL.Path)
	next, err = b.fill(ctx, r.URL, f)
	return next, nil, err
}

// fill answers a form.
func (b *Browser) fill(ctx context.Context, at *url.URL, f form) (*http.Request, error) {
	to, err := at.Parse(f.action)
	if err != nil {
		return nil, err
	}
	if to.Scheme != "https" {
		return nil, errors.New("a form that leads away from https")
	}
	values := url.Values{}
	for name, value := range f.inputs {
		if answer, ok := b.Answers[name]; ok {
			value = answer()
		}
		values.Set(name, value)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), strings.NewReader(values.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r, nil
}
