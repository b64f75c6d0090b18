package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"go.uber.org/zap"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/directory"
	"github.com/postern/postern/policy/syntax"
)

// quiet is how long the policy directory must be still before it is read.
const quiet = 200 * time.Millisecond

// policies is how the policies of the directory come into force: when both they and the workload
// to protect are known.
type policies struct {
	known   atomic.Pointer[policyState]
	first   chan error // what came of the first read
	change  sync.Mutex // one at a time
	compile policy.Compiler
	heap    heap
	content *directory.Content // read and not compiled yet, since the workload is not known
}

// A policyState is what is known of the policies at one moment. It is never modified.
type policyState struct {
	workload spiffeid.ID // whom we protect; zero while that is not known
	digest   string      // of the documents in force; "" for none
	files    []string    // that they came from
	at       time.Time   // when they came into force
	err      error       // why the newest are not in force

	unprotected bool // none of them protects the workload
}

// updatePolicy changes what is known. s.policy.change is held.
func (s *sidecar) updatePolicy(change func(*policyState)) {
	next := *s.policy.known.Load()
	change(&next)
	s.policy.known.Store(&next)
}

// runPolicies watches the directory.
func (s *sidecar) runPolicies(ctx context.Context) error {
	s.policy.heap.tuneGarbage(func(percent int) { debug.SetGCPercent(percent) })
	return s.watcher.Watch(ctx, s.policiesRead)
}

// awaitPolicies waits for the first read. What is wrong at the start is an error, and not
// something to wait for.
func (s *sidecar) awaitPolicies(ctx context.Context) error {
	select {
	case err := <-s.policy.first:
		if err != nil {
			return fmt.Errorf("--policies:\n%w", err)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// policiesRead takes in what the directory holds now, or why it cannot be read.
func (s *sidecar) policiesRead(content *directory.Content, err error) {
	s.policy.change.Lock()
	defer s.policy.change.Unlock()
	if err != nil {
		s.refusePolicy(err)
	} else {
		s.applyPolicy(content)
	}
	select {
	case s.policy.first <- s.policy.known.Load().err:
	default: // only the first is waited for
	}
}

// protect takes in whom we protect, unless --workload said so already.
func (s *sidecar) protect(self spiffeid.ID) {
	s.policy.change.Lock()
	defer s.policy.change.Unlock()
	if !s.settings.workload.IsZero() || self.IsZero() || self == s.policy.known.Load().workload {
		return
	}
	s.updatePolicy(func(p *policyState) { p.workload = self })
	if s.policy.content == nil { // it was compiled for another
		s.watcher.Again()
		return
	}
	defer s.threads.hold()()
	s.applyPolicy(s.policy.content)
}

// applyPolicy compiles and swaps. An error changes nothing: the last good policy decides on.
func (s *sidecar) applyPolicy(content *directory.Content) {
	workload := s.policy.known.Load().workload
	parsing := parsing{heap: &s.policy.heap}
	defer parsing.done()
	content.WhenParsed(parsing.add)
	documents := content.Documents
	if !workload.IsZero() {
		s.policy.content, content.Documents = nil, nil // so that they can be collected one by one
	}
	set, err := s.policy.compile.Compile(documents, policy.Options{Workload: workload.String(), Now: time.Now()})
	switch {
	case err != nil:
	case workload.IsZero(): // all that could be checked is
		s.policy.content = content
		s.updatePolicy(func(p *policyState) { p.err = nil })
		return
	default:
		err = s.swap(set, content.Digest)
	}
	if err != nil {
		s.refusePolicy(err)
		return
	}
	now := time.Now()
	s.updatePolicy(func(p *policyState) {
		p.digest, p.files, p.at, p.err = content.Digest, content.Files, now, nil
		p.unprotected = len(set.Policies()) == 0
	})
	s.metrics.PolicyLoaded(content.Digest, now)
	s.reportPolicy(set, content.Digest)
}

// reportPolicy says what came into force.
func (s *sidecar) reportPolicy(set *policy.Set, digest string) {
	routes, rules := set.Size()
	s.log.Info("policies loaded", zap.String("digest", digest), zap.String("workload", set.Workload()),
		zap.Strings("policies", set.Policies()), zap.Int("routes", routes), zap.Int("rules", rules), zap.Int("providers", len(set.Providers())))
	until := set.Onboarding()
	switch {
	case until.After(time.Now()):
		s.log.Warn("this workload is being onboarded: what nothing allows is let through and recorded", zap.Time("until", until), zap.String("workload", set.Workload()))
	case len(set.Policies()) == 0:
		s.log.Warn("no policy protects this workload, so that every request is denied: name it in the workloads of a ServicePolicy", zap.String("workload", set.Workload()))
	}
}

// swap puts policies and providers into force together, or leaves both as they are.
func (s *sidecar) swap(set *policy.Set, digest string) error {
	s.configuring.Store(true)
	defer func() {
		s.configuring.Store(false)
		s.usersChanged()
	}()
	if err := readable(set); err != nil {
		return err
	}
	if err := s.users.Configure(set.Providers()); err != nil {
		return err
	}
	users := s.users.Current()
	if now := s.current.Load(); now == nil || now.Policy == nil || !now.Policy.SameRoutes(set) {
		s.metrics.Retain(set.EachRoute) // for which decisions wait
	}
	s.current.Update(func(sn *extauthz.Snapshot) { sn.Policy, sn.Digest, sn.Users = set, digest, users })
	return nil
}

// readable says whether every route can tell the credentials of its providers apart. Most routes have
// those of many others.
func readable(set *policy.Set) error {
	var errs []error
	checked := map[string]error{}
	for at, names := range set.EachReader {
		key := strings.Join(names, " ") // which no name has in it
		err, ok := checked[key]
		if !ok {
			err = provider.Check(set.Providers(), names)
			checked[key] = err
		}
		if err != nil {
			errs = append(errs, &syntax.Error{Position: at, Message: err.Error()})
		}
	}
	return errors.Join(errs...)
}

// refusePolicy is loud about an update that changes nothing.
func (s *sidecar) refusePolicy(err error) {
	s.updatePolicy(func(p *policyState) { p.err = err })
	s.metrics.PolicyRefused()
	outcome, digest := "the last good ones stay in force", s.policy.known.Load().digest
	if digest == "" {
		outcome = "none are in force"
	}
	s.log.Error("policies refused: "+outcome, zap.String("in_force", digest), zap.Strings("errors", lines(err)))
}

// protected returns the SPIFFE ID of the workload, or "" while it is not known.
func (s *sidecar) protected() string { return s.policy.known.Load().workload.String() }

// lines returns each of the errors that were joined in err.
func lines(err error) []string {
	var all []string
	if joined := (interface{ Unwrap() []error })(nil); errors.As(err, &joined) {
		for _, e := range joined.Unwrap() {
			all = append(all, e.Error())
		}
		return all
	}
	return []string{err.Error()}
}
