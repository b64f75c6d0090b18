package house_test

import (
	"slices"
	"strings"
	"testing"
)

// A rule keeps something out of a room.
type rule struct {
	why    string
	rooms  []string // the packages it binds, with everything below
	except []string // of those, with everything below
	exact  bool     // the packages themselves, without what is below
	direct bool     // only what is imported directly; else also through others
	never  []string // import paths, with everything below
}

// rules are those of the rooms. Tests and e2e may import what they like.
var rules = []rule{
	{
		why:   "policy is pure: it knows neither Envoy nor gRPC nor the network, so that it can be tested and used without them",
		rooms: []string{"policy"},
		never: []string{
			"net", "net/http", "github.com/envoyproxy", "google.golang.org/grpc",
			"github.com/cncf/xds", "github.com/lestrrat-go/jwx", module + "/extauthz", module + "/deploy", module + "/cmd",
		},
	},
	{
		why:   "policy knows no protocol buffers: those that CEL has are its own affair",
		rooms: []string{"policy"}, direct: true,
		never: []string{"google.golang.org/protobuf"},
	},
	{
		why:    "what is given decides, never the machine it is decided on",
		rooms:  []string{"policy"},
		except: []string{"policy/directory"},
		direct: true,
		never:  []string{"os", "os/exec", "io/ioutil", "path/filepath", "unsafe", "go.uber.org/zap", "log"},
	},
	{
		why:   "identity's value types are light: everything imports them",
		rooms: []string{"identity", "identity/reason"}, exact: true,
		never: []string{"net", "net/http", "google.golang.org", "github.com/envoyproxy", "github.com/lestrrat-go", "go.uber.org/zap"},
	},
	{
		why:   "who is below what is allowed, and knows nothing of it",
		rooms: []string{"identity"},
		never: []string{module + "/policy", module + "/extauthz", module + "/deploy", module + "/cmd", "github.com/envoyproxy"},
	},
	{
		why:   "the authorizer is below what configures Envoy",
		rooms: []string{"extauthz"},
		never: []string{module + "/deploy", module + "/cmd", "github.com/spf13"},
	},
	{
		why:   "what configures Envoy knows policies and not the authorizer",
		rooms: []string{"deploy"},
		never: []string{module + "/extauthz", module + "/cmd"},
	},
	{
		why:   "one package knows ext_authz's protocol",
		rooms: []string{"cmd", "identity", "policy", "deploy"}, direct: true,
		never: []string{"github.com/envoyproxy/go-control-plane/envoy/service/auth"},
	},
	{
		why:   "the sidecar cannot mint what it verifies, and is no client of Kubernetes",
		rooms: []string{"cmd/postern"},
		never: []string{
			module + "/identity/mint", module + "/cmd/postern-dev", module + "/e2e", "k8s.io", "sigs.k8s.io",
			"testing", "net/http/httptest", "net/http/pprof", "plugin",
		},
	},
	{
		why:   "nothing that ships is built on the tests",
		rooms: []string{"identity", "policy", "extauthz", "deploy"},
		never: []string{module + "/e2e"},
	},
}

func TestRoomsImportOnlyWhatTheyMay(t *testing.T) {
	all := packages(t)
	for _, r := range rules {
		bound := 0
		for _, p := range all {
			if !r.binds(p) {
				continue
			}
			bound++
			for _, imported := range r.broken(p) {
				t.Errorf("%s imports %s%s: %s", p.path(), imported, through(all, p, imported), r.why)
			}
		}
		if bound == 0 {
			t.Errorf("no package is bound by the rule %q", r.why)
		}
	}
}

// binds leaves out helpers for tests: packages that are named so, and end in test.
func (r rule) binds(p pkg) bool {
	if strings.HasSuffix(p.Name, "test") {
		return false
	}
	if r.exact {
		return slices.Contains(r.rooms, p.path())
	}
	return slices.ContainsFunc(r.rooms, p.in) && !slices.ContainsFunc(r.except, p.in)
}

func (r rule) broken(p pkg) []string {
	imports := p.Deps
	if r.direct {
		imports = p.Imports
	}
	var bad []string
	for _, i := range imports {
		if slices.ContainsFunc(r.never, func(n string) bool { return isOrBelow(i, n) }) {
			bad = append(bad, i)
		}
	}
	return bad
}

// isOrBelow treats the standard library's net as itself alone: net/netip and net/url reach
// nothing. So does os, of which os/exec is another matter.
func isOrBelow(path, prefix string) bool {
	if prefix == "net" || prefix == "os" || prefix == "log" {
		return path == prefix
	}
	return within(path, prefix)
}

// through names a package between p and what it imports, for the message.
func through(all []pkg, p pkg, imported string) string {
	if slices.Contains(p.Imports, imported) {
		return ""
	}
	for _, q := range all {
		if slices.Contains(p.Deps, q.ImportPath) && slices.Contains(q.Imports, imported) {
			return " through " + q.path()
		}
	}
	return " through others"
}

// TestCommandsLinkNoTestHelpers goes by the name: a package of helpers for tests ends in test.
func TestCommandsLinkNoTestHelpers(t *testing.T) {
	for _, p := range packages(t) {
		for _, d := range p.Deps {
			if p.in("cmd") && within(d, module) && strings.HasSuffix(d, "test") {
				t.Errorf("%s links %s", p.path(), d)
			}
		}
	}
}

func TestTheRulesWouldBeSeenBroken(t *testing.T) {
	for _, tc := range []struct {
		name string
		p    pkg
		want bool
	}{
		{"policy with net/http through another", pkg{ImportPath: module + "/policy/directory", Deps: []string{"net/http"}}, true},
		{"policy with net/url", pkg{ImportPath: module + "/policy", Deps: []string{"net/url", "net/netip"}}, false},
		{"a second package that speaks ext_authz", pkg{ImportPath: module + "/deploy/envoy", Imports: []string{"github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"}}, true},
		{"the sidecar with a CA", pkg{ImportPath: module + "/cmd/postern", Deps: []string{module + "/identity/mint"}}, true},
		{"the sidecar with a Kubernetes client", pkg{ImportPath: module + "/cmd/postern", Deps: []string{"k8s.io/client-go/rest"}}, true},
		{"postern-dev with a CA", pkg{ImportPath: module + "/cmd/postern-dev", Deps: []string{module + "/identity/mint"}}, false},
		{"deploy with the authorizer", pkg{ImportPath: module + "/deploy/envoy", Deps: []string{module + "/extauthz/record"}}, true},
		{"identity with policy", pkg{ImportPath: module + "/identity/jwt", Deps: []string{module + "/policy"}}, true},
	} {
		broken := slices.ContainsFunc(rules, func(r rule) bool { return r.binds(tc.p) && len(r.broken(tc.p)) > 0 })
		if broken != tc.want {
			t.Errorf("%s: broken is %v, want %v", tc.name, broken, tc.want)
		}
	}
}
