package trust

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"google.golang.org/grpc/codes"

	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/jwtsvid"
)

// A jwtWatcher makes JWTStates of what the Workload API says, by the rules of a watcher. All of its
// methods are called from the goroutine of WorkloadAPI.RunJWT.
type jwtWatcher struct {
	config WorkloadAPIConfig
	pushed func(JWTState)
	last   JWTState

	answered bool // there was an update
	loss     loss
	bundles  map[spiffeid.TrustDomain]held[jwtsvid.Bundle]
	problems []string // with the last update
}

func newJWTWatcher(config WorkloadAPIConfig, push func(JWTState)) *jwtWatcher {
	w := &jwtWatcher{config: config, pushed: push}
	w.last = w.state()
	return w
}

func (w *jwtWatcher) push() { w.pushed(w.last) }

func (w *jwtWatcher) changed() {
	next := w.state()
	if next.Equal(w.last) {
		return
	}
	w.last = next
	w.push()
}

// update takes in the bundles of an update, each by the SPIFFE ID of its trust domain. What the
// update leaves out is gone.
func (w *jwtWatcher) update(offered map[string][]byte) {
	now := w.config.Now()
	w.answered, w.loss, w.problems = true, loss{}, nil
	next := make(map[spiffeid.TrustDomain]held[jwtsvid.Bundle], len(offered))
	for _, name := range slices.Sorted(maps.Keys(offered)) {
		if domain, h, ok := w.take(name, offered[name], now); ok {
			next[domain] = h
		}
	}
	w.bundles = next
	w.changed()
}

// take returns what holds for the trust domain of an offered bundle. One partner's bad bundle must
// not stop the others, so it keeps its own last good one and nothing else.
func (w *jwtWatcher) take(name string, text []byte, now time.Time) (spiffeid.TrustDomain, held[jwtsvid.Bundle], bool) {
	domain, err := spiffeid.TrustDomainFromString(name)
	if err != nil || domain.IDString() != name || len(name) > len("spiffe://")+maxDomain {
		w.problems = append(w.problems, fmt.Sprintf("the Workload API has a JWT bundle of %.100q, which is not the SPIFFE ID of a trust domain", name))
		return domain, held[jwtsvid.Bundle]{}, false
	}
	bundle, err := newJWTBundle(domain, text, jose.ParseJWTBundle)
	if err == nil {
		return domain, held[jwtsvid.Bundle]{bundle: bundle}, true
	}
	w.problems = append(w.problems, fmt.Sprintf("the Workload API's JWT bundle for %q cannot be used: %v", domain, err))
	old, ok := w.bundles[domain]
	return domain, old.unrenewed(now), ok
}

// maxDomain bounds the name of a trust domain (SPIFFE ID specification, section 2.1).
const maxDomain = 255

func newJWTBundle(domain spiffeid.TrustDomain, text []byte, parse func([]byte) (*jose.KeySet, error)) (jwtsvid.Bundle, error) {
	keys, err := parse(text)
	if err != nil {
		return jwtsvid.Bundle{}, err
	}
	return jwtsvid.NewBundle(domain, keys)
}

// lost notes that there is no stream, and why.
func (w *jwtWatcher) lost(err error) {
	code := w.loss.note(err, w.config.Now())
	switch {
	case code == codes.PermissionDenied:
		w.loss.cause = "gives this process no JWT bundles; is there a registration entry that matches it?"
	case code == codes.Unimplemented:
		w.loss.cause = "does not serve JWT bundles"
	case errors.Is(err, io.EOF):
		w.loss.cause = "ended the stream of JWT bundles"
	default:
		w.loss.cause = "is not to be had: " + short(err)
	}
	w.changed()
}

// state builds the JWTState of now.
func (w *jwtWatcher) state() JWTState {
	s := JWTState{Problems: slices.Clone(w.problems)}
	until := w.loss.until(w.config.MaxAge)
	switch {
	case w.loss.since.IsZero():
	case !w.answered:
		s.Problems = append(s.Problems, fmt.Sprintf("the Workload API %s %s", w.config.Addr, w.loss.cause))
	default:
		s.Problems = append(s.Problems, fmt.Sprintf("the Workload API %s %s; the last JWT bundles serve until %s",
			w.config.Addr, w.loss.cause, until.UTC().Format(time.RFC3339)))
	}
	var list []jwtsvid.Bundle
	for _, h := range w.bundles {
		list = append(list, h.bundle.Until(h.until(until, w.config.MaxAge)))
	}
	s.Bundles = jwtBundles(list, w.last.Bundles)
	return s
}

// jwtBundles returns the set of bundles of different trust domains, which is last while nothing in
// it changed.
func jwtBundles(list []jwtsvid.Bundle, last *jwtsvid.Bundles) *jwtsvid.Bundles {
	set, err := jwtsvid.NewBundles(list...)
	if err != nil { // cannot be: each trust domain is there once
		return nil
	}
	if sameJWTBundles(set, last) {
		return last
	}
	return set
}
