package kind

import "github.com/postern/postern/identity/jose"

// A Presented is a credential as it was found in a request: one text, that is parsed at most
// once however many providers look at it. It is for one goroutine. It prints as a fixed text.
type Presented struct {
	raw    string
	limit  int
	parsed bool
	token  *jose.Token
	err    error
}

// NewPresented returns the credential raw, which no provider accepts with more than limit bytes.
func NewPresented(raw string, limit int) *Presented { return &Presented{raw: raw, limit: limit} }

// Reset makes of p, which nobody uses any more, another credential.
func (p *Presented) Reset(raw string, limit int) { *p = Presented{raw: raw, limit: limit} }

// Raw returns the text. It must not get into any error, log or record.
func (p *Presented) Raw() string { return p.raw }

// Token returns what the text is as a JWT. The error is jose.Parse's.
func (p *Presented) Token() (*jose.Token, error) {
	if !p.parsed {
		p.token, p.err = jose.Parse(p.raw, p.limit)
		p.parsed = true
	}
	return p.token, p.err
}

// String returns a fixed text.
func (p *Presented) String() string { return "[credential]" }

// GoString returns a fixed text.
func (p *Presented) GoString() string { return "[credential]" }
