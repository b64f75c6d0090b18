package main

import (
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/explain"
)

// inspected looks at a credential with the code of the sidecar, and without keys. A file of its own,
// so that a test can hold that nothing else does.
func inspected(providers []identity.Provider, h policy.Headers, at time.Time) explain.Credential {
	return explain.Credential(provider.InspectUnverified(provider.Kinds(), providers, kind.Request{Headers: h}, at))
}
