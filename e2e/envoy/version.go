package envoy

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"time"
)

// Version is the Envoy that Fetch fetches and the tests are written for.
const Version = "1.40.0"

// oldest is the first version without the known holes that an authorizer cares about.
var oldest = release{1, 39, 1}

// pinned returns the SHA-256 of the fetched binary for an architecture, by Go's name.
func pinned(arch string) (sum string, ok bool) {
	switch arch {
	case "amd64":
		return "8aa137a7d00994ce43f613556f5a120709229f63bedb86eedde5ccbc402c2b80", true
	case "arm64":
		return "03cacc952561635c0b7d2a829291f341dadbebc32050475efbe7321b1bbe18c2", true
	default:
		return "", false
	}
}

// A release is major, minor, patch.
type release [3]int

func (r release) String() string { return fmt.Sprintf("%d.%d.%d", r[0], r[1], r[2]) }

func (r release) before(other release) bool {
	for i := range r {
		if r[i] != other[i] {
			return r[i] < other[i]
		}
	}
	return false
}

// said finds the release in what "envoy --version" prints:
// "/usr/bin/envoy  version: 9e55.../1.40.0/Clean/RELEASE/BoringSSL".
var said = regexp.MustCompile(`version: [0-9a-f]+/(\d{1,4})\.(\d{1,4})\.(\d{1,4})[/-]`)

func parseRelease(out []byte) (release, error) {
	m := said.FindSubmatch(out)
	if m == nil {
		return release{}, fmt.Errorf("no version in %q", out)
	}
	var r release
	for i := range r {
		r[i], _ = strconv.Atoi(string(m[i+1])) // at most four digits
	}
	return r, nil
}

// supported fails unless the binary at path is an Envoy that is new enough.
func supported(path string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s --version: %w", path, err)
	}
	r, err := parseRelease(out)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if r.before(oldest) {
		return fmt.Errorf("%s is Envoy %v, older than %v", path, r, oldest)
	}
	return nil
}
