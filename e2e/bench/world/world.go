// Package world makes what the servers of the benchmark are given, and what they are asked: one
// trust domain, one issuer of tokens, policies of any size, and the requests of a browser, as
// Envoy receives them and as it then asks about them.
package world

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/postern/postern/identity/mint"
)

// Who takes part.
const (
	Orders = "spiffe://shop.test/ns/shop/sa/orders" // the workload that is protected
	Web    = "spiffe://shop.test/ns/shop/sa/web"    // the caller that the rules name
	Other  = "spiffe://shop.test/ns/shop/sa/other"  // a caller that no rule names
)

// What tokens say, and what the policies ask for.
const (
	Domain   = "shop.test"
	Issuer   = "https://idp.test"
	Audience = "orders"
	Scope    = "orders:read"
	Customer = "c-1029"
)

// The paths that every policy grants to Web: by its certificate alone, with a token, and with
// the token of the customer whose path it is. Each has the length of the others.
const (
	PathMTLS = "/mtls/orders/1029"
	PathJWT  = "/jwt/orders/1029"
	PathWhen = "/owned/" + Customer + "/orders"
)

// lifetime of certificates and tokens: longer than any run.
const lifetime = 6 * time.Hour

// A World is who there is. It is immutable and safe for concurrent use.
type World struct {
	Dir        string // of the files
	Bundle     string // file: the roots of Domain, PEM
	JWKS       string // file: the public keys of Issuer
	Cert, Key  string // files: what Orders presents
	Web, Other *mint.SVID
	es, rs     *mint.Key
}

// New makes a World, with its files in dir.
func New(dir string) (*World, error) {
	ca, err := mint.NewCA(Domain)
	if err != nil {
		return nil, err
	}
	w := &World{Dir: dir}
	var errs [8]error
	var orders *mint.SVID
	orders, errs[0] = ca.SVID(Orders, mint.Lifetime(lifetime))
	w.Web, errs[1] = ca.SVID(Web, mint.Lifetime(lifetime))
	w.Other, errs[2] = ca.SVID(Other, mint.Lifetime(lifetime))
	w.es, errs[3] = mint.NewKey("ES256", "es")
	w.rs, errs[4] = mint.NewKey("RS256", "rs")
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	w.Bundle, errs[0] = write(dir, "bundle.pem", ca.BundlePEM())
	w.Cert, errs[1] = write(dir, "orders.pem", orders.PEM())
	w.Key, errs[2] = write(dir, "orders.key", orders.KeyPEM())
	w.JWKS, errs[3] = write(dir, keysFile, mint.JWKS(w.es, w.rs))
	return w, errors.Join(errs[:]...)
}

// Token returns a token of alg (ES256 or RS256) that the policies accept, for hours. Each is
// another: it has a jti of its own, made of n.
func (w *World) Token(alg string, n int, edits ...func(map[string]any)) (string, error) {
	key := w.es
	if alg == w.rs.Algorithm() {
		key = w.rs
	} else if alg != key.Algorithm() {
		return "", fmt.Errorf("no key for %s", alg)
	}
	claims := mint.Claims(time.Now(), append([]func(map[string]any){
		mint.Set("iss", Issuer), mint.Set("aud", Audience), mint.Set("scope", Scope), mint.Set("customer_id", Customer),
		mint.Set("exp", time.Now().Add(lifetime).Unix()), mint.Set("jti", fmt.Sprintf("bench-%08d", n)),
	}, edits...)...)
	return key.Sign(key.Header("at+jwt"), claims)
}

func write(dir, name string, data []byte) (string, error) {
	path := filepath.Join(dir, name)
	return path, os.WriteFile(path, data, 0o600)
}
