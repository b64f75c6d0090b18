package claims_test

import (
	"testing"

	"github.com/postern/postern/identity/claims"
)

func TestSizeOfNothing(t *testing.T) {
	if n := (claims.Verified{}).Size(); n != 0 {
		t.Errorf("the zero Verified takes %d bytes", n)
	}
}
