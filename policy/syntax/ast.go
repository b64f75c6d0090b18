package syntax

import (
	"net/netip"
	"time"

	"github.com/postern/postern/identity"
)

// A Document is one object of the group postern.dev/v1alpha1. Exactly one of its kinds is set.
type Document struct {
	Position  Position
	Kind      string
	Name      string   // metadata.name
	Namespace string   // metadata.namespace; "" for a cluster-wide kind
	Digest    [32]byte // of the document's text, comments and layout included

	ServicePolicy    *ServicePolicy
	MeshPolicy       *MeshPolicy
	IdentityProvider *identity.Provider
	Revocation       *identity.Revocation
	PolicyTest       *PolicyTest // for `postern test`; nothing that decides looks at it

	Files []File // every file that the document names

	// Reread stands in place of ServicePolicy where the same text was parsed before: most often, what was
	// made of it then is still known. It returns what ServicePolicy would be.
	Reread func() *ServicePolicy
}

// A File is the value of a field "file". It is a name below a directory that only the reader
// of the document knows, who replaces *Path, which is that name at first, by the absolute path, and
// *Root by that of the directory.
type File struct {
	Name Text
	Path *string
	Root *string
}

// Text is a string and the place where it stands.
type Text struct {
	Value    string
	Position Position
}

// A ServicePolicy is the spec of the kind of that name.
type ServicePolicy struct {
	Workloads []Text // caller patterns of the workloads that it protects; at least one
	Groups    []Group
	Upstream  *Upstream // nil: says nothing
	Deny      []Rule    // holds on every route
	Routes    []Route
}

// A Group is a name for several callers.
type Group struct {
	Name    Text
	Callers []Text
}

// A Route is one place a request can go, and its rules. Exactly one of HTTP and GRPC is set.
type Route struct {
	Position Position
	Name     Text
	HTTP     *HTTP
	GRPC     *GRPC
	Allow    []Rule
	Deny     []Rule
}

// HTTP matches requests by method, path and, when named, host.
type HTTP struct {
	Position Position
	Methods  []Text // exact; "*" alone for all
	Path     Text   // a template: /orders/{id}, /files/{rest...}
	Hosts    []Text // none: any host
	Upgrade  []Text // none: no upgrade
}

// GRPC matches gRPC calls by service and method.
type GRPC struct {
	Position Position
	Service  Text
	Methods  []Text // exact; "*" alone for all
	Hosts    []Text
}

// A Rule is a conjunction of what it names. What it does not name holds.
type Rule struct {
	Position Position
	Name     Text     // zero when it has none
	Callers  []Text   // patterns, group:NAME, anyone; any of them
	User     *User    // nil: no user asked for
	Headers  []Header // all of them
	Source   []Prefix // any of them
	When     *Condition
	Shadow   *Shadow // nil: enforced
}

// A Condition is an expression of CEL, unread.
type Condition struct {
	Position Position
	Text     string
	Plain    bool // stands in one line as it is, so that a place in Text is one in the file
}

// A Shadow says that a rule is evaluated and recorded, and never enforced.
type Shadow struct {
	Position Position
	Until    time.Time // when somebody should have decided; zero when no time was named
}

// User is what a rule asks of the user.
type User struct {
	Position  Position
	Providers []Text // any of them; at least one
	Subjects  *Match
	Clients   *Match
	Audiences *Match
	Scopes    *Match
	Roles     *Match
	ACR       *Match
	AMR       *Match
	MaxAge    *MaxAge
	Bound     *Bound
}

// A Match asks for one value, any of several, or all of several. One value is Any.
type Match struct {
	Position Position
	All      bool
	Values   []Text // at least one
}

// MaxAge bounds the age of the user's login.
type MaxAge struct {
	Position Position
	Age      time.Duration
}

// A Bound asks for a credential that is bound, which nobody else can use.
type Bound struct {
	Position Position
	To       identity.Binding // never BoundNot
}

// A Header asks for a header's values, or for its presence or absence: exactly one of Match
// and Present is set.
type Header struct {
	Position Position
	Name     string // lower case
	Match    *Match
	Present  *bool
}

// A Prefix is a range of source addresses, masked.
type Prefix struct {
	Position Position
	Prefix   netip.Prefix
}
