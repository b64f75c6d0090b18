package extauthz

import (
	"crypto/rand"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

// maxHeaders is well above the 100 that Envoy lets through unless it is told otherwise.
const maxHeaders = 1024

// canonical reads the question into a request that every parser reads the same way. On error the
// request holds what was canonical, for the record and the answer.
func (c *call) canonical() error {
	q, asked := &c.request, &c.question
	q.Time = c.start
	if !asked.http {
		q.ID = c.newID()
		return reason.Errorf(reason.BadRequest, "the check has no HTTP request: it did not parse, or something is misconfigured")
	}
	q.HTTP2 = asked.protocol == "HTTP/2"
	q.Source = sourceOf(asked)
	shown, err := readHeaders(q, asked)
	c.identify()
	if err != nil {
		return err
	}
	for _, read := range [...]func(*call) error{readMethod, readHost, readPath, readUpgrade} {
		if err := read(c); err != nil {
			return err
		}
	}
	return shown.same(asked.path)
}

func readMethod(c *call) (err error) {
	if c.request.Method, err = policy.ParseMethod(c.question.method); err != nil {
		return &reason.Error{Code: reason.BadMethod, Cause: err}
	}
	if c.question.method == "CONNECT" {
		return reason.Errorf(reason.BadUpgrade, "CONNECT is never granted")
	}
	return nil
}

func readHost(c *call) (err error) {
	if c.request.Host, err = policy.ParseHost(c.question.host); err != nil {
		return &reason.Error{Code: reason.BadHost, Cause: err}
	}
	return nil
}

func readPath(c *call) (err error) {
	if c.question.fragment != "" {
		return reason.Errorf(reason.BadPath, "a request has no fragment")
	}
	if c.request.Path, err = policy.ParsePathIn(c.segments[:0], c.question.path); err != nil {
		return &reason.Error{Code: reason.BadPath, Cause: err}
	}
	return nil
}

// readUpgrade finds the protocol that the request asks to switch to.
func readUpgrade(c *call) error {
	asked, n := c.request.Headers.First("upgrade")
	switch {
	case n == 0:
		return nil
	case n > 1 || !identity.IsToken(asked):
		return reason.Errorf(reason.BadUpgrade, "upgrade names no protocol, or more than one")
	case slices.ContainsFunc(c.request.Headers.Values("connection"), namesHeaders):
		return reason.Errorf(reason.BadUpgrade, "connection names headers: Envoy forwards it with an upgrade, and an upstream may drop them")
	}
	c.request.Upgrade = strings.ToLower(asked)
	return nil
}

// namesHeaders says that a connection header lists more than what an upgrade needs.
func namesHeaders(connection string) bool {
	for option := range strings.SplitSeq(strings.ToLower(connection), ",") {
		switch strings.Trim(option, " \t") {
		case "", "upgrade", "keep-alive":
		default:
			return true
		}
	}
	return false
}

// ours is how the headers begin that tell the upstream who was verified.
const ours = "x-postern-"

// looksLikeOurs says that a server that reads every sign in a header's name as a hyphen or an
// underscore, as CGI does, would take the header for one of ours.
func looksLikeOurs(name string) bool {
	if strings.HasPrefix(name, ours) || len(name) < len(ours) {
		return false
	}
	for i := range len(ours) {
		alnum := 'a' <= name[i] && name[i] <= 'z' || '0' <= name[i] && name[i] <= '9'
		if ours[i] == '-' && alnum || ours[i] != '-' && name[i] != ours[i] {
			return false
		}
	}
	return true
}

// A shownPath is the :path of the raw encoding, in which Envoy shows what it forwards.
type shownPath struct {
	count int
	last  string
}

// readHeaders keeps of the fields those that are headers. The pseudo-headers are left out, since the
// typed fields speak for them, but for the :path of the raw encoding, which is returned.
func readHeaders(q *policy.Request, asked *question) (shown shownPath, _ error) {
	if n := len(asked.fields); n > maxHeaders {
		return shown, reason.Errorf(reason.BadHeader, "%d header fields are more than %d", n, maxHeaders)
	}
	bad := 0
	kept := asked.fields[:0]
	for _, f := range asked.fields {
		switch {
		case asked.raw && f.Name == ":path":
			shown.count++
			shown.last = f.Value
		case strings.HasPrefix(f.Name, ":"):
		case !identity.IsLowerToken(f.Name) || looksLikeOurs(f.Name):
			bad++
		default:
			kept = append(kept, f)
		}
	}
	q.Headers = policy.NewHeaders(kept, !asked.raw)
	if bad > 0 {
		return shown, reason.Errorf(reason.BadHeader, "%d header fields have a name that is no lower-case token, or that some servers would take for one of ours", bad)
	}
	return shown, nil
}

// same makes sure that Envoy shows the path that it forwards. It shows ! for a byte that is not
// UTF-8, but for the :path of the raw encoding.
func (shown shownPath) same(path string) error {
	switch {
	case shown.count == 0 && strings.Contains(path, "!"):
		return reason.Errorf(reason.BadEncoding, "the path has a !, which may stand for other bytes: set encode_raw_headers in Envoy")
	case shown.count > 1 || shown.count == 1 && shown.last != path:
		return reason.Errorf(reason.BadEncoding, "the path is not the :path that the upstream receives")
	}
	return nil
}

func sourceOf(asked *question) netip.Addr {
	addr, err := netip.ParseAddr(asked.source)
	if err != nil {
		return netip.Addr{}
	}
	return addr
}

// identify gives the request its id: x-request-id when it is one UUID, so that the record can be
// joined with Envoy's access log, and else an id of our own.
func (c *call) identify() {
	if id, n := c.request.Headers.First("x-request-id"); n == 1 && isUUID(id) {
		c.request.ID = id
		return
	}
	c.request.ID = c.newID()
}

// newID returns a random UUID (RFC 9562 section 5.4), which lives as long as the call.
func (c *call) newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails since Go 1.24
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	at := 0
	for _, part := range [...][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		at += hex.Encode(c.id[at:], part)
		if at < len(c.id) {
			c.id[at] = '-'
			at++
		}
	}
	return text(c.id[:])
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		hex := '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
		if hyphen != (c == '-') || !hyphen && !hex {
			return false
		}
	}
	return true
}
