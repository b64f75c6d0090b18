package syntax

import (
	"strconv"
	"strings"
	"time"

	"github.com/postern/postern/policy/syntax/tree"
)

// A span is the smallest and the largest duration that a field may have.
type span struct{ least, most time.Duration }

// duration reads a duration as Go writes it, fallback when the field is absent.
func (r *reader) duration(n *tree.Node, s span, fallback time.Duration) time.Duration {
	if n == nil {
		return fallback
	}
	if n.Kind != tree.Scalar {
		r.fail(n, "expected a duration, as in 5m or 1h30m, found %s", found(n))
		return 0
	}
	d, err := time.ParseDuration(n.Text)
	switch {
	case err != nil || strings.HasPrefix(n.Text, "+") || n.Text == "0": // which is a number to YAML
		r.fail(n, "%s is no duration: write 30s, 5m or 24h; there are no days", quote(n.Text))
	case d < s.least || strings.HasPrefix(n.Text, "-"):
		r.fail(n, "%s is too short: at least %s", n.Text, short(s.least))
	case d > s.most:
		r.fail(n, "%s is too long: at most %s", n.Text, short(s.most))
	default:
		return d
	}
	return 0
}

// short writes a duration without its zeros: 24h and not 24h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// integer reads a whole number in its one decimal spelling, fallback when the field is absent.
func (r *reader) integer(n *tree.Node, least, most, fallback int) int {
	if n == nil {
		return fallback
	}
	if n.Kind != tree.Scalar || n.Quoted {
		r.fail(n, "expected a number, found %s", found(n))
		return 0
	}
	i, err := strconv.Atoi(n.Text)
	switch {
	case err != nil || strconv.Itoa(i) != n.Text:
		r.fail(n, "%s is no whole number in decimal digits", quote(n.Text))
	case i < least || i > most:
		r.fail(n, "%d is out of range: %d to %d", i, least, most)
	default:
		return i
	}
	return 0
}

// boolean reads true or false; ok is false when it is neither.
func (r *reader) boolean(n *tree.Node) (value, ok bool) {
	if n.Kind == tree.Scalar && !n.Quoted && (n.Text == "true" || n.Text == "false") {
		return n.Text == "true", true
	}
	what := found(n)
	if n.Kind == tree.Scalar && !n.Quoted && n.Text != "" {
		what = quote(n.Text)
	}
	r.fail(n, "expected true or false, found %s", what)
	return false, false
}
