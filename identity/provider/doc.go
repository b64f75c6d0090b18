// Package provider finds a user's credential in a request, chooses the provider that it
// belongs to, and has it proven.
//
// # Finding
//
// A route reads the credentials of certain providers, and only their places are looked at. A
// place holds one credential or none: two values, two Cookie headers, the same cookie twice or
// a comma, by which Envoy joins two headers into one, are CredentialDuplicate, and so are
// credentials at two places. An Authorization header of another scheme is no credential of
// ours. Whatever else is not exactly in the form that its specification gives is refused and
// not repaired.
//
// # Choosing
//
// Where several providers read one place, the token says whose it is: by iss, and where that
// names several, by aud. Neither is believed: the chosen provider then verifies all of the
// token, and there is no second chance with another one, so a token never passes because the
// stricter of two providers was not the last to be asked. A token that names two providers is
// refused with TokenAudience; Set.Check finds the providers of a route to which that must
// happen.
//
// # Kinds
//
// Every kind of credential is one folder that keeps the contract of package kind, and one line in Kinds.
// What it is configured with is a struct of its own in identity.Provider, whose Terms say what tools have
// to know of it, and the words for that stand in policy/syntax. A kind that refuses for a new reason adds
// it to identity/reason. Nothing else asks which kind a provider is of, but for what only JWTs have: their
// uses (identity/claims), logout tokens (identity/logout), JWT bundles to report (cmd/postern).
package provider

import (
	"github.com/postern/postern/identity/provider/issuer"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/provider/trustdomain"
)

// Kinds returns the table of every kind of credential.
func Kinds() []kind.Kind {
	return []kind.Kind{
		issuer.Kind(),
		trustdomain.Kind(),
	}
}
