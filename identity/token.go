package identity

// IsToken says that s is a token of RFC 9110 section 5.6.2: a method, the name of a header, an
// authentication scheme.
func IsToken(s string) bool { return s != "" && TokenLen(s) == len(s) }

// IsLowerToken says that s is a token without capitals, as the name of a header is in HTTP/2 (RFC 9113
// section 8.2.1).
func IsLowerToken(s string) bool {
	for i := range len(s) {
		if tokenBytes[s[i]] != lower {
			return false
		}
	}
	return s != ""
}

// TokenLen returns how many bytes the token has that s begins with; 0 when it begins with none.
func TokenLen(s string) int {
	for i := range len(s) {
		if tokenBytes[s[i]] == 0 {
			return i
		}
	}
	return len(s)
}

// What a tchar is: a capital, or not.
const (
	lower = 1 + iota
	upper
)

// tokenBytes says of each byte whether it is a tchar. The headers of a check have hundreds of them, so
// nothing is compared.
var tokenBytes = [256]byte{
	'!': lower, '#': lower, '$': lower, '%': lower, '&': lower, '\'': lower, '*': lower, '+': lower, '-': lower, '.': lower,
	'^': lower, '_': lower, '`': lower, '|': lower, '~': lower,
	'0': lower, '1': lower, '2': lower, '3': lower, '4': lower, '5': lower, '6': lower, '7': lower, '8': lower, '9': lower,
	'a': lower, 'b': lower, 'c': lower, 'd': lower, 'e': lower, 'f': lower, 'g': lower, 'h': lower, 'i': lower,
	'j': lower, 'k': lower, 'l': lower, 'm': lower, 'n': lower, 'o': lower, 'p': lower, 'q': lower, 'r': lower,
	's': lower, 't': lower, 'u': lower, 'v': lower, 'w': lower, 'x': lower, 'y': lower, 'z': lower,
	'A': upper, 'B': upper, 'C': upper, 'D': upper, 'E': upper, 'F': upper, 'G': upper, 'H': upper, 'I': upper,
	'J': upper, 'K': upper, 'L': upper, 'M': upper, 'N': upper, 'O': upper, 'P': upper, 'Q': upper, 'R': upper,
	'S': upper, 'T': upper, 'U': upper, 'V': upper, 'W': upper, 'X': upper, 'Y': upper, 'Z': upper,
}
