package minttest_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// A failing stands in for a test and remembers that it failed.
type failing struct {
	testing.TB
	failed bool
}

func (f *failing) Helper()      {}
func (f *failing) Fatal(...any) { f.failed = true }

func TestErrorsFailTheTest(t *testing.T) {
	ca, key := minttest.CA(t, "shop.test"), minttest.Key(t, "ES256", "")
	for name, use := range map[string]func(testing.TB){
		"CA":         func(t testing.TB) { minttest.CA(t, "no domain") },
		"key":        func(t testing.TB) { minttest.Key(t, "none", "k") },
		"secret":     func(t testing.TB) { minttest.Secret(t, "none", "k", nil) },
		"bundle":     func(t testing.TB) { minttest.BundleJSON(t, ca, key) },
		"signature":  func(t testing.TB) { minttest.Sign(t, key, nil, map[string]any{"x": func() {}}) },
		"token":      func(t testing.TB) { minttest.Token(t, key, time.Now(), mint.Set("x", func() {})) },
		"everything": func(t testing.TB) { minttest.CA(t, ""); minttest.Key(t, "", "") },
	} {
		f := &failing{TB: t}
		if use(f); !f.failed {
			t.Errorf("%s: the test goes on", name)
		}
	}
}

func TestFile(t *testing.T) {
	path := minttest.File(t, "a.pem", []byte("x"))
	if data, err := os.ReadFile(path); err != nil || string(data) != "x" {
		t.Errorf("%q, %v", data, err)
	}
}

func Example() {
	test := func(t testing.TB) {
		ca := minttest.CA(t, "shop.test")
		web := minttest.SVID(t, ca, "spiffe://shop.test/ns/shop/sa/web")
		fmt.Println(web.Leaf().URIs[0])
	}
	test(new(testing.T)) // go test calls it
	// Output: spiffe://shop.test/ns/shop/sa/web
}
