package house_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/revocation"
	"github.com/postern/postern/policy/syntax"
)

// TestTheRevocationOfTheDocumentationLoads and names one thing each way that the text says.
func TestTheRevocationOfTheDocumentationLoads(t *testing.T) {
	found := 0
	for line, text := range document(t, operationsPage).blocks("yaml") {
		documents, err := syntax.Parse("incident-42.yaml", []byte(text))
		if err != nil {
			t.Errorf("the example in line %d: %v", line, err)
			continue
		}
		for i := range documents {
			r := documents[i].Revocation
			if r == nil {
				continue
			}
			list, err := revocation.Compile(r)
			if found++; err != nil || len(list.Entries()) < 2 {
				t.Errorf("the example in line %d: %v, %d entries", line, err, len(r.Entries))
			}
		}
	}
	if found == 0 {
		t.Errorf("%s shows no Revocation", operationsPage)
	}
}

// TestEveryFlagOfRevokeIsDocumented compares with what the command itself says.
func TestEveryFlagOfRevokeIsDocumented(t *testing.T) {
	var documented, real []string
	for _, row := range document(t, operationsPage).table(t, "| flag of `postern revoke` |") {
		documented = append(documented, codes(row[0])...)
	}
	for name := range flags(t, "revoke") {
		real = append(real, "--"+name)
	}
	same(t, "the table of flags of postern revoke", documented, real)
}

// TestTheSerialNumberOfTheDocumentation runs the command that the page gives for a serial number, and
// writes what it prints into a Revocation.
func TestTheSerialNumberOfTheDocumentation(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("optional, in CI too: openssl is not on PATH")
	}
	command := ""
	for _, text := range document(t, operationsPage).blocks("bash") {
		if strings.Contains(text, "openssl") {
			command = text
		}
	}
	ca := minttest.CA(t, "shop.test")
	for range 20 { // some numbers begin with a zero
		leaf := minttest.SVID(t, ca, "spiffe://shop.test/ns/shop/sa/web")
		dir := t.TempDir()
		write(t, filepath.Join(dir, "web.pem"), leaf.PEM())
		run := exec.Command("bash", "-c", command)
		run.Dir = dir
		out, err := run.Output()
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		serial := strings.TrimSpace(string(out))
		text := fmt.Sprintf("apiVersion: postern.dev/v1alpha1\nkind: Revocation\nmetadata: {name: a}\nspec:\n  entries:\n  - {trustDomain: shop.test, serials: [%q], until: 2999-01-01T00:00:00Z}\n", serial)
		documents, err := syntax.Parse("a.yaml", []byte(text))
		if err != nil {
			t.Fatalf("%q: %v", serial, err)
		}
		if got := documents[0].Revocation.Entries[0].Serials[0]; strings.TrimLeft(got, "0") != fmt.Sprintf("%x", leaf.Leaf().SerialNumber) {
			t.Errorf("got %s, want %x", got, leaf.Leaf().SerialNumber)
		}
	}
}
