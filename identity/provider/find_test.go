package provider_test

import (
	"context"
	"strings"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/provider/kind"
	"github.com/postern/postern/identity/reason"
)

// headers are the headers of a request, by lower-case name.
type headers struct {
	values map[string][]string
	joined bool
}

func (h headers) First(name string) (string, int) {
	if len(h.values[name]) == 0 {
		return "", 0
	}
	return h.values[name][0], len(h.values[name])
}
func (h headers) Joined() bool { return h.joined }

func (h headers) request() kind.Request { return kind.Request{Headers: h} }

// raw returns headers in Envoy's raw encoding, as name and value in turn.
func raw(pairs ...string) headers {
	h := headers{values: map[string][]string{}}
	for i := 0; i < len(pairs); i += 2 {
		h.values[pairs[i]] = append(h.values[pairs[i]], pairs[i+1])
	}
	return h
}

// joined returns headers as Envoy's other encoding delivers them.
func joined(pairs ...string) headers {
	h := raw(pairs...)
	h.joined = true
	for name, values := range h.values {
		h.values[name] = []string{strings.Join(values, ",")}
	}
	return h
}

// TestFindHeader has a request for each way in which an authorization header can be wrong. T
// stands for a sound token.
func TestFindHeader(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	idp := keystest.New(t, key)
	m := started(t, issuer(idp, "idp"))
	token := sign(t, idp, key)
	for name, tc := range map[string]struct {
		headers headers
		want    reason.Code
	}{
		"sound":                      {raw("authorization", "Bearer T"), reason.Allowed},
		"sound, joined":              {joined("authorization", "Bearer T"), reason.Allowed},
		"another case":               {raw("authorization", "bEARER T"), reason.Allowed},
		"none":                       {raw(), reason.CredentialMissing},
		"in another header":          {raw("x-authorization", "Bearer T", "proxy-authorization", "Bearer T"), reason.CredentialMissing},
		"in a cookie":                {raw("cookie", "authorization=T"), reason.CredentialMissing},
		"another scheme":             {raw("authorization", "Basic dXNlcjpwYXNz"), reason.CredentialMissing},
		"another scheme, parameters": {raw("authorization", `Digest username="a", realm="b", uri="/"`), reason.CredentialMissing},
		"a longer scheme":            {raw("authorization", "BearerX T"), reason.CredentialMissing},
		"a DPoP token":               {raw("authorization", "DPoP T"), reason.CredentialMissing},
		"two values":                 {raw("authorization", "Bearer T", "authorization", "Bearer T"), reason.CredentialDuplicate},
		"two values, joined":         {joined("authorization", "Bearer T", "authorization", "Bearer T"), reason.CredentialDuplicate},
		"two, as Envoy joins them":   {raw("authorization", "Bearer T,Bearer T"), reason.CredentialDuplicate},
		"two, with a space":          {raw("authorization", "Bearer T, Bearer T"), reason.CredentialDuplicate},
		"two, the other a Basic":     {raw("authorization", "Bearer T,Basic dTpw"), reason.CredentialDuplicate},
		"two, after a Basic":         {raw("authorization", "Basic dTpw,Bearer T"), reason.CredentialDuplicate},
		"two, after a Digest":        {raw("authorization", `Digest a="b", bearer T`), reason.CredentialDuplicate},
		"two, after spaces":          {raw("authorization", "Basic dTpw,\t  Bearer T"), reason.CredentialDuplicate},
		"a comma at the end":         {raw("authorization", "Bearer T,"), reason.CredentialDuplicate},
		"a comma at the beginning":   {raw("authorization", ",Bearer T"), reason.TokenMalformed},
		"an empty value":             {raw("authorization", ""), reason.TokenMalformed},
		"the scheme alone":           {raw("authorization", "Bearer"), reason.TokenMalformed},
		"an empty token":             {raw("authorization", "Bearer "), reason.TokenMalformed},
		"two spaces":                 {raw("authorization", "Bearer  T"), reason.TokenMalformed},
		"a tab":                      {raw("authorization", "Bearer\tT"), reason.TokenMalformed},
		"a space before":             {raw("authorization", " Bearer T"), reason.TokenMalformed},
		"a space after":              {raw("authorization", "Bearer T "), reason.TokenMalformed},
		"two tokens":                 {raw("authorization", "Bearer T T"), reason.TokenMalformed},
		"a colon":                    {raw("authorization", "Bearer: T"), reason.TokenMalformed},
		"quotes":                     {raw("authorization", `Bearer "T"`), reason.TokenMalformed},
		"a parameter":                {raw("authorization", `Bearer token="T"`), reason.TokenMalformed},
		"a semicolon":                {raw("authorization", "Bearer T;x"), reason.TokenMalformed},
		"a NUL":                      {raw("authorization", "Bearer T\x00"), reason.TokenMalformed},
		"not UTF-8":                  {raw("authorization", "Bearer \xff"), reason.TokenMalformed},
		"what Envoy could not show":  {joined("authorization", "Bearer T!"), reason.TokenMalformed},
		"the token alone":            {raw("authorization", "T"), reason.CredentialMissing},
		"padding":                    {raw("authorization", "Bearer T="), reason.TokenMalformed},
		"an opaque token":            {raw("authorization", "Bearer 2YotnFZFEjr1zCsicMWpAA"), reason.TokenMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			h := headers{values: map[string][]string{}, joined: tc.headers.joined}
			for name, values := range tc.headers.values {
				for _, v := range values {
					h.values[name] = append(h.values[name], strings.ReplaceAll(v, "T", token))
				}
			}
			expect(t, m.Current().Authenticate(context.Background(), []string{"idp"}, h.request(), now(), identity.Caller{}), tc.want)
		})
	}
}

