package directory

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/syntax"
)

// A pass reads the directory once.
type pass struct {
	*keeper
	root   *os.Root
	found  *listing
	next   map[string][]*identity.Revocation
	learnt *memory
	budget budget
	busy   bool  // somebody is writing
	news   bool  // there is something that was not told early
	since  int64 // bytes that were read since then
	faults syntax.Errors
}

func (p *pass) read() {
	for _, f := range p.order() {
		p.ahead(f)
		documents, err := p.file(f)
		if err != nil {
			documents = merge(documents, p.files[f.name])
			p.faults.Add(err)
		}
		if len(documents) > 0 {
			p.next[f.name] = documents
			p.news = p.news || !slices.EqualFunc(documents, p.files[f.name], func(a, b *identity.Revocation) bool { return a.Digest == b.Digest })
		}
	}
	if len(p.found.missed) > 0 {
		p.faults.Add(p.found.faults.Err())
	}
	if len(p.found.files) == 0 {
		p.faults.Add(fmt.Errorf("%s: %w", p.dir, errEmpty))
		p.keepAll()
	}
	for name, documents := range p.files {
		if _, ok := p.next[name]; !ok && p.found.misses(name) {
			p.next[name] = documents
		}
	}
}

// small is the size of a file that is read before those that are not.
const small = 64 << 10

// order is how files are read: small ones first, then those that had Revocations, then the smaller
// ones, so that what is most likely to hold one waits for no other and is within every bound.
func (p *pass) order() []file {
	rank := func(f file) int {
		switch had := len(p.files[f.name]) > 0; {
		case f.info.Size() <= small && had:
			return 0
		case f.info.Size() <= small:
			return 1
		case had:
			return 2
		}
		return 3
	}
	return slices.SortedFunc(slices.Values(p.found.files), func(a, b file) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.info.Size(), b.info.Size()), cmp.Compare(a.name, b.name))
	})
}

// stride is how many bytes are read until what is sound in them is told.
const stride = 1 << 20

// ahead tells what is sound so far before a file is read that may take its time. It is the last good
// from then on.
func (p *pass) ahead(f file) {
	size := f.info.Size()
	if p.news && p.since+size > stride {
		p.keeper.files = p.both()
		p.early(p.result(nil))
		p.news, p.since = false, 0
	}
	p.since += size
}

// file returns the sound Revocations of a file. With an error there may be others.
func (p *pass) file(f file) ([]*identity.Revocation, error) {
	r, err := p.reading(f)
	switch {
	case errors.Is(err, errWriter):
		p.busy = true
		if len(p.files[f.name]) == 0 {
			return nil, nil // it is looked at again soon, and has nothing to lose
		}
		return nil, faultOf(f.name, "%v", err)
	case errors.Is(err, fs.ErrNotExist):
		return p.files[f.name], nil // gone since it was listed, which the next pass will see
	case err != nil:
		return nil, faultOf(f.name, "%v", err)
	case r.cut != nil && (r.may || len(p.files[f.name]) > 0):
		return nil, r.cut
	}
	return r.documents, r.err
}

// reading returns what a file says, read or remembered. A file that was at rest for long, and that
// somebody has opened for writing, says what it said until something is written.
func (p *pass) reading(f file) (*reading, error) {
	if err := p.budget.search(f); err != nil {
		return nil, err
	}
	now := p.now()
	r := p.known.of(f)
	if r == nil {
		text, info, err := p.open(p.root, f.name)
		switch {
		case errors.Is(err, errWriter), errors.Is(err, fs.ErrNotExist):
			return nil, err
		case err != nil:
			return nil, fmt.Errorf("cannot be read: %w", err)
		}
		r = examine(f.name, info, text)
	}
	if err := p.budget.take(r); err != nil {
		return nil, err
	}
	r.salvage()
	p.learnt.keep(r, now)
	return r, nil
}

func faultOf(name, format string, args ...any) error {
	return &syntax.Error{Position: syntax.Position{Source: name}, Message: fmt.Sprintf(format, args...)}
}

// both is what files had and what they are known to have.
func (p *pass) both() map[string][]*identity.Revocation {
	all := maps.Clone(p.next)
	for name, documents := range p.files {
		all[name] = merge(p.next[name], documents)
	}
	return all
}

// keepAll takes nothing back.
func (p *pass) keepAll() { p.next = p.both() }

// merge returns the newer documents, and those of the older ones whose names none of them has.
func merge(newer, older []*identity.Revocation) []*identity.Revocation {
	all := slices.Clone(newer)
	for _, d := range older {
		if !slices.ContainsFunc(newer, func(n *identity.Revocation) bool { return n.Name == d.Name }) {
			all = append(all, d)
		}
	}
	return all
}
