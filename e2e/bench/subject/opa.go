package subject

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/postern/postern/e2e/source"
)

// OPAVersion is the OPA-Envoy that is built: the newest that the module proxy serves.
const OPAVersion = "v1.15.2-envoy"

const opaCommand = "opa-envoy-plugin"

// BuildOPA returns the binary of OPA-Envoy, which it builds once into the user's cache folder.
// Its error says why there is none.
func BuildOPA(ctx context.Context, progress io.Writer) (string, error) {
	dir, err := source.Program{
		Name: "opa-envoy", Module: "github.com/open-policy-agent/opa-envoy-plugin", Version: OPAVersion,
		Sum:      "h1:UTGjt/pTsCT7l8tGGg3DMVoGmdwPwLovZr5YWYObiO4=",
		Commands: []string{"./cmd/" + opaCommand}, Env: []string{"CGO_ENABLED=0"},
		Takes: "about 800 packages, one to three minutes on two cores",
	}.Install(ctx, progress)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, opaCommand), nil
}

// opaConfig leaves out what costs and is not asked for: bodies are not parsed (there are none),
// and no decision is logged.
const opaConfig = `plugins:
  envoy_ext_authz_grpc: {addr: "unix://%s", path: postern/allow, skip-request-body-parse: true}
`

// OPA starts OPA-Envoy on the policy in a folder. Its configuration is written into dir.
func OPA(ctx context.Context, name, binary, dir, policy string) (*Subject, error) {
	return start(ctx, name, dir, binary, func(socket string) []string {
		config := socket + ".yaml"
		// A file that cannot be written is one that OPA cannot read, and it says so.
		_ = os.WriteFile(config, fmt.Appendf(nil, opaConfig, socket), 0o600)
		return []string{"run", "--server", "--addr", "unix://" + socket + ".http", "--config-file", config, "--log-level", "error", policy}
	})
}