func TestFindBareHeader(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	idp := keystest.New(t, key)
	m := started(t, issuer(idp, "idp", func(p *identity.Provider) { p.From = identity.Place{Header: "x-token"} }))
	token := sign(t, idp, key)
	for name, tc := range map[string]struct {
		headers headers
		want    reason.Code
	}{
		"sound":          {raw("x-token", token), reason.Allowed},
		"none":           {raw("authorization", "Bearer "+token), reason.CredentialMissing},
		"with a scheme":  {raw("x-token", "Bearer "+token), reason.TokenMalformed},
		"empty":          {raw("x-token", ""), reason.TokenMalformed},
		"two":            {raw("x-token", token, "x-token", token), reason.CredentialDuplicate},
		"two, joined":    {joined("x-token", token, "x-token", token), reason.CredentialDuplicate},
		"a comma":        {raw("x-token", token+","), reason.CredentialDuplicate},
		"a space before": {raw("x-token", " "+token), reason.TokenMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, m.Current().Authenticate(context.Background(), []string{"idp"}, tc.headers.request(), now(), identity.Caller{}), tc.want)
		})
	}
}

func TestFindCookie(t *testing.T) {
	key := minttest.Key(t, "ES256", "k1")
	idp := keystest.New(t, key)
	m := started(t, issuer(idp, "idp", func(p *identity.Provider) { p.From = identity.Place{Cookie: "__Host-session"} }))
	c := "__Host-session=" + sign(t, idp, key)
	for name, tc := range map[string]struct {
		headers headers
		want    reason.Code
	}{
		"alone":                       {raw("cookie", c), reason.Allowed},
		"first":                       {raw("cookie", c+"; a=1"), reason.Allowed},
		"last":                        {raw("cookie", "a=1; "+c), reason.Allowed},
		"alone, joined":               {joined("cookie", "a=1; "+c+"; b=2"), reason.Allowed},
		"after junk":                  {raw("cookie", `a; =x; b="1; 2"; c,d; `+c), reason.Allowed},
		"without a space":             {raw("cookie", "a=1;"+c), reason.Allowed},
		"no cookies":                  {raw(), reason.CredentialMissing},
		"an empty header":             {raw("cookie", ""), reason.CredentialMissing},
		"another cookie":              {raw("cookie", "session=x"), reason.CredentialMissing},
		"a longer name":               {raw("cookie", "x"+c), reason.CredentialMissing},
		"a shorter name":              {raw("cookie", "__Host-sessio=x"), reason.CredentialMissing},
		"another case":                {raw("cookie", strings.ToLower(c)), reason.CredentialMissing},
		"within another value":        {raw("cookie", "a="+c), reason.CredentialMissing},
		"in an authorization header":  {raw("authorization", "Bearer "+c), reason.CredentialMissing},
		"twice":                       {raw("cookie", c+"; "+c), reason.CredentialDuplicate},
		"twice, one empty":            {raw("cookie", c+"; __Host-session="), reason.CredentialDuplicate},
		"twice, one without equals":   {raw("cookie", "__Host-session; "+c), reason.CredentialDuplicate},
		"twice, one with a space":     {raw("cookie", c+"; __Host-session =x"), reason.CredentialDuplicate},
		"two headers":                 {raw("cookie", c, "cookie", "a=1"), reason.CredentialDuplicate},
		"two headers with it":         {raw("cookie", c, "cookie", c), reason.CredentialDuplicate},
		"two headers, joined":         {joined("cookie", "a=1", "cookie", c), reason.CredentialDuplicate},
		"two headers with it, joined": {joined("cookie", c, "cookie", c), reason.CredentialDuplicate},
		"a comma elsewhere, joined":   {joined("cookie", c+"; a=1,2"), reason.CredentialDuplicate},
		"a comma, joined, without it": {joined("cookie", "a=1,2"), reason.CredentialMissing},
		"a comma elsewhere, raw":      {raw("cookie", c+"; a=1,2"), reason.Allowed},
		"a comma before it, raw":      {raw("cookie", "a=1,"+c), reason.CredentialMissing},
		"empty":                       {raw("cookie", "__Host-session="), reason.TokenMalformed},
		"without equals":              {raw("cookie", "__Host-session"), reason.TokenMalformed},
		"a space before the equals":   {raw("cookie", strings.Replace(c, "=", " =", 1)), reason.TokenMalformed},
		"a space after the equals":    {raw("cookie", strings.Replace(c, "=", "= ", 1)), reason.TokenMalformed},
		"a tab before":                {raw("cookie", "a=1;\t"+c), reason.TokenMalformed},
		"two spaces before":           {raw("cookie", "a=1;  "+c), reason.TokenMalformed},
		"a space after":               {raw("cookie", c+" ; a=1"), reason.TokenMalformed},
		"quoted":                      {raw("cookie", strings.Replace(c, "=", `="`, 1)+`"`), reason.TokenMalformed},
		"a second equals":             {raw("cookie", strings.Replace(c, "=", "==", 1)), reason.TokenMalformed},
		"what Envoy could not show":   {joined("cookie", c+"!"), reason.TokenMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, m.Current().Authenticate(context.Background(), []string{"idp"}, tc.headers.request(), now(), identity.Caller{}), tc.want)
		})
	}
}

