package provider

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/postern/postern/identity/keys"
)

// A Status says how one provider is, for whoever operates Postern. It holds no secret.
type Status struct {
	Name   string       `json:"name"`
	Kind   string       `json:"kind"`
	Digest string       `json:"digest"`          // of its document, hexadecimal
	Error  string       `json:"error,omitempty"` // what is wrong, but with its keys
	Keys   *keys.Status `json:"keys,omitempty"`
}

// Status returns how each provider of the Set is now, sorted by name.
func (s *Set) Status() []Status {
	if s == nil {
		return nil
	}
	list := make([]Status, 0, len(s.entries))
	for name, e := range s.entries {
		h := e.source.Health()
		list = append(list, Status{Name: name, Kind: e.kind, Digest: hex.EncodeToString(e.config.Digest[:]), Error: h.Error, Keys: h.Keys})
	}
	slices.SortFunc(list, func(a, b Status) int { return strings.Compare(a.Name, b.Name) })
	return list
}
