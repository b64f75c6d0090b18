package main

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/logout"
	"github.com/postern/postern/identity/reason"
)

// handler answers logouts, and probes.
func (r *receiver) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle(logout.Path, r.logouts.Handler(r.cutOff, r.report))
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n")) // a probe that went away needs no answer
	})
	return mux
}

// cutOff writes the entry of a logout.
func (r *receiver) cutOff(ctx context.Context, l logout.Logout) error {
	name, err := madeUp("logout")
	if err != nil {
		return err
	}
	e := entryOf(l, r.subjects, time.Now())
	e.Name = name
	at, err := r.writer.Add(ctx, e)
	if err != nil {
		return err
	}
	r.log.Info("logged out", zap.Strings("providers", l.Providers), zap.String("subject", l.Subject), zap.Bool("session", len(e.SessionIDs) > 0),
		zap.String("entry", at), zap.String("name", name), zap.Time("until", e.Until))
	return nil
}

// entryOf returns what a logout cuts off: a session, or what the user was given before it, to the end
// of the second in which it was, since times of issue are whole seconds. Who logs in again in that
// second has to do so once more.
func entryOf(l logout.Logout, subjects bool, now time.Time) identity.RevocationEntry {
	e := identity.RevocationEntry{Providers: l.Providers, Until: now.Add(l.Lasting)}
	if l.Session != "" && (!subjects || l.Subject == "") {
		e.SessionIDs = []string{l.Session}
		return e
	}
	e.Subjects = []string{l.Subject}
	e.IssuedBefore = l.IssuedAt.Add(time.Second)
	return e
}

// A pace lets one thing through in each while.
type pace struct{ last atomic.Int64 }

// everyWhile is how often what strangers can cause is logged.
const everyWhile = 10 * time.Second

func (p *pace) due(now time.Time) bool {
	last := p.last.Load()
	return now.UnixNano()-last >= int64(everyWhile) && p.last.CompareAndSwap(last, now.UnixNano())
}

// report logs what was not taken. Of what nobody vouched for it logs one in a while.
func (r *receiver) report(o logout.Outcome) {
	switch {
	case o.Err == nil:
	case errors.Is(o.Err, logout.ErrNeedsSession):
		r.log.Error("a logout was refused: its sessions go on, as those of all logouts will whose tokens have no sid", zap.Error(o.Err))
	case o.TriedAgain(): // what comes of that is said then
	case len(o.Logout.Providers) == 0 && !r.unproven.due(time.Now()):
		// Strangers can send as many as they like.
	case o.Status == http.StatusServiceUnavailable:
		r.log.Error("a logout was not taken: its sessions go on unless the provider sends it again",
			zap.Strings("providers", o.Logout.Providers), zap.String("subject", o.Logout.Subject), zap.Error(o.Err))
	default:
		r.log.Warn("a logout was refused", zap.Stringer("reason", reason.Of(o.Err)), zap.Error(o.Err))
	}
}
