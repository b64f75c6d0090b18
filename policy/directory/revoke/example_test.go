package revoke_test

import (
	"fmt"
	"os"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/directory/revoke"
)

// An entry that is added stands on a line of its own.
func ExampleStore() {
	dir, _ := os.MkdirTemp("", "policies")
	defer os.RemoveAll(dir)

	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	entry := identity.RevocationEntry{Name: "taken-over", Callers: []string{"spiffe://shop.test/ns/shop/sa/web"}, Until: now.Add(time.Hour)}
	written, err := revoke.NewStore(dir).Add("revoked", []identity.RevocationEntry{entry}, now)
	fmt.Println(written.Entries[0].At, err)

	text, _ := os.ReadFile(dir + "/" + written.File)
	fmt.Print(string(text))
	// Output:
	// revocations/revoked.yaml:7:5 <nil>
	// # Written by postern revoke, which also takes out what has ended.
	// apiVersion: postern.dev/v1alpha1
	// kind: Revocation
	// metadata: {name: revoked}
	// spec:
	//   entries:
	//   - {name: taken-over, callers: [spiffe://shop.test/ns/shop/sa/web], until: 2026-11-22T13:00:00Z}
}
