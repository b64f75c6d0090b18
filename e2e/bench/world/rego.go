package world

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

//go:embed policy.rego
var rego string

// Rego writes what Policies does, with one provider, for OPA into a new folder of that name and
// returns it. OPA takes Envoy's word for who the caller is, as its users do.
func (w *World) Rego(name string, rules int) (string, error) {
	dir := filepath.Join(w.Dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	keys, err := os.ReadFile(w.JWKS)
	if err != nil {
		return "", err
	}
	facts, err := json.Marshal(map[string]any{"bench": map[string]string{
		"jwks": string(keys), "issuer": Issuer, "audience": Audience, "scope": Scope, "web": Web,
	}})
	if err != nil {
		return "", err
	}
	if _, err := write(dir, "data.json", facts); err != nil {
		return "", err
	}
	out := strings.Builder{}
	out.WriteString(rego)
	for i := range rules - 3 {
		fmt.Fprintf(&out, "\nallow if {\n\tinput.parsed_path[0] == \"svc%d\"\n\tinput.parsed_path[1] == \"v1\"\n\tinput.parsed_path[2] == \"res%d\"\n"+
			"\tcount(input.parsed_path) == 4\n\tfrom_web\n", i/100, i%100)
		if i%2 == 1 {
			fmt.Fprintf(&out, "\t\"res%d:read\" in scopes\n", i%100)
		}
		out.WriteString("}\n")
	}
	_, err = write(dir, "policy.rego", []byte(out.String()))
	return dir, err
}
