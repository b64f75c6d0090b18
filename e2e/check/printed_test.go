package check_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	config "github.com/postern/postern/deploy/envoy"
	"github.com/postern/postern/deploy/envoy/check"
	"github.com/postern/postern/deploy/envoy/envoytest"
	"github.com/postern/postern/e2e/envoy"
)

// TestEnvoyTakesWhatIsPrinted lets the real Envoy load every variation in every form.
func TestEnvoyTakesWhatIsPrinted(t *testing.T) {
	p := newPlace(t)
	variations := envoytest.Variations(t, p.options(t))
	for _, name := range slices.Sorted(maps.Keys(variations)) {
		t.Run(name, func(t *testing.T) {
			o := variations[name]
			text := envoytest.Bootstrap(t, o)
			envoy.RequireValid(t, text)
			asJSON, err := config.JSON(text)
			if err != nil {
				t.Fatal(err)
			}
			envoy.RequireValid(t, asJSON)
			envoy.RequireValid(t, written(t, o))
		})
	}
}

// written writes the files of o into a folder and returns the bootstrap.
func written(t testing.TB, o config.Options) string {
	t.Helper()
	dir := t.TempDir()
	files, err := config.Files(o, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), []byte(f.Text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files[len(files)-1].Text
}

// TestWhatEnvoyMakesOfItPassesTheCheck reads the config_dump of every variation.
func TestWhatEnvoyMakesOfItPassesTheCheck(t *testing.T) {
	p := newPlace(t)
	for _, name := range []string{"plain", "everything"} {
		o := envoytest.Variations(t, p.options(t))[name]
		for _, text := range []string{envoytest.Bootstrap(t, o), written(t, o)} {
			g := p.start(t, text)
			c, err := check.Read("config_dump", []byte(g.dump(t)))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range check.Run(c, check.Options{OptionalClients: o.OptionalClients}) {
				t.Errorf("%s: %s", name, f)
			}
		}
	}
}
