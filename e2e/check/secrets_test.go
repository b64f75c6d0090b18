package check_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/postern/postern/deploy/envoy/envoytest"
)

const injector = `{name: injector, typed_config: {` + types + `extensions.filters.http.credential_injector.v3.CredentialInjector, overwrite: true,
  credential: {name: envoy.http.injected_credentials.generic, typed_config: {` + types + `extensions.http.injected_credentials.generic.v3.Generic, credential: {name: own}}}}}`

func secretAttacks(p *place) []attack {
	path := ""
	if p.World != nil {
		path = filepath.Join(p.Dir, "access.log")
	}
	return []attack{
		{"credential-injected", "everybody's request has Envoy's token", []string{"static_resources/secrets", "[{name: own, generic_secret: {secret: {inline_string: Bearer own}}}]"},
			[]string{Filters + "/^", injector}, func(t *testing.T, g *gate) bool {
				o := g.get(t, g.web(), "/")
				return len(o.checks) > 0 && slices.Equal(header(o.checks[0], "authorization"), []string{"Bearer own"})
			}},
		{"token-logged", "the access log has the caller's token", nil,
			[]string{Manager + "/access_log", "[{name: file, typed_config: {" + types + "extensions.access_loggers.file.v3.FileAccessLog, path: '" + path +
				`', log_format: {text_format_source: {inline_string: "%REQ(AUTHORIZATION)%\n"}}}}]`}, tokenIsLogged(path)},
	}
}

// tokenIsLogged sends more than the 64 KiB after which Envoy writes a log at once.
func tokenIsLogged(path string) func(*testing.T, *gate) bool {
	return func(t *testing.T, g *gate) bool {
		for range 3 {
			if o := g.get(t, g.web(), "/", "authorization: Bearer "+strings.Repeat("t", 40_000)); !o.let() {
				t.Fatalf("the request did not get through: %d %v", o.status, o.err)
			}
		}
		for range 100 {
			text, err := os.ReadFile(path)
			if os.IsNotExist(err) {
				return false // Envoy makes the file as it starts
			}
			if strings.Contains(string(text), "Bearer tttt") {
				return true
			}
			time.Sleep(20 * time.Millisecond)
		}
		return false
	}
}
