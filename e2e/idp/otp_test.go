package idp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/postern/postern/e2e/idp"
)

// TestOTP are the test vectors of RFC 6238 appendix B, whose last six of eight digits these are.
func TestOTP(t *testing.T) {
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := idp.OTP("12345678901234567890", time.Unix(at, 0)); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func ExampleOTP() {
	fmt.Println(idp.OTP("12345678901234567890", time.Unix(59, 0)))
	// Output: 287082
}
