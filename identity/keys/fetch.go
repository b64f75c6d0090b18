package keys

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/postern/postern/identity/jose"
)

const (
	maxHeaders = 16 << 10 // bytes of an answer's headers
	maxCAFile  = 1 << 20  // bytes
	maxError   = 200      // bytes of an error's text in a Status
)

// An origin is where the text of a JWK Set comes from. It is for one goroutine.
type origin interface {
	// fetch returns at most jose.MaxKeySet bytes. Errors hold no query and no password.
	fetch(ctx context.Context) ([]byte, error)
	// forget makes the next fetch ask for everything, whatever the last one brought.
	forget()
}

// A webOrigin is an https URL.
type webOrigin struct {
	url  string
	via  web
	last page
}

func (o *webOrigin) fetch(ctx context.Context) ([]byte, error) {
	client, err := o.via.client()
	if err != nil {
		return nil, err
	}
	return get(ctx, client, o.url, &o.last)
}

func (o *webOrigin) forget() { o.last = page{} }

// A web is how issuers are reached.
type web struct {
	ca      file // without a path for the system's roots
	allowed Networks
}

// client returns a client for one fetch: a fetch is rare, so no connection is kept, and the
// roots are read anew, which is how they rotate.
func (w web) client() (*http.Client, error) {
	roots, err := readRoots(w.ca)
	if err != nil {
		return nil, err
	}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil, // a proxy would connect to addresses that control refuses
			DialContext:            w.dialer().DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxHeaders,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// dialer returns what connects to an address only after it was checked.
func (w web) dialer() *net.Dialer { return &net.Dialer{Control: w.allowed.control} }

// readRoots returns the certificates of a PEM file, or nil, the system's, for no path.
func readRoots(ca file) (*x509.CertPool, error) {
	if ca.path == "" {
		return nil, nil
	}
	pem, err := ca.read(maxCAFile)
	if err != nil {
		return nil, fmt.Errorf("CA file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("CA file: no PEM certificate in it")
	}
	return roots, nil
}

// get returns the body of an answer with the status 200, or that of the last one when the
// answer is that it is still the same.
func get(ctx context.Context, client *http.Client, from string, last *page) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, errors.New("not a URL")
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	req.Header.Set("User-Agent", "postern")
	conditional := last.ask(req, from)
	resp, err := client.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer resp.Body.Close()
	switch encoding := resp.Header.Get("Content-Encoding"); {
	case resp.StatusCode == http.StatusNotModified && conditional:
		return last.body, nil
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("status %d where 200 is wanted; redirects are not followed", resp.StatusCode)
	case encoding != "" && !strings.EqualFold(encoding, "identity"):
		return nil, errors.New("a compressed answer, which was not asked for")
	}
	body, err := readAll(resp.Body, jose.MaxKeySet)
	switch {
	case err != nil:
		return nil, withoutURL(err)
	case ctx.Err() != nil: // a server that sees us go may end its answer as if it were whole
		return nil, errors.New("timed out")
	}
	last.keep(from, resp.Header, body)
	return body, nil
}

// withoutURL returns an error of net/http without the URL, whose query may be a secret.
func withoutURL(err error) error {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errors.New("timed out")
	}
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// readAll reads r to its end, which has to come within limit bytes.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(b)) > limit:
		return nil, fmt.Errorf("more than %d bytes", limit)
	}
	return b, nil
}
