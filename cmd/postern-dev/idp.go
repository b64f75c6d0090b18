package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postern/postern/cmd/postern-dev/authority"
	"github.com/postern/postern/cmd/postern-dev/control"
	"github.com/postern/postern/cmd/postern-dev/loopback"
	"github.com/postern/postern/cmd/postern-dev/oidc"
	"github.com/postern/postern/cmd/postern-dev/state"
	"github.com/postern/postern/identity/mint"
)

const (
	// caFile holds the certificate of the CA that vouches for the identity provider.
	caFile = "idp-ca.pem"
	// idpName is what state keeps the identity provider's CA and keys under. It cannot be a
	// trust domain's: those have no capital.
	idpName = "IDP"
	// serverLifetime is what browsers still take; the CA lives as long.
	serverLifetime = 365 * 24 * time.Hour
	// requestTimeout bounds one request from first to last byte.
	requestTimeout = 10 * time.Second
	maxHeader      = 16 << 10
)

// An identityProvider is the HTTPS server: the OpenID Connect provider and the rotation of keys.
type identityProvider struct {
	issuer, base string
	keys         *oidc.Keys
	keyPeriod    time.Duration
	handler      http.Handler
	certificate  tls.Certificate
}

// newIdentityProvider returns one that is reached at base, and writes the certificate of its CA
// to file.
func newIdentityProvider(s settings, kept state.Dir, a *authority.Authority, file, base string) (*identityProvider, error) {
	accounts, err := readAccounts(s.users)
	if err != nil {
		return nil, err
	}
	first, err := kept.Key(idpName, s.algorithm)
	if err != nil {
		return nil, err
	}
	if s.keyLead < 0 || s.keyPeriod < 0 {
		return nil, errors.New("--key-lead, --key-period: must not be negative")
	}
	fresh := func() (*mint.Key, error) { return kept.NewKey(idpName, s.algorithm) }
	keys := oidc.NewKeys(first, fresh, s.keyLead, oidc.MaxTTL(s.tokenTTL))
	p := &identityProvider{issuer: s.issuer, base: base, keys: keys, keyPeriod: s.keyPeriod}
	if p.issuer == "" {
		p.issuer = base
	}
	provider, err := oidc.New(oidc.Config{
		Issuer: p.issuer, Base: base, Audience: s.audience, TokenTTL: s.tokenTTL, Accounts: accounts, Keys: keys,
	})
	if err != nil {
		return nil, err
	}
	snapshot, _ := a.Watch()
	rotate := control.Control{Authority: a, Keys: keys, Home: snapshot.Bundles[0].TrustDomain()}
	mux := http.NewServeMux()
	mux.Handle("/", provider)
	rotate.Register(mux)
	p.handler = loopback.Guard(mux)
	p.certificate, err = serverCertificate(kept, file)
	return p, err
}

func readAccounts(file string) (oidc.Accounts, error) {
	if file == "" {
		return oidc.BuiltIn(), nil
	}
	document, err := os.ReadFile(file)
	if err != nil {
		return oidc.Accounts{}, fmt.Errorf("--users: %w", err)
	}
	return oidc.ParseAccounts(document)
}

// serverCertificate returns a certificate for this machine. Its CA can vouch for nobody else,
// should somebody put it into a browser.
func serverCertificate(kept state.Dir, file string) (tls.Certificate, error) {
	names, addresses := []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	ca, err := kept.CA(idpName, "localhost", mint.Lifetime(serverLifetime), mint.With(func(c *x509.Certificate) {
		c.URIs = nil
		c.PermittedDNSDomainsCritical = true
		c.PermittedDNSDomains = names
		c.PermittedIPRanges = []*net.IPNet{
			{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
			{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
		}
	}))
	if err != nil {
		return tls.Certificate{}, err
	}
	svid, err := ca.SVID("", mint.Lifetime(time.Until(ca.Certificate().NotAfter)), mint.With(func(c *x509.Certificate) {
		c.DNSNames, c.IPAddresses = names, addresses
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}))
	if err != nil {
		return tls.Certificate{}, err
	}
	if err := os.WriteFile(file, ca.BundlePEM(), 0o600); err != nil {
		return tls.Certificate{}, err
	}
	return svid.TLSCertificate(), nil
}

// run serves until ctx ends, and then gives requests under way a moment.
func (p *identityProvider) run(ctx context.Context, listener net.Listener, errOut io.Writer) error {
	server := &http.Server{
		Handler:        p.handler,
		ReadTimeout:    requestTimeout,
		WriteTimeout:   requestTimeout,
		IdleTimeout:    time.Minute,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       log.New(errOut, "postern-dev: ", 0),
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{p.certificate}, MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true,
		},
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.keys.Run(ctx, p.keyPeriod) })
	group.Go(func() error {
		if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := server.Shutdown(grace); err != nil {
			return server.Close() // whoever is slower than that is cut off
		}
		return nil
	})
	return group.Wait()
}
