package syntax

import (
	"slices"

	"github.com/postern/postern/policy/syntax/grammar"
)

// apiVersion is the one version of the group there is.
const apiVersion = "postern.dev/v1alpha1"

// The kinds of documents that this version reads.
const (
	kindServicePolicy    = "ServicePolicy"
	kindMeshPolicy       = "MeshPolicy"
	kindIdentityProvider = "IdentityProvider"
	kindRevocation       = "Revocation"
	kindPolicyTest       = "PolicyTest"
)

// kinds is in the order in which errors name them.
var kinds = []string{kindServicePolicy, kindMeshPolicy, kindIdentityProvider, kindRevocation, kindPolicyTest}

// specs says what the kinds hold, in the same order.
var specs = []grammar.Kind{
	{Name: kindServicePolicy, Namespace: grammar.Required, Spec: servicePolicyShape.Object},
	{Name: kindMeshPolicy, Namespace: grammar.Refused, Spec: meshPolicyShape.Object},
	{Name: kindIdentityProvider, Namespace: grammar.Refused, Spec: identityProviderShape.Object},
	{Name: kindRevocation, Namespace: grammar.Refused, Spec: revocationShape.Object},
	{Name: kindPolicyTest, Spec: policyTestShape.Object},
}

// Grammar returns what documents may hold, from the tables by which Parse reads them. The copy is
// the caller's own.
func Grammar() *grammar.Grammar {
	g := grammar.Grammar{APIVersion: apiVersion, Document: documentShape.Object, Kinds: specs}
	return g.Clone()
}

// namespaceOf says whether a document of this kind has a namespace.
func namespaceOf(kind string) grammar.Need {
	if i := slices.Index(kinds, kind); i >= 0 {
		return specs[i].Namespace
	}
	return grammar.Optional
}
