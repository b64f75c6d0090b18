package subject

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/postern/postern/e2e/bench/world"
)

// OPAVersion is the OPA-Envoy that is built where the module proxy has it.
const OPAVersion = "v1.19.1-envoy"

const opaCommand = "github.com/open-policy-agent/opa-envoy-plugin/cmd/opa-envoy-plugin"

//go:embed policy.rego
var rego []byte

// BuildOPA returns the binary of OPA-Envoy, which it builds once into the user's cache folder.
// Its error says why there is none.
func BuildOPA(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "postern", "opa-envoy-"+OPAVersion)
	return install(ctx, dir, opaCommand, OPAVersion)
}

// install builds a command of another module, unless dir has it.
func install(ctx context.Context, dir, command, version string) (string, error) {
	binary := filepath.Join(dir, filepath.Base(command))
	if info, err := os.Stat(binary); err == nil && info.Mode().IsRegular() {
		return binary, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "install", "-trimpath", command+"@"+version)
	cmd.Dir = dir // outside of our module, whose versions are not meant
	cmd.Env = append(cmd.Environ(), "GOBIN="+dir, "GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		_ = os.Remove(dir) // fails when it holds something, which may stay
		return "", fmt.Errorf("go install %s@%s: %w: %s", command, version, err, strings.Join(strings.Fields(string(out)), " "))
	}
	if _, err := os.Stat(binary); err != nil {
		return "", errors.Join(fmt.Errorf("go install %s@%s made no %s", command, version, binary), err)
	}
	return binary, nil
}

// OPA starts OPA-Envoy with a policy that grants what Postern's does: a caller by its SPIFFE ID,
// and a user by a token that is verified with the keys of w. It logs no decisions.
func OPA(ctx context.Context, name, binary, dir string, w *world.World) (*Subject, error) {
	jwks, err := os.ReadFile(w.JWKS)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(map[string]any{"bench": map[string]string{
		"jwks": string(jwks), "issuer": world.Issuer, "audience": world.Audience, "scope": world.Scope, "web": world.Web,
	}})
	if err != nil {
		return nil, err
	}
	files := filepath.Join(dir, "opa")
	if err := os.Mkdir(files, 0o700); err != nil {
		return nil, err
	}
	policy, facts, config := filepath.Join(files, "policy.rego"), filepath.Join(files, "data.json"), filepath.Join(dir, "opa.yaml")
	if err := errors.Join(os.WriteFile(policy, rego, 0o600), os.WriteFile(facts, data, 0o600)); err != nil {
		return nil, err
	}
	return start(ctx, name, dir, binary, func(socket string) []string {
		text := fmt.Sprintf("plugins: {envoy_ext_authz_grpc: {addr: \"unix://%s\", path: postern/allow}}\n", socket)
		// A file that cannot be written is one that OPA cannot read, and it says so.
		_ = os.WriteFile(config, []byte(text), 0o600)
		return []string{"run", "--server", "--addr", "unix://" + socket + ".http", "--config-file", config, "--log-level", "error", policy, facts}
	})
}
