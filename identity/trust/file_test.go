package trust_test

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/trust"
)

func TestParseFile(t *testing.T) {
	for _, tc := range []struct {
		flag, domain, path string
		ok                 bool
	}{
		{"shop.test=/a/b.pem", "shop.test", "/a/b.pem", true},
		{"shop.test=b=c.pem", "shop.test", "b=c.pem", true},
		{"shop.test", "", "", false},
		{"shop.test=", "", "", false},
		{"=/a/b.pem", "", "", false},
		{"/a/b.pem", "", "", false},
		{"Shop.test=/a", "", "", false},
		{"spiffe://shop.test=/a", "", "", false},
		{"", "", "", false},
	} {
		f, err := trust.ParseFile(tc.flag)
		if (err == nil) != tc.ok || f.Domain.Name() != tc.domain || f.Path != tc.path {
			t.Errorf("%q: %v, %v", tc.flag, f, err)
		}
		if tc.ok && f.String() != tc.flag {
			t.Errorf("%q became %q", tc.flag, f)
		}
	}
}

// contents is what a bundle file of shop.test may hold, with a part of the error.
func contents(t *testing.T) map[string]struct{ data, want string } {
	t.Helper()
	ca := minttest.CA(t, "shop.test")
	web := minttest.SVID(t, ca, "spiffe://shop.test/web")
	key := minttest.Key(t, "ES256", "k")
	root, keyPEM := string(ca.BundlePEM()), string(web.KeyPEM())
	edited := func(edit func(key map[string]any)) string {
		var set map[string]any
		if err := json.Unmarshal(minttest.BundleJSON(t, ca), &set); err != nil {
			t.Fatal(err)
		}
		edit(set["keys"].([]any)[0].(map[string]any))
		out, err := json.Marshal(set)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	leafX5C := edited(func(k map[string]any) { k["use"] = "jwt-svid"; k["kid"] = "a" })
	return map[string]struct{ data, want string }{
		"PEM":                   {root, ""},
		"PEM, two":              {root + string(minttest.CA(t, "shop.test").BundlePEM()), ""},
		"PEM with comments":     {"# the shop's\n" + root + "\n# end\n", ""},
		"PEM with CR LF":        {strings.ReplaceAll(root, "\n", "\r\n"), ""},
		"SPIFFE bundle":         {string(minttest.BundleJSON(t, ca)), ""},
		"SPIFFE bundle, JWT":    {"\n" + string(minttest.BundleJSON(t, ca, key)) + "\n", ""},
		"nothing":               {"", "empty"},
		"blanks":                {" \n\t", "empty"},
		"text":                  {"hello", "neither PEM"},
		"DER":                   {string(ca.Certificate().Raw), "neither PEM"},
		"PEM and its key":       {root + keyPEM, "private key"},
		"an EC key":             {root + strings.ReplaceAll(keyPEM, "PRIVATE KEY", "EC PRIVATE KEY"), "private key"},
		"an SVID":               {string(web.PEM()), "not a CA"},
		"a CA and an SVID":      {root + string(web.PEM()), "not a CA"},
		"a public key":          {strings.ReplaceAll(root, "CERTIFICATE", "PUBLIC KEY"), "PUBLIC KEY"},
		"a trusted certificate": {strings.ReplaceAll(root, "CERTIFICATE", "TRUSTED CERTIFICATE"), "TRUSTED CERTIFICATE"},
		"cut off":               {root[:len(root)-30], "cut off"},
		"one and a half":        {root + root[:len(root)/2], "cut off"},
		"a broken base64":       {root + strings.Replace(root, "\nM", "\n!", 1), "cut off"},
		"an end alone":          {root + "-----END CERTIFICATE-----\n", "cut off"},
		"a broken certificate":  {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 1"},
		"of another domain":     {string(minttest.CA(t, "partner.test").BundlePEM()), "partner.test"},
		"too large":             {root + strings.Repeat("#", 1<<20), "larger than"},
		"JSON cut off":          {string(minttest.BundleJSON(t, ca))[:200], "not a SPIFFE bundle"},
		"JSON twice":            {strings.Repeat(string(minttest.BundleJSON(t, ca)), 2), "not a SPIFFE bundle"},
		"JSON without keys":     {"{}", "not a SPIFFE bundle"},
		"JSON with no key":      {`{"keys": []}`, "x509-svid"},
		"JSON with JWT alone":   {leafX5C, "x509-svid"},
		"JSON with private key": {edited(func(k map[string]any) { k["d"] = "AAAA" }), "private key"},
		"JSON with private KEY": {edited(func(k map[string]any) { k["D"] = "AAAA" }), "private key"},
		"JSON without x5c":      {edited(func(k map[string]any) { delete(k, "x5c") }), "not a SPIFFE bundle"},
		"JSON with bad x5c":     {edited(func(k map[string]any) { k["x5c"] = []string{"AAAA"} }), "not a SPIFFE bundle"},
		"an array":              {"[]", "neither PEM"},
	}
}

func TestOpenFiles(t *testing.T) {
	for name, tc := range contents(t) {
		t.Run(name, func(t *testing.T) {
			path := minttest.File(t, "bundle", []byte(tc.data))
			file := parseFile(t, "shop.test="+path)
			files, err := trust.OpenFiles([]trust.File{file}, time.Hour)
			switch {
			case tc.want == "" && (err != nil || files == nil):
				t.Fatal(err)
			case tc.want == "":
				return
			case err == nil || files != nil:
				t.Fatalf("accepted; want an error with %q", tc.want)
			case !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), file.String()):
				t.Fatalf("%v\nwants %q and the file's name", err, tc.want)
			case strings.Contains(err.Error(), "AAAA") || len(err.Error()) > 600:
				t.Fatalf("the error quotes the file: %v", err)
			}
		})
	}
}

