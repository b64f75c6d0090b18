package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/postern/postern/identity/mint/minttest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"postern": main})
}

// TestScripts runs testdata/script: sessions of the command, as a user types them.
func TestScripts(t *testing.T) {
	bundle := minttest.CA(t, "shop.test").BundlePEM()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			return os.WriteFile(e.WorkDir+"/bundle.pem", bundle, 0o600)
		},
	})
}
