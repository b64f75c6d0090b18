package envoy

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// A Protocol is what the app speaks.
type Protocol string

// What an app speaks. The zero Protocol is refused.
const (
	HTTP1      Protocol = "http1"      // whatever clients speak
	HTTP2      Protocol = "http2"      // with prior knowledge: gRPC
	Downstream Protocol = "downstream" // what the client speaks
)

// Options say what one workload's Envoy does. Defaults fills in what has a default.
type Options struct {
	Workload  spiffeid.ID // whom it protects
	Listen    Address     // where callers come in
	App       Address     // where the app is, on this host
	Authz     Address     // where Postern is, on this host
	SDS       Address     // a Unix socket on which Postern hands out certificates and bundles; zero: files
	SVIDDir   string      // without SDS: holds svid.pem, key.pem and bundle.pem
	Trust     []Trust     // without SDS: federated trust domains
	Upstreams []Upstream  // what the app calls
	Admin     Address     // a Unix socket; zero: no admin interface

	OptionalClients bool     // let callers in that present no certificate
	ClientCA        string   // with OptionalClients and Trust: PEM of the authorities of every trust domain
	AppProtocol     Protocol // what the app speaks
	WebSocket       bool     // let HTTP/1.1 connections be upgraded
	CORS            []string // origins whose pages may call, https://app.shop.test

	AuthzTimeout          time.Duration // how long Postern has to answer
	Timeout               time.Duration // how long the app has to answer; 0: as long as MaxStreamDuration
	MaxStreamDuration     time.Duration // how long a request or stream can last
	MaxConnectionDuration time.Duration // how long a connection is given new requests
	MaxConnections        int           // from everywhere together
}

// Defaults returns Options with all that has a default. MaxConnectionDuration is below half the
// hour that an SVID of SPIRE lives: a connection keeps the certificate that it began with, and
// Postern refuses it from the second it expires.
func Defaults() Options {
	return Options{
		AppProtocol:           HTTP1,
		AuthzTimeout:          200 * time.Millisecond,
		Timeout:               time.Minute,
		MaxStreamDuration:     time.Hour,
		MaxConnectionDuration: 15 * time.Minute,
		MaxConnections:        10_000,
	}
}

// validate returns everything that is wrong with the options, joined.
func (o Options) validate() error {
	return errors.Join(o.validatePlaces(), o.validateTrust(), o.validateUpstreams(), o.validateCORS(), o.validateLimits())
}

func (o Options) validatePlaces() error {
	switch {
	case o.Workload.Path() == "":
		return errors.New("--workload: the SPIFFE ID of the workload is missing")
	case o.Listen.IsZero() || o.Listen.Socket():
		return errors.New("--listen: an IP address and a port are missing")
	case o.App.IsZero() || o.App.anyPort():
		return errors.New("--app: the app's address is missing")
	case !o.App.Local():
		return fmt.Errorf("--app: %s is not on this host: whoever else reaches the app there goes past Postern", o.App)
	case o.App == o.Listen:
		return fmt.Errorf("--app: %s is where Envoy itself listens", o.App)
	case !o.Admin.IsZero() && !o.Admin.Socket():
		return fmt.Errorf("--admin: %s is not a Unix socket: on a port, every process of the host could reconfigure Envoy", o.Admin)
	}
	return errors.Join(o.validateAuthz(), o.validateProtocol())
}

func (o Options) validateAuthz() error {
	if o.Authz.IsZero() || o.Authz.anyPort() {
		return errors.New("--authz: Postern's address is missing")
	}
	if !o.Authz.Local() {
		return fmt.Errorf("--authz: %s is not on this host: whoever is on the way could answer in Postern's place", o.Authz)
	}
	return nil
}

func (o Options) validateProtocol() error {
	switch o.AppProtocol {
	case HTTP1, HTTP2, Downstream:
		return nil
	}
	return fmt.Errorf("--app-protocol: %q is none of http1, http2, downstream", o.AppProtocol)
}

func (o Options) validateTrust() error {
	if !o.SDS.IsZero() {
		return o.validateSDS()
	}
	if err := checkPath(o.SVIDDir); err != nil {
		return fmt.Errorf("--svid-dir: %w", err)
	}
	if err := o.validateClientCA(); err != nil {
		return err
	}
	seen := map[string]bool{o.Workload.TrustDomain().Name(): true}
	for _, t := range o.Trust {
		if seen[t.domain.Name()] {
			return fmt.Errorf("--trust-bundle: %s has a bundle already (the workload's own domain has bundle.pem)", t.domain.Name())
		}
		seen[t.domain.Name()] = true
	}
	return nil
}