func TestOpenFilesThatAreNone(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	good := minttest.File(t, "good", minttest.CA(t, "shop.test").BundlePEM())
	for _, tc := range []struct {
		name   string
		files  []string
		maxAge time.Duration
		want   string
	}{
		{"good", []string{"shop.test=" + good}, time.Hour, ""},
		{"none", nil, time.Hour, "no trust bundle file"},
		{"no age", []string{"shop.test=" + good}, 0, "must be positive"},
		{"twice", []string{"shop.test=" + good, "shop.test=" + good}, time.Hour, "put all of its certificates into one"},
		{"second is missing", []string{"shop.test=" + good, "partner.test=" + dir + "/none"}, time.Hour, "partner.test=" + dir + "/none"},
		{"missing", []string{"shop.test=" + dir + "/none"}, time.Hour, "/none: open: no such file"},
		{"a folder", []string{"shop.test=" + dir}, time.Hour, "not a regular file"},
		{"a pipe", []string{"shop.test=" + fifo}, time.Hour, "not a regular file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var list []trust.File
			for _, flag := range tc.files {
				list = append(list, parseFile(t, flag))
			}
			_, err := trust.OpenFiles(list, tc.maxAge)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Fatalf("got %v, want %q", err, tc.want)
			}
			if tc.name == "missing" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v keeps no cause", err)
			}
		})
	}
}

func parseFile(t testing.TB, flag string) trust.File {
	t.Helper()
	f, err := trust.ParseFile(flag)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// FuzzOpenFiles writes any bytes into a bundle file: no panic, and what is accepted trusts at
// least one authority and holds no private key.
func FuzzOpenFiles(f *testing.F) {
	ca := minttest.CA(f, "shop.test")
	f.Add(ca.BundlePEM())
	f.Add(minttest.BundleJSON(f, ca, minttest.Key(f, "ES256", "k")))
	f.Add(mint.CertificatePEM(&x509.Certificate{Raw: []byte{0x30, 0}}))
	f.Add([]byte(`{"keys": [{"use": "x509-svid"}]}`))
	path := filepath.Join(f.TempDir(), "bundle")
	file := parseFile(f, "shop.test="+path)
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := trust.OpenFiles([]trust.File{file}, time.Hour)
		if err == nil && (strings.Contains(string(data), "BEGIN PRIVATE KEY") || len(data) < 100) {
			t.Fatalf("accepted %q", data)
		}
	})
}
