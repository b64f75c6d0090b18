package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
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

// A loader holds what was read last from the policy directory, and for whom it is compiled.
// Both must be known before there is a policy.
type loader struct {
	mu       sync.Mutex
	content  *directory.Content // read and not compiled yet, since the workload is not known
	workload spiffeid.ID
	loaded   string // the digest of the content in force
	files    []string
	at       time.Time
	err      error      // why the newest is not in force
	first    chan error // what came of the first read
}

// runPolicies watches the directory.
func (s *sidecar) runPolicies(ctx context.Context) error {
	return directory.Watch(ctx, s.policies, s.secrets, quiet, s.policiesRead)
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
	s.policy.mu.Lock()
	defer s.policy.mu.Unlock()
	if err != nil {
		s.refusePolicy(err)
	} else {
		s.applyPolicy(content)
	}
	select {
	case s.policy.first <- s.policy.err:
	default: // only the first is waited for
	}
}

// protect takes in whom we protect, unless --workload said so already.
func (s *sidecar) protect(self spiffeid.ID) {
	s.policy.mu.Lock()
	defer s.policy.mu.Unlock()
	if !s.settings.workload.IsZero() || self.IsZero() || self == s.policy.workload {
		return
	}
	s.policy.workload = self
	content := s.policy.content
	if content == nil { // it was compiled for another
		var err error
		if content, err = directory.Load(s.policies, s.secrets); err != nil {
			s.refusePolicy(err)
			return
		}
	}
	s.applyPolicy(content)
}

// applyPolicy compiles and swaps. An error changes nothing: the last good policy decides on.
func (s *sidecar) applyPolicy(content *directory.Content) {
	p := &s.policy
	if p.workload.IsZero() { // check what can be checked without knowing whom we protect
		_, err := policy.Compile(content.Documents, "")
		if err != nil {
			s.refusePolicy(err)
			return
		}
		p.content, p.err = content, nil
		return
	}
	set, err := policy.Compile(content.Documents, p.workload.String())
	if err == nil {
		err = s.swap(set, content.Digest)
	}
	if err != nil {
		s.refusePolicy(err)
		return
	}
	p.loaded, p.files, p.at, p.err, p.content = content.Digest, content.Files, time.Now(), nil, nil
	s.metrics.PolicyLoaded(p.loaded, p.at)
	routes, rules := set.Size()
	s.log.Info("policies loaded", zap.String("digest", p.loaded), zap.String("workload", set.Workload()),
		zap.Strings("policies", set.Policies()), zap.Int("routes", routes), zap.Int("rules", rules), zap.Int("providers", len(set.Providers())))
	if len(set.Policies()) == 0 {
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
	s.metrics.Retain(set.EachRoute)
	s.current.Update(func(sn *extauthz.Snapshot) { sn.Policy, sn.Digest, sn.Users = set, digest, users })
	return nil
}

// readable says whether every route can tell the credentials of its providers apart.
func readable(set *policy.Set) error {
	var errs []error
	for at, names := range set.EachReader {
		if err := provider.Check(set.Providers(), names); err != nil {
			errs = append(errs, &syntax.Error{Position: at, Message: err.Error()})
		}
	}
	return errors.Join(errs...)
}

// refusePolicy is loud about an update that changes nothing.
func (s *sidecar) refusePolicy(err error) {
	s.policy.err = err
	s.metrics.PolicyRefused()
	outcome := "the last good ones stay in force"
	if s.policy.loaded == "" {
		outcome = "none are in force"
	}
	s.log.Error("policies refused: "+outcome, zap.String("in_force", s.policy.loaded), zap.Strings("errors", lines(err)))
}

// protected returns the SPIFFE ID of the workload, or "" while it is not known.
func (s *sidecar) protected() string {
	s.policy.mu.Lock()
	defer s.policy.mu.Unlock()
	return s.policy.workload.String()
}

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
