package syntax

import (
	"errors"
	"fmt"
	"strings"

	"github.com/postern/postern/identity"
)

// The longest names: RFC 1035 section 2.3.4, as Kubernetes has it.
const (
	maxLabel     = 63
	maxSubdomain = 253
)

// checkLabel holds a name to RFC 1123 as Kubernetes reads it.
func checkLabel(s string) error {
	switch {
	case len(s) > maxLabel:
		return fmt.Errorf("this name has %d characters: at most %d", len(s), maxLabel)
	case !isLabel(s):
		return fmt.Errorf("%s is no name: lower-case letters, digits and dashes, with no dash at either end", quote(s))
	}
	return nil
}

// checkSubdomain is checkLabel for labels with dots between them.
func checkSubdomain(s string) error {
	if len(s) > maxSubdomain {
		return fmt.Errorf("this name has %d characters: at most %d", len(s), maxSubdomain)
	}
	for label := range strings.SplitSeq(s, ".") {
		if !isLabel(label) {
			return fmt.Errorf("%s is no name: lower-case letters, digits, dashes and dots, with a letter or digit at both ends of each part", quote(s))
		}
	}
	return nil
}

func isLabel(s string) bool {
	if s == "" || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if !isLower(s[i]) && !isDigit(s[i]) && s[i] != '-' {
			return false
		}
	}
	return true
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// checkMethod takes HTTP methods and "*".
func checkMethod(s string) error {
	switch {
	case s == "*":
		return nil
	case s == "CONNECT":
		return errors.New("CONNECT is never granted")
	case !identity.IsToken(s) || strings.Contains(s, "*"):
		return fmt.Errorf("%s is no HTTP method", quote(s))
	case s != strings.ToUpper(s):
		return fmt.Errorf("methods are compared exactly: did you mean %q?", strings.ToUpper(s))
	}
	return nil
}

// checkService takes the full name of a protobuf service.
func checkService(s string) error {
	for part := range strings.SplitSeq(s, ".") {
		if !isIdentifier(part) {
			return fmt.Errorf("%s is no gRPC service: write its full name, as in shop.v1.Payments", quote(s))
		}
	}
	return nil
}

// checkCall takes the name of a gRPC method and "*".
func checkCall(s string) error {
	if s != "*" && !isIdentifier(s) {
		return fmt.Errorf("%s is no gRPC method: write its name alone, as in Charge", quote(s))
	}
	return nil
}

func isIdentifier(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLower(c) && !isUpper(c) && c != '_' && (i == 0 || !isDigit(c)) {
			return false
		}
	}
	return s != ""
}
