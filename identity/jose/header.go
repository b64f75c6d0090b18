package jose

import "github.com/postern/postern/identity/reason"

// maxHeaderText bounds kid and typ, in bytes.
const maxHeaderText = 512

// A header is what a JOSE header says, checked.
type header struct{ alg, kid, typ string }

// refused lists the header parameters that no token may have, and why.
func refused() [9][2]string {
	return [9][2]string{
		{"crit", "no extension is understood"},
		{"b64", "the payload is always encoded (RFC 7797)"},
		{"jku", "keys come from the configuration"},
		{"x5u", "keys come from the configuration"},
		{"jwk", "keys come from the configuration"},
		{"x5c", "keys come from the configuration"},
		{"zip", "a signed token is not compressed"},
		{"enc", "an encrypted token"},
		{"cty", "a nested token (RFC 7519 section 5.2)"},
	}
}

func parseHeader(text []byte) (header, error) {
	object, err := ParseObject(text, Limits{Depth: headerDepth, Values: headerValues})
	if err != nil {
		return header{}, reason.Errorf(reason.TokenMalformed, "header: %w", err)
	}
	for _, r := range refused() {
		if _, ok := object[r[0]]; ok {
			return header{}, reason.Errorf(reason.TokenHeader, "%s: %s", r[0], r[1])
		}
	}
	var h header
	if h.alg, err = headerText(object, "alg"); err != nil {
		return header{}, err
	}
	if h.kid, err = headerText(object, "kid"); err != nil {
		return header{}, err
	}
	if h.typ, err = headerText(object, "typ"); err != nil {
		return header{}, err
	}
	switch {
	case h.alg == "":
		return header{}, reason.Errorf(reason.TokenHeader, "no alg")
	case !IsAlgorithm(h.alg):
		return header{}, reason.Errorf(reason.TokenAlgorithm, "alg is none of the supported ones")
	}
	return h, nil
}

// headerText returns a parameter that is a text when it is there; "" when it is not.
func headerText(object map[string]any, name string) (string, error) {
	v, ok := object[name]
	if !ok {
		return "", nil
	}
	s, ok := v.(string)
	if !ok || s == "" || len(s) > maxHeaderText {
		return "", reason.Errorf(reason.TokenHeader, "%s is not a string of 1 to %d bytes", name, maxHeaderText)
	}
	return s, nil
}