// FuzzAuthenticate sends whatever headers: only the one token that was signed gets through,
// and only in the one form.
func FuzzAuthenticate(f *testing.F) {
	key := minttest.Key(f, "EdDSA", "k1")
	idp := keystest.New(f, key)
	m := started(f, issuer(idp, "idp"), issuer(idp, "web", func(p *identity.Provider) { p.From = identity.Place{Cookie: "sid"} }))
	token := sign(f, idp, key)
	f.Add("Bearer T", "", false)
	f.Add("bearer T", "a=1", true)
	f.Add("", "sid=T", false)
	f.Add("Bearer T,Bearer T", "sid=T; sid=T", false)
	f.Add(`Digest a="b", Bearer T`, "a=1,sid=T", true)
	f.Fuzz(func(t *testing.T, authorization, cookie string, joined bool) {
		h := headers{values: map[string][]string{}, joined: joined}
		if authorization != "" {
			h.values["authorization"] = []string{strings.ReplaceAll(authorization, "T", token)}
		}
		if cookie != "" {
			h.values["cookie"] = []string{strings.ReplaceAll(cookie, "T", token)}
		}
		c := m.Current().Authenticate(context.Background(), []string{"web", "idp"}, h.request(), now(), identity.Caller{})
		parts := sidParts(strings.Join(h.values["cookie"], ""), joined)
		inHeader := strings.EqualFold(strings.ReplaceAll(authorization, "T", "t"), "bearer t") && strings.HasSuffix(authorization, "T")
		inCookie := len(parts) == 1 && strings.TrimPrefix(parts[0], " ") == "sid="+token
		switch {
		case (c.Reason == reason.Allowed) != (c.User != nil) || c.Reason == reason.Internal:
			t.Fatalf("got %+v", c)
		case c.User != nil && (inHeader == inCookie || inHeader && len(parts) > 0):
			t.Fatalf("a user, and the header has it: %v; cookies that may have it: %q", inHeader, parts)
		case c.Cause != nil && strings.Contains(c.Cause.Error(), token):
			t.Fatal("the cause holds the token")
		}
	})
}

