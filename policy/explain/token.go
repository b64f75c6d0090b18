package explain

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
	"github.com/postern/postern/policy/syntax"
)

// A found is what stands where a credential belongs.
type found struct {
	place  identity.Place
	raw    string
	broken reason.Code // it is none; Internal when it may be one
}

// look returns the credentials at the places of some providers.
func look(providers []identity.Provider, h policy.Headers) []found {
	var all []found
	var seen []identity.Place
	for _, p := range providers {
		if slices.Contains(seen, p.From) {
			continue
		}
		seen = append(seen, p.From)
		values := h.Values(p.From.Header)
		if p.From.Cookie != "" {
			values = cookies(p.From.Cookie, h)
		}
		switch {
		case len(values) == 0:
		case len(values) > 1 || strings.Contains(values[0], ","):
			all = append(all, found{p.From, "", reason.CredentialDuplicate})
		case p.From.Scheme == "":
			all = append(all, found{p.From, values[0], reason.Internal})
		default:
			scheme, token, ok := strings.Cut(values[0], " ")
			switch {
			case !strings.EqualFold(scheme, p.From.Scheme):
			case !ok || token == "" || strings.Contains(token, " "):
				all = append(all, found{p.From, "", reason.TokenMalformed})
			default:
				all = append(all, found{p.From, token, reason.Internal})
			}
		}
	}
	return all
}

// cookies returns the values of a cookie.
func cookies(name string, h policy.Headers) []string {
	var values []string
	for _, line := range h.Values("cookie") {
		for pair := range strings.SplitSeq(line, ";") {
			if n, value, ok := strings.Cut(strings.Trim(pair, blanks), "="); ok && n == name {
				values = append(values, value)
			}
		}
	}
	return values
}

// A token is what a JSON Web Token says of itself. Nothing vouches for it.
type token struct {
	header, claims map[string]any
}

var errToken = errors.New("it is no JSON Web Token")

// decode reads the compact serialisation (RFC 7515 section 3.1). It looks at no signature.
func decode(raw string) (token, error) {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return token{}, errToken
	}
	header, err := object(parts[0])
	if err != nil {
		return token{}, err
	}
	claims, err := object(parts[1])
	return token{header, claims}, err
}

func object(part string) (map[string]any, error) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil, errToken
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil || v == nil {
		return nil, errToken
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errToken
	}
	return v, nil
}

func (t token) text(claim string) string {
	s, _ := t.claims[claim].(string)
	return s
}

func (t token) audiences() []string {
	switch aud := t.claims["aud"].(type) {
	case string:
		return []string{aud}
	case []any:
		var all []string
		for _, a := range aud {
			if s, ok := a.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}

// seconds returns the time that a claim names.
func (t token) seconds(claim string) (time.Time, bool) {
	n, ok := t.claims[claim].(json.Number)
	if !ok {
		return time.Time{}, false
	}
	f, err := n.Float64()
	if err != nil || f <= 0 || f > 1e11 {
		return time.Time{}, false
	}
	return time.Unix(int64(f), 0), true
}

// owner returns the provider whose token this is, by its own word, or why it is none's.
func (t token) owner(here []identity.Provider) (*identity.Provider, reason.Code) {
	var kin, own []*identity.Provider
	for i := range here {
		p := &here[i]
		if p.JWT == nil || p.JWT.Issuer != t.text("iss") {
			continue
		}
		kin = append(kin, p)
		if meet(t.audiences(), p.JWT.Audiences) {
			own = append(own, p)
		}
	}
	switch {
	case len(own) == 1:
		return own[0], reason.Allowed
	case len(kin) > 0:
		return nil, reason.TokenAudience
	default:
		return nil, reason.TokenIssuer
	}
}

func meet(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// refused compares what the token says of its kind and its time with what the provider takes, in
// the order of package jwt. It is Allowed when all of that would do, if the signature did.
func (t token) refused(p *identity.Provider, at time.Time) reason.Code {
	alg, _ := t.header["alg"].(string)
	typ, _ := t.header["typ"].(string)
	typ = strings.TrimPrefix(strings.ToLower(typ), "application/")
	expires, hasExpiry := t.seconds("exp")
	issued, hasIssue := t.seconds("iat")
	from, limited := t.seconds("nbf")
	_, bound := t.claims["cnf"]
	switch early := at.Add(p.JWT.Skew); {
	case !slices.Contains(p.JWT.Algorithms, alg):
		return reason.TokenAlgorithm
	case !slices.Contains(p.JWT.Types, typ):
		return reason.TokenType
	case bound:
		return reason.TokenBinding
	case !hasExpiry || !hasIssue || !expires.After(issued):
		return reason.TokenClaims
	case !at.Add(-p.JWT.Skew).Before(expires):
		return reason.TokenExpired
	case limited && from.After(early) || issued.After(early):
		return reason.TokenNotYetValid
	case expires.Sub(issued) > p.JWT.MaxLifetime:
		return reason.TokenLifetime
	}
	return reason.Allowed
}

// user returns the user whom a token names, at its word.
func (t token) user(p *identity.Provider) *syntax.TestUser {
	kid, _ := t.header["kid"].(string)
	u := &syntax.TestUser{Provider: syntax.Text{Value: p.Name}, KeyID: syntax.Text{Value: kid}}
	for _, name := range sorted(t.claims) {
		u.Claims = append(u.Claims, syntax.TestClaim{Name: syntax.Text{Value: name}, Value: t.claims[name]})
	}
	return u
}
