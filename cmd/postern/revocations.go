package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/extauthz/admin"
	"github.com/postern/postern/extauthz/metrics"
	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/revocation"
	"github.com/postern/postern/policy/directory"
)

// revocations is how the Revocation documents of the directory come into force: on their own,
// whatever becomes of the policies beside them.
type revocations struct {
	known atomic.Pointer[revocationState]
	first chan error // what came of the first read
}

// A revocationState is what is known of the Revocations at one moment. It is never modified.
type revocationState struct {
	list   *revocation.List
	digest string    // of the documents in force; "" for none
	files  []string  // that they came from
	at     time.Time // when they came into force; zero while none did
	err    error     // why there may be others
}

// runRevocations watches the directory.
func (s *sidecar) runRevocations(ctx context.Context) error {
	return s.watcher.WatchRevocations(ctx, s.revocationsRead)
}

// awaitRevocations waits for the first read. A Revocation that is wrong at the start is an error, as
// everything in the directory is.
func (s *sidecar) awaitRevocations(ctx context.Context) error {
	select {
	case err := <-s.revoked.first:
		if err != nil {
			return fmt.Errorf("--policies:\n%w", err)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// revocationsRead puts what was read into force. Only one goroutine calls it.
func (s *sidecar) revocationsRead(r *directory.Revocations) {
	before := s.revoked.known.Load()
	now := *before
	list, err := revocation.Compile(r.Documents...)
	if err == nil {
		now = revocationState{list: list, digest: r.Digest, files: r.Files, at: time.Now()}
		s.current.Update(func(sn *extauthz.Snapshot) { sn.Revoked, sn.RevokedDigest = list, r.Digest })
	}
	if now.err = r.Err; err != nil {
		now.err = errors.Join(r.Err, err)
	}
	s.revoked.known.Store(&now)
	s.reportRevocations(before, &now)
	select {
	case s.revoked.first <- now.err:
	default: // only the first is waited for
	}
}

// reportRevocations is loud about what came into force, and about what may not have.
func (s *sidecar) reportRevocations(before, now *revocationState) {
	if now.err != nil {
		s.metrics.RevocationsRefused()
		s.log.Error("revocations: a document that is wrong, or cannot be read, is not in force; the last good ones of it stay", zap.Strings("errors", lines(now.err)))
	} else {
		s.metrics.RevocationsLoaded()
	}
	if now.digest == before.digest {
		return
	}
	cut := now.cut(time.Now())
	fields := []zap.Field{zap.String("digest", now.digest), zap.Strings("files", now.files), zap.Int("entries", cut.entries), zap.Int("things", cut.things)}
	if !cut.next.IsZero() {
		fields = append(fields, zap.Time("next_end", cut.next))
	}
	s.log.Info("revocations in force", fields...)
	if unknown := s.unknownProviders(); len(unknown) > 0 {
		s.log.Warn("revocations: no IdentityProvider has these names, so that the entries of their tokens cut nothing off", zap.Strings("providers", unknown))
	}
}

// A cut is how much is cut off.
type cut struct {
	entries, things int
	kinds           map[revocation.Kind]int // things
	next            time.Time               // when the first entry ends; zero without any
}

// cut counts the entries that have not ended.
func (r *revocationState) cut(now time.Time) cut {
	c := cut{kinds: map[revocation.Kind]int{}}
	for _, e := range r.list.Entries() {
		if !e.Holds(now) {
			continue
		}
		c.entries++
		c.things += e.Count()
		c.kinds[e.Kind()] += e.Count()
		if c.next.IsZero() || e.Until().Before(c.next) {
			c.next = e.Until()
		}
	}
	return c
}

// unknownProviders returns the providers that entries name and that no document defines, while the
// policies are known.
func (s *sidecar) unknownProviders() []string {
	now := s.current.Load()
	if now == nil || now.Policy == nil {
		return nil
	}
	var unknown []string
	for _, e := range s.revoked.known.Load().list.Entries() {
		for _, name := range e.Providers() {
			known := slices.ContainsFunc(now.Policy.Providers(), func(p identity.Provider) bool { return p.Name == name })
			if e.Holds(time.Now()) && !known && !slices.Contains(unknown, name) {
				unknown = append(unknown, name)
			}
		}
	}
	slices.Sort(unknown)
	return unknown
}

func (s *sidecar) revocationPart() admin.Part {
	known := s.revoked.known.Load()
	cut := known.cut(time.Now())
	part := admin.Part{Name: "revocations", State: admin.OK, Detail: "none"}
	if cut.entries > 0 {
		part.Detail = fmt.Sprintf("%d entries, digest %.12s", cut.entries, known.digest)
	}
	switch unknown := s.unknownProviders(); {
	case known.err != nil:
		part.State = admin.Degraded
		part.Detail += "; some may be missing: " + known.err.Error()
		part.Remedy = "mend the documents; each comes into force as soon as it is sound"
	case len(unknown) > 0:
		part.State = admin.Degraded
		part.Detail += "; no IdentityProvider has the name " + strings.Join(unknown, " or ")
		part.Remedy = "name the provider of the tokens as its document does"
	}
	return part
}

// A revocationSnapshot is what is cut off, for /snapshot.
type revocationSnapshot struct {
	Digest   string         `json:"digest"`
	LoadedAt time.Time      `json:"loaded_at,omitzero"`
	Files    []string       `json:"files"`
	Entries  int            `json:"entries"` // that have not ended
	Kinds    map[string]int `json:"kinds"`   // things that are cut off now
	NextEnd  time.Time      `json:"next_end,omitzero"`
	Errors   []string       `json:"errors,omitempty"`
}

func (s *sidecar) revocationSnapshot() revocationSnapshot {
	known := s.revoked.known.Load()
	c := known.cut(time.Now())
	out := revocationSnapshot{
		Digest: known.digest, LoadedAt: known.at, Files: append([]string{}, known.files...), Entries: c.entries, Kinds: map[string]int{}, NextEnd: c.next,
	}
	for kind, count := range c.kinds {
		out.Kinds[kind.String()] = count
	}
	if known.err != nil {
		out.Errors = lines(known.err)
	}
	return out
}

func (s *sidecar) revocationMetrics() []metrics.Revoked {
	counts := s.revoked.known.Load().cut(time.Now()).kinds
	var all []metrics.Revoked
	for _, kind := range revocation.Kinds() {
		all = append(all, metrics.Revoked{Kind: kind.String(), Count: counts[kind]})
	}
	return all
}