// sidParts are the parts of a Cookie header that some reader may take for the cookie sid.
func sidParts(cookies string, joined bool) []string {
	separators := ";"
	if joined {
		separators = ";,"
	}
	var parts []string
	for part := range strings.FieldsFuncSeq(cookies, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if name, _, _ := strings.Cut(part, "="); strings.Trim(name, " \t") == "sid" {
			parts = append(parts, part)
		}
	}
	return parts
}

// TestFloods: a header of 60 KiB, which Envoy lets through, comes to its end whatever is in it.
func TestFloods(t *testing.T) {
	const size = 60 << 10
	key := minttest.Key(t, "EdDSA", "k1")
	idp := keystest.New(t, key)
	m := started(t, issuer(idp, "idp"), issuer(idp, "web", func(p *identity.Provider) { p.From = identity.Place{Cookie: "sid"} }))
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	for name, tc := range map[string]struct {
		headers headers
		want    reason.Code
	}{
		"a scheme alone":                  {raw("authorization", fill("x")), reason.CredentialMissing},
		"a long scheme, then ours":        {raw("authorization", fill("x")+", Bearer T"), reason.CredentialDuplicate},
		"commas":                          {raw("authorization", "Basic "+fill(",")), reason.CredentialDuplicate},
		"parameters":                      {raw("authorization", "Digest "+strings.Repeat(`a="b", `, 30)), reason.CredentialMissing},
		"a token":                         {bearer(fill("a")), reason.TokenTooLarge},
		"dots":                            {bearer(fill(".")), reason.TokenTooLarge},
		"padding":                         {bearer(fill("=")), reason.TokenTooLarge},
		"a cookie of that size":           {raw("cookie", "sid="+fill("a")), reason.TokenTooLarge},
		"semicolons":                      {raw("cookie", fill(";")), reason.CredentialMissing},
		"the name, as no cookie":          {raw("cookie", fill("sid")), reason.CredentialMissing},
		"the name, as part of one":        {raw("cookie", fill("xsid=;sidx=;")), reason.CredentialMissing},
		"the name, again and again":       {raw("cookie", fill("sid;")), reason.CredentialDuplicate},
		"semicolons, commas, joined":      {joined("cookie", fill(";,")), reason.CredentialMissing},
		"blanks before and after the one": {raw("cookie", fill(" ")+"sid"+fill("\t")), reason.TokenMalformed},
		"no provider's size, but garbage": {bearer(strings.Repeat("~", 8<<10)), reason.TokenMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, m.Current().Authenticate(context.Background(), []string{"idp", "web"}, tc.headers.request(), now(), identity.Caller{}), tc.want)
		})
	}
}
