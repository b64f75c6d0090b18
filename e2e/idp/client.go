package idp

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// patience bounds one request to a provider, on a machine that does other things.
const patience = 30 * time.Second

// most bounds an answer of a provider.
const most = 1 << 20

// A Client is a program that is registered at a provider.
type Client struct {
	ID     string
	Secret string // "": a public client, or one known by its certificate
	TLS    *tls.Config
	Server Server
}

// A Server is where a provider's endpoints are.
type Server struct {
	Issuer        string `json:"issuer"`
	Authorization string `json:"authorization_endpoint"`
	Token         string `json:"token_endpoint"`
	EndSession    string `json:"end_session_endpoint"`
	UserInfo      string `json:"userinfo_endpoint"`
	Keys          string `json:"jwks_uri"`
}

// Discover reads the metadata of an issuer: OpenID Connect Discovery 1.0 section 4.
func Discover(ctx context.Context, c *tls.Config, issuer string) (Server, error) {
	var s Server
	status, body, err := Do(ctx, c, http.MethodGet, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", nil, nil)
	if err != nil || status != http.StatusOK {
		return s, fmt.Errorf("discovery of %s: status %d: %w", issuer, status, err)
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return s, fmt.Errorf("discovery of %s: %w", issuer, err)
	}
	if s.Issuer != issuer {
		return s, fmt.Errorf("discovery of %s names %q", issuer, s.Issuer)
	}
	return s, nil
}

// Tokens are the answer of a token endpoint, a refusal included: RFC 6749 section 5.
type Tokens struct {
	Status      int    `json:"-"`
	Access      string `json:"access_token"`
	ID          string `json:"id_token"`
	Refresh     string `json:"refresh_token"`
	Type        string `json:"token_type"`
	Scope       string `json:"scope"`
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// Ask sends a grant to the token endpoint. A refusal is no error: Status and Error say it.
func (c Client) Ask(ctx context.Context, grant url.Values, header http.Header) (Tokens, error) {
	var got Tokens
	status, body, err := c.post(ctx, c.Server.Token, grant, header)
	if err != nil {
		return got, err
	}
	if err := json.Unmarshal(body, &got); err != nil {
		return got, fmt.Errorf("token endpoint: status %d: %w", status, err)
	}
	got.Status = status
	return got, nil
}

// Get is Ask where nothing but success will do.
func (c Client) Get(ctx context.Context, grant url.Values, header http.Header) (Tokens, error) {
	got, err := c.Ask(ctx, grant, header)
	if err == nil && got.Status != http.StatusOK {
		err = fmt.Errorf("%s of %s: status %d: %s: %s", grant.Get("grant_type"), c.ID, got.Status, got.Error, got.Description)
	}
	return got, err
}

// Post sends a form to another of the provider's endpoints.
func (c Client) Post(ctx context.Context, to string, form url.Values) (int, []byte, error) {
	return c.post(ctx, to, form, nil)
}

// post sends a form as this client: with its secret by HTTP Basic (RFC 6749 section 2.3.1), or
// else with its name in the form.
func (c Client) post(ctx context.Context, to string, form url.Values, header http.Header) (int, []byte, error) {
	sent := url.Values{}
	for name, values := range form {
		sent[name] = values
	}
	h := header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.Secret == "" {
		sent.Set("client_id", c.ID)
	} else {
		r := http.Request{Header: h}
		r.SetBasicAuth(url.QueryEscape(c.ID), url.QueryEscape(c.Secret))
	}
	return Do(ctx, c.TLS, http.MethodPost, to, h, strings.NewReader(sent.Encode()))
}

// Do sends one request over a connection of its own, follows no redirect, and reads the answer.
func Do(ctx context.Context, c *tls.Config, method, to string, header http.Header, body io.Reader) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, to, body)
	if err != nil {
		return 0, nil, err
	}
	if header != nil {
		r.Header = header
	}
	resp, err := browserOf(c).Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, most))
	return resp.StatusCode, text, err
}

// browserOf returns a client that follows nothing.
func browserOf(c *tls.Config) *http.Client {
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: c, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