// validateSDS: on a port, every process of the host could hand Envoy certificates of its own.
func (o Options) validateSDS() error {
	switch {
	case !o.SDS.Socket():
		return fmt.Errorf("--sds: %s is not a Unix socket", o.SDS)
	case o.SDS == o.Authz:
		return fmt.Errorf("--sds: %s is where Postern answers checks: give what its --sds says", o.SDS)
	case o.SVIDDir != "", len(o.Trust) > 0, o.ClientCA != "":
		return errors.New("--sds: certificates and bundles come from Postern: leave --svid-dir, --trust-bundle and --client-ca out")
	}
	return nil
}

// validateClientCA: Envoy's SPIFFE validator, which knows several trust domains, insists on a
// certificate. Where it is optional Envoy goes by one file.
func (o Options) validateClientCA() error {
	switch {
	case o.ClientCA != "" && !o.OptionalClients:
		return errors.New("--client-ca: only optional client certificates go by one file")
	case o.ClientCA == "" && o.OptionalClients && len(o.Trust) > 0:
		return errors.New("--client-ca: optional client certificates of several trust domains go by one file, with the authorities of all of them")
	case o.ClientCA != "":
		return checkPath(o.ClientCA)
	}
	return nil
}

func (o Options) validateUpstreams() error {
	names, places := map[string]bool{}, map[Address]bool{o.Listen: true, o.App: true, o.Authz: true}
	for _, u := range o.Upstreams {
		if names[u.name] {
			return fmt.Errorf("--upstream: there are two %s", u.name)
		}
		if places[u.listen] && !u.listen.anyPort() {
			return fmt.Errorf("--upstream %s: %s is taken", u.name, u.listen)
		}
		if o.SDS.IsZero() && !slices.ContainsFunc(o.domains(), func(t Trust) bool { return t.domain == u.server.TrustDomain() }) {
			return fmt.Errorf("--upstream %s: no --trust-bundle says how %s is verified", u.name, u.server.TrustDomain().Name())
		}
		names[u.name], places[u.listen] = true, true
	}
	return nil
}

func (o Options) validateCORS() error {
	for _, origin := range o.CORS {
		u, err := url.Parse(origin)
		bad := err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http")
		if bad || origin != u.Scheme+"://"+u.Host || strings.IndexFunc(origin, notPrintable) >= 0 || strings.Contains(origin, "*") {
			return fmt.Errorf("--cors: %q is not an origin: write https://app.shop.test", origin)
		}
	}
	return nil
}

func (o Options) validateLimits() error {
	switch {
	case o.AuthzTimeout < 10*time.Millisecond || o.AuthzTimeout > 10*time.Second:
		return fmt.Errorf("--authz-timeout: %s is not between 10ms and 10s", o.AuthzTimeout)
	case o.Timeout < 0 || o.Timeout > 24*time.Hour:
		return fmt.Errorf("--timeout: %s is not between 0 and 24h", o.Timeout)
	case o.MaxStreamDuration < time.Second || o.MaxStreamDuration > 24*time.Hour:
		return fmt.Errorf("--max-stream-duration: %s is not between 1s and 24h", o.MaxStreamDuration)
	case o.MaxConnectionDuration < time.Second || o.MaxConnectionDuration > 24*time.Hour:
		return fmt.Errorf("--max-connection-duration: %s is not between 1s and 24h", o.MaxConnectionDuration)
	case o.MaxConnections < 1 || o.MaxConnections > 10_000_000:
		return fmt.Errorf("--max-connections: %d is not between 1 and 10000000", o.MaxConnections)
	}
	return nil
}

// clientCA returns the file that optional client certificates go by.
func (o Options) clientCA() string {
	if o.ClientCA != "" {
		return o.ClientCA
	}
	return o.SVIDDir + "/bundle.pem"
}

// domains returns every trust domain with its bundle, the workload's own first.
func (o Options) domains() []Trust {
	own := Trust{domain: o.Workload.TrustDomain(), file: o.SVIDDir + "/bundle.pem"}
	return append([]Trust{own}, o.Trust...)
}
