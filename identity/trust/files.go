package trust

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity/svid"
)

const (
	// poll is how often files are looked at. Their content decides, not their times or
	// inodes: no kind of edit, rename or symbolic link can hide from that.
	poll = 500 * time.Millisecond
	// settle is how long new content has to stay the same before it counts, so that a file
	// is not taken for whole while it is being written.
	settle = 100 * time.Millisecond
)

// Files is a Source of bundles in files, and a JWTSource of the JWT authorities in those of them
// that are SPIFFE bundles.
type Files struct {
	maxAge  time.Duration
	watched []*watched
	bundles *svid.Bundles
	jwt     jwtFiles
}

// OpenFiles reads every file. A file that cannot be read or used is an error, and so are none
// and two of one trust domain. Later, a file that vanishes or turns bad leaves the last good
// bundle in use for maxAge; then it is stale.
func OpenFiles(files []File, maxAge time.Duration) (*Files, error) {
	switch {
	case len(files) == 0:
		return nil, errors.New("no trust bundle file")
	case maxAge <= 0:
		return nil, errors.New("the bundle age must be positive")
	}
	f := &Files{maxAge: maxAge, jwt: newJWTFiles()}
	seen := make(map[spiffeid.TrustDomain]bool)
	for _, file := range files {
		if seen[file.Domain] {
			return nil, fmt.Errorf("two files for the trust domain %q: put all of its certificates into one", file.Domain)
		}
		seen[file.Domain] = true
		w, err := open(file)
		if err != nil {
			return nil, fmt.Errorf("trust bundle %v: %w", file, err)
		}
		f.watched = append(f.watched, w)
	}
	f.jwt.look(f.watched, maxAge)
	return f, nil
}

// Run is Source.Run.
func (f *Files) Run(ctx context.Context, push func(State)) error {
	last := f.state()
	push(last)
	timer := time.NewTimer(poll)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		wait := poll
		for _, w := range f.watched {
			if !w.look(time.Now()) {
				wait = settle
			}
		}
		if next := f.state(); !next.Equal(last) {
			last = next
			push(last)
		}
		timer.Reset(wait)
	}
}

func (f *Files) state() State {
	var s State
	bundles := make([]svid.Bundle, 0, len(f.watched))
	for _, w := range f.watched {
		bundle := w.good
		if w.fault != nil {
			until := w.since.Add(f.maxAge)
			bundle = bundle.Until(until)
			s.Problems = append(s.Problems, fmt.Sprintf("trust bundle %v: %v; the last good one serves until %s",
				w.file, w.fault, until.UTC().Format(time.RFC3339)))
		}
		bundles = append(bundles, bundle)
	}
	set, err := svid.NewBundles(bundles...)
	if err != nil { // cannot be: OpenFiles refuses two of one trust domain
		s.Missing = append(s.Missing, err.Error())
	}
	if sameBundles(set, f.bundles) {
		set = f.bundles
	}
	s.Bundles, f.bundles = set, set
	f.jwt.look(f.watched, f.maxAge)
	return s
}

// A watched is one file over time.
type watched struct {
	file  File
	good  svid.Bundle // the last good one
	fault error       // what is wrong since; nil while good is what the file says
	since time.Time
	jwt   jwtFile

	settled, pending sight
}

// A sight is what one look at a file finds: its content or an error.
type sight struct {
	sum   [sha256.Size]byte
	fault string
}

func open(file File) (*watched, error) {
	data, err := file.read()
	if err != nil {
		return nil, err
	}
	bundle, err := file.parse(data)
	if err != nil {
		return nil, err
	}
	w := &watched{file: file, good: bundle, settled: sight{sum: sha256.Sum256(data)}}
	w.jwt.read(file, data, time.Now())
	return w, nil
}

// look reads the file once and says whether it is settled. New content counts when two looks
// in a row find it.
func (w *watched) look(now time.Time) bool {
	data, err := w.file.read()
	seen := sight{sum: sha256.Sum256(data)}
	if err != nil {
		seen.fault = err.Error()
	}
	switch {
	case seen == w.settled:
		w.pending = sight{}
		return true
	case seen != w.pending:
		w.pending = seen
		return false
	}
	w.settled, w.pending = seen, sight{}
	var bundle svid.Bundle
	if err == nil {
		bundle, err = w.file.parse(data)
	}
	switch {
	case err == nil:
		w.good, w.fault, w.since = bundle, nil, time.Time{}
		w.jwt.read(w.file, data, now)
	case w.fault == nil:
		w.fault, w.since = err, now
	default: // still wrong, if in another way
		w.fault = err
	}
	return true
}
