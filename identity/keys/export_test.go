package keys

import (
	"context"

	"github.com/postern/postern/identity"
)

// An OriginFunc stands in for the network, so that tests of the schedule run on a fake clock.
type OriginFunc func(context.Context) ([]byte, error)

func (f OriginFunc) fetch(ctx context.Context) ([]byte, error) { return f(ctx) }

// AcquireFrom is Acquire with an origin of the test's.
func (p *Pool) AcquireFrom(o OriginFunc, issuer string, from identity.KeySource) (*Lease, error) {
	t, _, err := resolve(issuer, from)
	if err != nil {
		return nil, err
	}
	return p.acquire(t, o, from)
}
