package trust

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/postern/postern/identity/svid"
)

// A watcher makes States of what the Workload API says. All of its methods are called from
// the goroutine of WorkloadAPI.Run.
type watcher struct {
	ended  func() bool
	api    *WorkloadAPI
	pushed func(State)
	last   State

	answered bool // there was an update that could be used
	loss     loss
	bundles  map[spiffeid.TrustDomain]held[svid.Bundle]
	self     choice
	problems []string // with the last update
}

func newWatcher(ctx context.Context, api *WorkloadAPI, push func(State)) *watcher {
	w := &watcher{ended: func() bool { return ctx.Err() != nil }, api: api, pushed: push}
	w.last = w.state()
	return w
}

func (w *watcher) push() { w.pushed(w.last) }

func (w *watcher) changed() {
	next := w.state()
	if next.Equal(w.last) {
		return
	}
	w.last = next
	w.push()
}

// OnX509ContextUpdate is part of workloadapi.X509ContextWatcher.
func (w *watcher) OnX509ContextUpdate(update *workloadapi.X509Context) {
	now := w.api.config.Now()
	w.answered, w.loss, w.problems = true, loss{}, nil
	next := make(map[spiffeid.TrustDomain]held[svid.Bundle])
	for _, offered := range update.Bundles.Bundles() {
		if h, ok := w.take(offered, now); ok {
			next[offered.TrustDomain()] = h
		}
	}
	slices.Sort(w.problems)
	w.bundles = next
	w.self = w.self.next(update.SVIDs, w.api.config.Workload, now)
	w.changed()
}

// take returns what holds for the trust domain of an offered bundle. One partner's bad bundle
// must not stop the others, so it keeps its own last good one and nothing else.
func (w *watcher) take(offered *x509bundle.Bundle, now time.Time) (held[svid.Bundle], bool) {
	domain := offered.TrustDomain()
	authorities := offered.X509Authorities()
	if len(authorities) == 0 {
		w.problems = append(w.problems, fmt.Sprintf("the Workload API says that the trust domain %q has no authority any more", domain))
		return held[svid.Bundle]{}, false
	}
	bundle, err := svid.NewBundle(domain, authorities)
	if err == nil {
		return held[svid.Bundle]{bundle: bundle}, true
	}
	w.problems = append(w.problems, fmt.Sprintf("the Workload API's bundle for %q cannot be used: %v", domain, err))
	old, ok := w.bundles[domain]
	return old.unrenewed(now), ok
}

// OnX509ContextWatchError is part of workloadapi.X509ContextWatcher. It is called when the
// stream breaks or cannot be had, and for an update that go-spiffe cannot parse.
func (w *watcher) OnX509ContextWatchError(err error) {
	if w.ended() {
		return // we are the ones who end it
	}
	code := w.loss.note(err, w.api.config.Now())
	_, isStatus := status.FromError(err)
	switch {
	case code == codes.PermissionDenied:
		w.loss.cause = "has no identity for this process; is there a registration entry that matches it?"
	case errors.Is(err, io.EOF):
		w.loss.cause = "ended the stream"
	case isStatus:
		w.loss.cause = "is not to be had: " + short(err)
	default:
		w.loss.cause = "sent an update that cannot be used: " + short(err)
	}
	w.changed()
}

// short returns an error's text, cut where it would flood a log.
func short(err error) string {
	text := err.Error()
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + "..."
	}
	return text
}

// state builds the State of now, and tells GetX509SVID.
func (w *watcher) state() State {
	config := w.api.config
	s := State{Problems: append([]string(nil), w.problems...)}
	until := w.loss.until(config.MaxAge)
	switch {
	case !w.answered && w.loss.since.IsZero():
		s.Missing = append(s.Missing, fmt.Sprintf("the Workload API %s has not answered yet", config.Addr))
	case !w.answered:
		s.Missing = append(s.Missing, fmt.Sprintf("the Workload API %s %s", config.Addr, w.loss.cause))
	case !w.loss.since.IsZero():
		s.Problems = append(s.Problems, fmt.Sprintf("the Workload API %s %s; the last bundles serve until %s",
			config.Addr, w.loss.cause, until.UTC().Format(time.RFC3339)))
	}
	if w.answered {
		w.addBundles(&s, until)
		w.addSelf(&s, until)
	}
	return s
}

func (w *watcher) addBundles(s *State, until time.Time) {
	var list []svid.Bundle
	for _, h := range w.bundles {
		list = append(list, h.bundle.Until(h.until(until, w.api.config.MaxAge)))
	}
	set, err := svid.NewBundles(list...)
	switch {
	case err != nil: // cannot be: w.bundles has each trust domain once
		s.Missing = append(s.Missing, err.Error())
	case set.Len() == 0:
		s.Missing = append(s.Missing, "the Workload API gave no bundle that can be used")
	}
	if sameBundles(set, w.last.Bundles) {
		set = w.last.Bundles
	}
	s.Bundles = set
}

func (w *watcher) addSelf(s *State, until time.Time) {
	config := w.api.config
	if w.self.svid != nil {
		s.Self, s.SelfExpires = w.self.svid.ID, w.self.svid.Certificates[0].NotAfter
		s.SelfDigest = digest(w.self.svid.Certificates)
		w.api.own.Store(&own{svid: w.self.svid, until: until})
	} else {
		w.api.own.Store(nil)
	}
	switch {
	case w.self.missing == "":
	case w.self.svid == nil && (config.NeedSVID || config.Workload.IsZero()):
		s.Missing = append(s.Missing, w.self.missing)
	default:
		s.Problems = append(s.Problems, w.self.missing)
	}
}

// digest covers the whole chain: an intermediate can change alone.
func digest(chain []*x509.Certificate) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, c := range chain {
		h.Write(c.Raw)
	}
	h.Sum(sum[:0])
	return sum
}
