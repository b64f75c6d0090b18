package revoke

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/directory"
	"github.com/postern/postern/policy/syntax"
)

// A Survey is what a directory of policies holds that matters here, whatever else is wrong with it.
type Survey struct {
	Providers []identity.Provider
	Entries   []Found // of every Revocation, by end
	Faults    error   // what could not be read, and may hold more; nil for nothing

	documents map[string]string // the file of each Revocation, by name
}

// A Found is an entry and where it stands.
type Found struct {
	identity.RevocationEntry
	File     string // below the policies, with slashes
	Document string // metadata.name
}

// Look reads a directory of policies, while no Store changes it. It is an error if it cannot be read at
// all, or has no policies.
func Look(dir string) (*Survey, error) {
	defer hold(dir)()
	files, err := directory.Read(dir)
	if err != nil {
		return nil, err
	}
	s := &Survey{documents: map[string]string{}}
	faults := []error{files.Faults}
	for _, f := range files.Texts {
		revocations, err := syntax.Salvage(f.Name, f.Text)
		faults = append(faults, err)
		for _, r := range revocations {
			if s.documents[r.Name] == "" || f.Name != FileOf(r.Name) {
				s.documents[r.Name] = f.Name
			}
			for i := range r.Entries {
				s.Entries = append(s.Entries, Found{r.Entries[i], f.Name, r.Name})
			}
		}
		documents, err := syntax.Parse(f.Name, f.Text)
		if err != nil && len(revocations) == 0 {
			faults = append(faults, err)
		}
		for i := range documents {
			if p := documents[i].IdentityProvider; p != nil {
				s.Providers = append(s.Providers, *p)
			}
		}
	}
	slices.SortStableFunc(s.Entries, func(a, b Found) int { return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(a.At, b.At)) })
	s.Faults = errors.Join(faults...)
	return s, nil
}

// Provider returns the IdentityProvider of that name. The error says which name was probably meant:
// an entry of tokens that nobody verifies cuts nothing off.
func (s *Survey) Provider(name string) (identity.Provider, error) {
	var names []string
	for _, p := range s.Providers {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	text := fmt.Sprintf("no IdentityProvider is named %q, so that the entry would cut nothing off", name)
	if near := syntax.Nearest(name, names); near != "" {
		text += fmt.Sprintf(": did you mean %q?", near)
	} else if len(names) > 0 {
		text += ": there is " + strings.Join(names, ", ")
	}
	return identity.Provider{}, s.withFaults(text)
}

// FileOf returns the file, below the policies, of the document that Store.Add writes under a name.
func FileOf(name string) string { return path.Join(Folder, name+".yaml") }

// Free says that a document of that name is where Store.Add would write it, or nowhere. With two of one
// name no sidecar would start.
func (s *Survey) Free(name string) error {
	if file, ok := s.documents[name]; ok && file != FileOf(name) {
		return fmt.Errorf("%s has a Revocation that is called %s already: name another --document", file, name)
	}
	return nil
}

// Unmeant is the error of a token that is of none of the providers.
func (s *Survey) Unmeant() error {
	return s.withFaults("no IdentityProvider has the issuer of the token")
}

// Find returns the entry of that name, or at that position. It is an error unless that is one.
func (s *Survey) Find(what string) (Found, error) {
	var found []Found
	var places, names []string
	for _, e := range s.Entries {
		if e.Name != "" {
			names = append(names, e.Name)
		}
		if what != "" && (e.Name == what || e.At == what) {
			found, places = append(found, e), append(places, e.At)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		text := fmt.Sprintf("no entry has the name or the position %q", what)
		if near := syntax.Nearest(what, names); near != "" {
			return Found{}, s.withFaults(text + fmt.Sprintf(": did you mean %q?", near))
		}
		return Found{}, s.withFaults(text + ": --list shows all")
	}
	return Found{}, fmt.Errorf("%d entries have the name %q: give the position, one of %s", len(found), what, strings.Join(places, ", "))
}

// InForce returns the entries that have not ended.
func (s *Survey) InForce(now time.Time) []Found {
	over := ended(now)
	return slices.DeleteFunc(slices.Clone(s.Entries), func(e Found) bool { return over(&e.RevocationEntry) })
}

// withFaults adds to an error that what was looked for may stand where nobody could read it.
func (s *Survey) withFaults(text string) error {
	if s.Faults != nil {
		return fmt.Errorf("%s; it may be where something is wrong:\n%w", text, s.Faults)
	}
	return errors.New(text)
}
