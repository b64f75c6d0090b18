package authority

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// A Workload is somebody who gets an identity.
type Workload struct {
	Name string // names its directory: lower case letters, digits and dashes, at most 32
	ID   spiffeid.ID
}

// ParseWorkload reads NAME=SPIFFE_ID, or a SPIFFE ID alone, whose last segment is then the name.
func ParseWorkload(s string) (Workload, error) {
	name, id, named := strings.Cut(s, "=")
	if !named || strings.HasPrefix(s, "spiffe://") {
		id = s
		name = s[strings.LastIndexByte(s, '/')+1:]
	}
	parsed, err := spiffeid.FromString(id)
	if err != nil {
		return Workload{}, fmt.Errorf("workload %q: %w", s, err)
	}
	if parsed.Path() == "" {
		return Workload{}, fmt.Errorf("workload %q: a trust domain alone is nobody; add a path such as /ns/shop/sa/web", s)
	}
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`).MatchString(name) {
		return Workload{}, fmt.Errorf("workload %q: %q cannot name a directory; write NAME=%s with a name of lower case letters, digits and dashes", s, name, id)
	}
	return Workload{Name: name, ID: parsed}, nil
}
