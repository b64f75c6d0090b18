package keys

import (
	"time"

	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/reason"
)

// Keys returns the keys that may be used at the time at: nil when there never were any, or the last
// good fetch is too long ago.
func (l *Lease) Keys(at time.Time) *jose.KeySet {
	set := l.Set()
	if set == nil || !l.Fresh(at) {
		return nil
	}
	return set.Keys
}

// Await asks for what a verification lacked that failed with err, where that is keys, or the key with
// the kid of the token. It returns what to tell the client: the reason, and in how many seconds it does
// well to come again, 0 where nothing is under way that could help. Without a kid no key is the
// missing one. It is for tokens that could be the issuer's, as Want is.
func (l *Lease) Await(err error, kid string) (wait int, _ error) {
	switch code := reason.Of(err); {
	case code == reason.KeysUnavailable:
		return l.Wait(), err
	case code == reason.TokenKeyUnknown && kid != "":
		if wait, pending := l.Want(kid); pending {
			return wait, reason.Errorf(reason.KeysPending, "a fetch may bring the key: %w", err)
		}
	}
	return 0, err
}
