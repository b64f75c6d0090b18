package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/jose"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/policy/directory/revoke"
)

// maxPasted is how long a token may be that is read from standard input.
const maxPasted = 64 << 10

// fromToken takes from a token, which nothing vouches for, what is cut off. Only its form is checked:
// an operator who cuts off what a forged token says has got it from somewhere.
func (f *revokeFlags) fromToken(e *identity.RevocationEntry, in io.Reader, survey *revoke.Survey) ([]identity.Provider, error) {
	if f.token != "-" {
		return nil, errors.New("--token: a token on the command line is seen by everybody on this machine: write - and give it on standard input")
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxPasted+1))
	if err != nil {
		return nil, fmt.Errorf("--token: %w", err)
	}
	fields := strings.Fields(string(raw))
	if len(fields) == 2 && strings.EqualFold(fields[0], "bearer") {
		fields = fields[1:]
	}
	if len(fields) != 1 {
		return nil, errors.New("--token: standard input does not hold one token")
	}
	token, err := jose.Parse(fields[0], maxPasted)
	if err != nil {
		return nil, fmt.Errorf("--token: %w", err)
	}
	p, err := f.meant(fields[0], survey)
	if err != nil {
		return nil, err
	}
	return []identity.Provider{p}, f.pick(e, token, p.Claims)
}

// checkNoToken refuses a token in any flag, where everybody on this machine sees it and a document would
// keep it. It is not repeated.
func checkNoToken(flags *pflag.FlagSet) error {
	var err error
	flags.Visit(func(g *pflag.Flag) {
		values := []string{g.Value.String()}
		if list, ok := g.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		if g.Name != "token" && slices.ContainsFunc(values, looksLikeToken) {
			err = fmt.Errorf("--%s: that is a whole token, which everybody on this machine can see now: use --token - and standard input", g.Name)
		}
	})
	return err
}

// looksLikeToken says whether a text is a JWT by its form: three parts of base64url, of which the first
// is an object (RFC 7515 section 3.1).
func looksLikeToken(text string) bool {
	text = strings.TrimSpace(text)
	if scheme, rest, ok := strings.Cut(text, " "); ok && strings.EqualFold(scheme, "bearer") {
		text = strings.TrimSpace(rest)
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return false
	}
	var header map[string]json.RawMessage
	for i, part := range parts {
		decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(part, "="))
		if err != nil || i == 0 && json.Unmarshal(decoded, &header) != nil {
			return false
		}
	}
	return header != nil
}

// meant returns the provider that --provider names, else the one whose token it claims to be.
func (f *revokeFlags) meant(raw string, survey *revoke.Survey) (identity.Provider, error) {
	if f.provider != "" {
		p, err := survey.Provider(f.provider)
		if err != nil {
			return p, fmt.Errorf("--provider: %w", err)
		}
		return p, nil
	}
	meant, err := provider.MeantUnverified(survey.Providers, raw)
	if err != nil {
		return identity.Provider{}, fmt.Errorf("--token: %w", err)
	}
	switch len(meant) {
	case 0:
		return identity.Provider{}, fmt.Errorf("--token: name the --provider: %w", survey.Unmeant())
	case 1:
		return meant[0], nil
	}
	names := make([]string, len(meant))
	for i, p := range meant {
		names[i] = p.Name
	}
	return identity.Provider{}, fmt.Errorf("--token: it can be a token of %s: name one as --provider, and the others after it", strings.Join(names, " or "))
}

// pick takes the claim that --by names: of users the one that decisions call them by.
func (f *revokeFlags) pick(e *identity.RevocationEntry, token *jose.Token, claims identity.ClaimMap) error {
	name, to := []string(nil), (*[]string)(nil)
	switch f.by {
	case "token":
		name, to = []string{"jti"}, &e.TokenIDs
	case "session":
		name, to = []string{"sid"}, &e.SessionIDs
	case "subject":
		name, to = claims.Subject, &e.Subjects
		if name == nil {
			name = []string{"sub"}
		}
	case "key":
		name, to = []string{"kid"}, &e.KeyIDs
	default:
		return fmt.Errorf("--by: %q: token, session, subject or key", f.by)
	}
	value := token.KeyID()
	if f.by != "key" {
		value = claimed(token, name)
	}
	if value == "" {
		return fmt.Errorf("--token: it has no %s: choose another --by", strings.Join(name, "."))
	}
	*to = append(*to, value)
	return nil
}

// claimed returns the text at a path of member names, "" when none is there.
func claimed(token *jose.Token, path []string) string {
	v, _ := token.Unverified(path[0])
	for _, name := range path[1:] {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	s, _ := v.(string)
	return s
}
