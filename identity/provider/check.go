package provider

import (
	"errors"
	"fmt"
	"slices"

	"github.com/postern/postern/identity"
)

// Check says what is wrong with reading those of all providers that are called names on one
// route: a name that is nobody's, or two providers that a token can belong to at once, which
// would refuse each such token.
func Check(all []identity.Provider, names []string) error {
	var read []identity.Provider
	for _, name := range names {
		i := slices.IndexFunc(all, func(p identity.Provider) bool { return p.Name == name })
		switch {
		case i < 0:
			return fmt.Errorf("no provider is called %q", name)
		case slices.ContainsFunc(read, func(p identity.Provider) bool { return p.Name == name }):
			continue // named twice
		}
		for _, other := range read {
			if all[i].Alike(other) {
				return fmt.Errorf("providers %q and %q have the same issuer or trust domain, place and audience: no token could tell them apart", other.Name, name)
			}
		}
		read = append(read, all[i])
	}
	return nil
}

// checkPlace says what is wrong with where a provider finds its credential.
func checkPlace(p identity.Place) error {
	switch {
	case p.Cookie != "" && (p.Header != "" || p.Scheme != ""):
		return errors.New("from: both a header and a cookie")
	case p.Cookie != "" && !identity.IsToken(p.Cookie):
		return errors.New("from: not the name of a cookie")
	case p.Cookie != "":
		return nil
	case !identity.IsLowerToken(p.Header):
		return errors.New("from: not the name of a header in lower case")
	case p.Header == "cookie":
		return errors.New("from: a cookie is named by cookie")
	case p.Scheme != "" && !identity.IsToken(p.Scheme):
		return errors.New("from: not an authentication scheme")
	}
	return nil
}
