package keys

import (
	"context"
	"net"
	"net/http"

	"github.com/postern/postern/identity"
)

// An OriginFunc stands in for the network, so that tests of the schedule run on a fake clock.
type OriginFunc func(context.Context) ([]byte, error)

func (f OriginFunc) fetch(ctx context.Context) ([]byte, error) { return f(ctx) }

func (f OriginFunc) forget() {}

// Client is what fetches, but for who answers the questions for addresses.
func Client(allowed Networks, ca identity.KeySource, resolver *net.Resolver) (*http.Client, error) {
	via := web{ca: file{root: ca.Root, path: ca.CAFile}, allowed: allowed}
	client, err := via.client()
	if err != nil {
		return nil, err
	}
	dialer := via.dialer()
	dialer.Resolver = resolver
	client.Transport.(*http.Transport).DialContext = dialer.DialContext
	return client, nil
}

// AcquireFrom is Acquire with an origin of the test's.
func (p *Pool) AcquireFrom(o OriginFunc, issuer string, from identity.KeySource) (*Lease, error) {
	t, _, err := resolve(issuer, from, nil)
	if err != nil {
		return nil, err
	}
	return p.acquire(t, o, from)
}
