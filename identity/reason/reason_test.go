package reason_test

import (
	"errors"
	"fmt"
	"regexp"
	"testing"

	"github.com/postern/postern/identity/reason"
)

func TestEveryCodeHasARow(t *testing.T) {
	name := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	statuses := map[int]bool{400: true, 401: true, 403: true, 503: true}
	seen := map[string]reason.Code{}
	for i := range reason.Count {
		c := reason.Code(i)
		if !name.MatchString(c.String()) {
			t.Errorf("code %d: name %q", i, c)
		}
		if other, ok := seen[c.String()]; ok {
			t.Errorf("codes %d and %d share the name %q", other, i, c)
		}
		seen[c.String()] = c
		if c == reason.Allowed || c == reason.Onboarding {
			continue
		}
		if !statuses[c.Status()] {
			t.Errorf("%v: status %d is outside the closed set", c, c.Status())
		}
	}
}

func TestOnlyWhatGrantsIsOK(t *testing.T) {
	for i := range 256 {
		c := reason.Code(i)
		if grants := c == reason.Allowed || c == reason.Onboarding; (c.Status() == 200) != grants || c.Granted() != grants {
			t.Errorf("code %d has status %d", i, c.Status())
		}
	}
}

func TestNamed(t *testing.T) {
	for i := range reason.Count {
		c := reason.Code(i)
		if got, ok := reason.Named(c.String()); got != c || !ok {
			t.Errorf("%v is read as %v, %v", c, got, ok)
		}
	}
	if c, ok := reason.Named("Allowed"); ok || c != reason.Internal {
		t.Errorf("Allowed is read as %v", c)
	}
}

func TestZeroRefuses(t *testing.T) {
	var c reason.Code
	if c != reason.Internal || c.Status() < 400 {
		t.Fatalf("the zero code is %v with status %d", c, c.Status())
	}
}

func ExampleCode() {
	fmt.Println(reason.TokenExpired, reason.TokenExpired.Status())
	fmt.Println(reason.KeysPending, reason.KeysPending.Unavailable())
	// Output:
	// token_expired 401
	// keys_pending true
}

func TestOf(t *testing.T) {
	refused := reason.Errorf(reason.TokenExpired, "exp was %d s ago", 31)
	for _, tc := range []struct {
		err  error
		want reason.Code
	}{
		{nil, reason.Allowed},
		{refused, reason.TokenExpired},
		{fmt.Errorf("wrapped: %w", refused), reason.TokenExpired},
		{errors.New("anything else"), reason.Internal},
	} {
		if got := reason.Of(tc.err); got != tc.want {
			t.Errorf("Of(%v) = %v, want %v", tc.err, got, tc.want)
		}
	}
}
