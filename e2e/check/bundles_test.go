package check_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	config "github.com/postern/postern/deploy/envoy"
	"github.com/postern/postern/deploy/envoy/envoytest"
	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// TestEnvoyFollowsAMapOfBundles is what docs/envoy.md says to write where the bundle of a federated
// trust domain changes alone.
func TestEnvoyFollowsAMapOfBundles(t *testing.T) {
	p := newPlace(t)
	next := minttest.CA(t, "partner.test")
	putBundles(t, p.svid, p.Shop, p.Partner)
	dir := t.TempDir()
	files, err := config.Files(p.options(t), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name == "sds-trust.yaml" {
			validator := "resources/0/validation_context/custom_validator_config/typed_config"
			f.Text = envoytest.Apply(t, f.Text, validator+"/trust_domains", "",
				validator+"/trust_bundles", "{filename: "+p.svid+"/bundles.json, watched_directory: {path: "+p.svid+"}}")
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name), []byte(f.Text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g := p.start(t, files[len(files)-1].Text)
	checked := func(ca *mint.CA, id string) bool {
		return len(g.get(t, mesh.With(minttest.SVID(t, ca, id)), "/").checks) > 0
	}
	if !checked(p.Shop, mesh.Web) || !checked(p.Partner, mesh.Ally) || checked(next, mesh.Ally) || checked(p.Partner, mesh.Web) {
		t.Fatal("the bundles at the start are not those of the map")
	}
	putBundles(t, p.svid, p.Shop, next)
	eventually(t, "the partner's new authority is believed", func() bool { return checked(next, mesh.Ally) })
	eventually(t, "the old one is not", func() bool { return !checked(p.Partner, mesh.Ally) })
}

// putBundles renames a map of trust domains to bundles into place.
func putBundles(t *testing.T, dir string, authorities ...*mint.CA) {
	t.Helper()
	domains := map[string]json.RawMessage{}
	for _, ca := range authorities {
		text, err := ca.BundleJSON()
		if err != nil {
			t.Fatal(err)
		}
		domains[ca.TrustDomain().Name()] = text
	}
	text, err := json.Marshal(map[string]any{"trust_domains": domains})
	if err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(dir, ".bundles.json")
	if err := os.WriteFile(fresh, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(fresh, filepath.Join(dir, "bundles.json")); err != nil {
		t.Fatal(err)
	}
}
