package rundir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// readyFile is there exactly while a postern-dev serves.
const readyFile = "ready.json"

// Ready says where everything is. Scripts read it from standard output or from ready.json.
type Ready struct {
	Issuer      string            `json:"issuer"`       // iss of the tokens
	URL         string            `json:"url"`          // where the identity provider is, without a slash at its end
	CAFile      string            `json:"ca_file"`      // who vouches for it
	WorkloadAPI string            `json:"workload_api"` // a socket whose callers are every workload
	Bundles     map[string]string `json:"bundles"`      // by trust domain, PEM files
	Workloads   []Workload        `json:"workloads"`
}

// A Workload is one identity.
type Workload struct {
	Name        string `json:"name"`
	ID          string `json:"id"`
	WorkloadAPI string `json:"workload_api"` // a socket whose callers are this workload
	Dir         string `json:"dir"`          // holds svid.pem, key.pem and bundle.pem
}

// Announce writes ready into the directory, whole or not at all, and returns it as one line.
func (d *Dir) Announce(ready Ready) ([]byte, error) {
	line, err := json.Marshal(ready)
	if err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	line = append(line, '\n')
	temporary := d.Path("." + readyFile)
	if err := os.WriteFile(temporary, line, 0o600); err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	if err := os.Rename(temporary, d.Path(readyFile)); err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	return line, nil
}

// Find returns what the postern-dev that runs in path has announced.
func Find(path string) (Ready, error) {
	line, err := os.ReadFile(filepath.Join(path, readyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Ready{}, fmt.Errorf("rundir: no postern-dev runs in %s; start one with: postern-dev serve --dir %s", path, path)
	}
	if err != nil {
		return Ready{}, fmt.Errorf("rundir: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	var ready Ready
	if err := decoder.Decode(&ready); err != nil {
		return Ready{}, fmt.Errorf("rundir: %s: %w", filepath.Join(path, readyFile), err)
	}
	return ready, nil
}
