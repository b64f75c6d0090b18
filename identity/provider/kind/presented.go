package kind

import "github.com/postern/postern/identity/jose"

// Headers are the headers of one request, as Envoy delivered them.
type Headers interface {
	// First returns the first value of a header, and how many there are; name is lower case.
	First(name string) (value string, n int)
	// Joined says that Envoy joined headers of one name with a comma, cookies included.
	Joined() bool
}

// A Request is what a kind can check of the request that carries a credential: a second header, or that
// it was made for this request (RFC 9449, RFC 9421). Its texts are canonical: what the policy decides
// about. A field is "" when nobody knows it, which a kind that needs it has to refuse.
type Request struct {
	Headers Headers
	Method  string // as it was sent
	Scheme  string // https or http, as Envoy says
	Host    string // the authority as it was sent: with its port, when there is one
	Path    string // as it was sent: with its query, when there is one
}

// A Presented is a credential as it was found in a request: one text, that is parsed at most
// once however many providers look at it. It is for one goroutine, and good until the request is
// decided: of its texts, those that are kept have to be copied. It prints as a fixed text.
type Presented struct {
	raw     string
	limit   int
	request Request
	parsed  bool
	token   *jose.Token
	err     error
}

// NewPresented returns the credential raw, which no provider accepts with more than limit bytes, of a
// request.
func NewPresented(raw string, limit int, of Request) *Presented {
	return &Presented{raw: raw, limit: limit, request: of}
}

// Reset makes of p, which nobody uses any more, another credential.
func (p *Presented) Reset(raw string, limit int, of Request) {
	*p = Presented{raw: raw, limit: limit, request: of}
}

// Raw returns the text. It must not get into any error, log or record.
func (p *Presented) Raw() string { return p.raw }

// Request returns the request that carries the credential. It is not to be modified.
func (p *Presented) Request() *Request { return &p.request }

// Token returns what the text is as a JWT. The error is jose.Parse's.
func (p *Presented) Token() (*jose.Token, error) {
	if !p.parsed {
		p.token, p.err = jose.Parse(p.raw, p.limit)
		p.parsed = true
	}
	return p.token, p.err
}

// An Addressee knows which JWTs claim to be its own. Nothing is proven by it.
type Addressee interface {
	// IsFrom says that a token is from its issuer.
	IsFrom(*jose.Token) bool
	// AddressedTo says that a token is for one of its audiences.
	AddressedTo(*jose.Token) bool
}

// MatchToken is Matcher.Match for kinds whose credentials are JWTs.
func (p *Presented) MatchToken(to Addressee) Match {
	token, err := p.Token()
	switch {
	case err != nil || !to.IsFrom(token):
		return None
	case !to.AddressedTo(token):
		return Kin
	}
	return Own
}

// String returns a fixed text.
func (p *Presented) String() string { return "[credential]" }

// GoString returns a fixed text.
func (p *Presented) GoString() string { return "[credential]" }
