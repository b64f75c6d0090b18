package svid

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// maxForwarded bounds x-forwarded-client-cert. Envoy's default limit for all headers together
// is 60 KiB.
const maxForwarded = 64 << 10

// A forwarded is what is of use in x-forwarded-client-cert: nothing that identifies anybody.
type forwarded struct {
	hash  string // SHA-256 of the client's certificate, lower-case hex
	cert  string // escaped PEM of that certificate; "" when it was not sent
	chain string // escaped PEM of all that the client sent, its own first; "" when it was not sent
}

// parseForwarded parses the one element that an Envoy with SANITIZE_SET writes. Envoy's order
// is fixed, By, Hash, Cert, Chain, Subject, URI, DNS, and it quotes neither URI nor DNS: from
// the first of these on, all is the client's text. So the order is required, and everything
// that could begin another field or element is refused rather than skipped:
//
//	*("By=" value ";") "Hash=" 64lowerhex [";Cert=" quoted] [";Chain=" quoted]
//	[";Subject=" quoted] *(";URI=" value) *(";DNS=" value)
func parseForwarded(s string) (forwarded, error) {
	var f forwarded
	if len(s) > maxForwarded {
		return f, fmt.Errorf("longer than %d bytes", maxForwarded)
	}
	p := fields{rest: s}
	for p.has("By=") {
		p.value()
		p.must(";")
	}
	p.must("Hash=")
	f.hash = p.hash()
	if p.has(`;Cert="`) {
		f.cert = p.pem()
	}
	if p.has(`;Chain="`) {
		f.chain = p.pem()
	}
	if p.has(`;Subject="`) {
		p.quoted()
	}
	for p.has(";URI=") {
		p.value()
	}
	for p.has(";DNS=") {
		p.value()
	}
	if p.err == nil && p.rest != "" {
		p.err = errors.New("a field out of Envoy's order, or a second element")
	}
	if p.err != nil {
		return forwarded{}, p.err
	}
	return f, nil
}

// fields reads one element from its start. After an error has takes nothing, so that every
// other method but must and hash may rely on there being none.
type fields struct {
	rest string
	err  error
}

// has takes prefix if it comes next.
func (p *fields) has(prefix string) bool {
	if p.err != nil || !strings.HasPrefix(p.rest, prefix) {
		return false
	}
	p.rest = p.rest[len(prefix):]
	return true
}

func (p *fields) must(prefix string) {
	if p.err == nil && !p.has(prefix) {
		p.err = fmt.Errorf("no %q where Envoy writes it", prefix)
	}
}

// hash takes a SHA-256 in lower-case hex.
func (p *fields) hash() string {
	const digits = 2 * sha256.Size
	switch {
	case p.err != nil:
		return ""
	case len(p.rest) < digits || strings.Trim(p.rest[:digits], "0123456789abcdef") != "":
		p.err = errors.New("the Hash is not a SHA-256 in lower-case hex")
		return ""
	}
	hash := p.rest[:digits]
	p.rest = p.rest[digits:]
	return hash
}

// pem takes escaped PEM up to the quote that closes it: nothing in it can be one.
func (p *fields) pem() string {
	text, rest, ok := strings.Cut(p.rest, `"`)
	if !ok || text == "" {
		p.err = errors.New("a quoted value is empty or does not end")
		return ""
	}
	p.rest = rest
	return text
}

// quoted skips a quoted string up to the quote that closes it; a backslash escapes a byte
// (Envoy writes the subject as RFC 2253 does).
func (p *fields) quoted() {
	for i := 0; i < len(p.rest); i++ {
		switch p.rest[i] {
		case '\\':
			i++
		case '"':
			p.rest = p.rest[i+1:]
			return
		}
	}
	p.err = errors.New("a quoted value does not end")
}

// value skips a bare value: visible ASCII up to the next semicolon.
func (p *fields) value() {
	for i := 0; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == ';':
			p.rest = p.rest[i:]
			return
		case c <= ' ' || c >= 0x7f || c == ',' || c == '"' || c == '\\':
			p.err = fmt.Errorf("the byte %q in a value that is not quoted", c)
			return
		}
	}
	p.rest = ""
}
