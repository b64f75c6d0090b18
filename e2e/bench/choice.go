package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/postern/postern/e2e/bench/front"
	"github.com/postern/postern/e2e/bench/subject"
)

// A fleet is the servers that are asked, by the names of the tables.
type fleet map[string]*subject.Subject

// names are those of the servers there are, in the order of the tables.
func (f fleet) names() []string {
	all := []string{noop, floor, floorOne, postern, norecords, opa}
	return slices.DeleteFunc(all, func(name string) bool { return f[name] == nil })
}

func (f fleet) all() []*subject.Subject {
	var all []*subject.Subject
	for _, name := range f.names() {
		all = append(all, f[name])
	}
	return all
}

// errNothing says that nothing would be measured.
var errNothing = errors.New(`-only matches no cell: they are named "part, case, server" as in the tables, such as "direct, mTLS rule, Postern"`)

// wanted returns the servers that are to be measured in a case: those that -only matches, and, if
// there is one, those that ratios are taken to.
func (b *runner) wanted(part, name string, servers []string) []string {
	if b.only == nil {
		return servers
	}
	matches := func(server string) bool { return b.only.MatchString(fmt.Sprintf("%s, %s, %s", part, name, server)) }
	if !slices.ContainsFunc(servers, matches) {
		return nil
	}
	bases := []string{noop, floor, verifier, front.Alone}
	return slices.DeleteFunc(slices.Clone(servers), func(server string) bool { return !matches(server) && !slices.Contains(bases, server) })
}

// wantsLarge says whether a case with many rules is to be measured.
func (b *runner) wantsLarge() bool {
	all := []string{noop, floor, postern, opa}
	return len(b.wanted(direct, caseManyMTLS, all))+len(b.wanted(direct, caseManyJWT, all)) > 0
}
