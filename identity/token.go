package identity

// IsToken says that s is a token of RFC 9110 section 5.6.2: a method, the name of a header, an
// authentication scheme.
func IsToken(s string) bool { return s != "" && TokenLen(s) == len(s) }

// TokenLen returns how many bytes the token has that s begins with; 0 when it begins with none.
func TokenLen(s string) int {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return i
		}
	}
	return len(s)
}

// isTokenByte says that c is a tchar.
func isTokenByte(c byte) bool {
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
