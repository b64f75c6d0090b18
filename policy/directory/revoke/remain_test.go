package revoke_test

import (
	"strings"
	"testing"
)

// TestRemaining: what is lifted can be cut off by another entry, in another document, too.
func TestRemaining(t *testing.T) {
	const until = ", until: 2026-11-22T13:00:00Z}\n"
	for name, tc := range map[string]struct {
		lifted, other string
		remains       bool
	}{
		"the same workload":            {"callers: [spiffe://shop.test/a]", "callers: [spiffe://shop.test/a, spiffe://shop.test/b]", true},
		"a pattern of it":              {"callers: [spiffe://shop.test/ns/a]", "callers: [spiffe://shop.test/ns/*]", true},
		"another workload":             {"callers: [spiffe://shop.test/a]", "callers: [spiffe://shop.test/b]", false},
		"the same certificate":         {"trustDomain: shop.test, serials: [0a]", "trustDomain: shop.test, serials: [0a, 0b]", true},
		"its number in another domain": {"trustDomain: shop.test, serials: [0a]", "trustDomain: other.test, serials: [0a]", false},
		"the same user":                {"provider: shop-idp, subjects: [alice]", "provider: [shop-idp, staff-idp], subjects: [bob, alice]", true},
		"another user":                 {"provider: shop-idp, subjects: [alice]", "provider: shop-idp, subjects: [bob]", false},
		"of another provider":          {"provider: shop-idp, subjects: [alice]", "provider: staff-idp, subjects: [alice]", false},
		"an id that is a user's":       {"provider: shop-idp, tokenIDs: [a]", "provider: shop-idp, subjects: [a]", false},
		"all tokens":                   {"provider: shop-idp, sessionIDs: [s]", "provider: shop-idp, issuedBefore: 2026-11-22T11:00:00Z", true},
		"a key":                        {"provider: shop-idp, keyIDs: [k]", "provider: shop-idp, keyIDs: [k]", true},
		"a workload and a user":        {"provider: shop-idp, keyIDs: [k]", "callers: [spiffe://shop.test/a]", false},
	} {
		lifted := "  - {" + tc.lifted + until
		s := look(t, map[string]string{
			"idp.yaml": idp("shop-idp", "https://idp.shop.test/") + "---\n" + idp("staff-idp", "https://staff.shop.test/"),
			"r.yaml":   head + "  entries:\n" + lifted + lifted, // both of which Lift takes out
			"s.yaml":   strings.Replace(head, "revoked", "other", 1) + "  entries:\n  - {name: other, " + tc.other + until,
		})
		of, err := s.Find("r.yaml:6:5")
		if err != nil || s.Faults != nil {
			t.Fatal(name, err, s.Faults)
		}
		if got := s.Remaining(of, noon); len(got) > 1 || (len(got) == 1) != tc.remains || tc.remains && got[0].Name != "other" {
			t.Errorf("%s: %+v", name, got)
		}
		if got := s.Remaining(of, of.Until); len(got) > 0 {
			t.Errorf("%s: when all has ended: %+v", name, got)
		}
	}
}
