package trust

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/postern/postern/identity/jwtsvid"
)

// RunJWT is JWTSource.RunJWT. The files are looked at by Run, which has to run too.
func (f *Files) RunJWT(ctx context.Context, push func(JWTState)) error {
	for {
		push(*f.jwt.current.Load())
		select {
		case <-ctx.Done():
			return nil
		case <-f.jwt.changed:
		}
	}
}

// jwtFiles is the JWT bundles of all files, as Run hands them to RunJWT.
type jwtFiles struct {
	current *atomic.Pointer[JWTState]
	changed chan struct{} // holds 1: there is another state
}

func newJWTFiles() jwtFiles {
	f := jwtFiles{current: &atomic.Pointer[JWTState]{}, changed: make(chan struct{}, 1)}
	f.current.Store(&JWTState{})
	return f
}

// look takes in what the files say now.
func (f jwtFiles) look(files []*watched, maxAge time.Duration) {
	last := f.current.Load()
	next := JWTState{}
	var list []jwtsvid.Bundle
	for _, w := range files {
		var until time.Time
		if w.fault != nil {
			until = w.since.Add(maxAge)
		}
		if w.jwt.fault != nil {
			until = earlier(until, w.jwt.since.Add(maxAge))
			next.Problems = append(next.Problems, fmt.Sprintf("the JWT authorities of the trust bundle %v: %v", w.file, w.jwt.fault))
		}
		if w.jwt.has {
			list = append(list, w.jwt.good.Until(until))
		}
	}
	next.Bundles = jwtBundles(list, last.Bundles)
	if next.Equal(*last) {
		return
	}
	f.current.Store(&next)
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// A jwtFile is the JWT authorities of one file over time. What is wrong with them is no fault of the
// certificates beside them.
type jwtFile struct {
	has   bool // the file has had JWT authorities that could be read
	good  jwtsvid.Bundle
	fault error // what is wrong since; nil while good is what the file says
	since time.Time
}

// read takes in the content of a file whose certificates are good.
func (j *jwtFile) read(file File, data []byte, now time.Time) {
	bundle, ok, err := file.parseJWT(data)
	switch {
	case err == nil:
		*j = jwtFile{has: ok, good: bundle}
	case j.fault == nil:
		j.fault, j.since = err, now
	default: // still wrong, if in another way
		j.fault = err
	}
}
