package revocation_test

import (
	"fmt"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/revocation"
)

func Example() {
	now := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	list, err := revocation.Compile(&identity.Revocation{Name: "incident-42", Entries: []identity.RevocationEntry{{
		At: "incident.yaml:6:5", Name: "stolen-laptop", Until: now.Add(24 * time.Hour),
		Providers: []string{"shop-idp"}, Subjects: []string{"alice"}, IssuedBefore: now,
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	stolen := &identity.User{Provider: "shop-idp", Subject: "alice", IssuedAt: now.Add(-time.Hour)}
	fresh := &identity.User{Provider: "shop-idp", Subject: "alice", IssuedAt: now.Add(time.Minute)}
	fmt.Println(list.User(stolen, now))
	fmt.Println(list.User(fresh, now))
	fmt.Println(list.User(stolen, now.Add(24*time.Hour)))
	// Output:
	// incident.yaml:6:5 (stolen-laptop)
	// <nil>
	// <nil>
}
