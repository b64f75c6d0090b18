package envoy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/deploy/envoy"
	"github.com/postern/postern/deploy/envoy/check"
	"github.com/postern/postern/deploy/envoy/envoytest"
	"github.com/postern/postern/deploy/envoy/tree"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// printed returns everything that can be printed for o.
func printed(t *testing.T, o envoy.Options) map[string]string {
	t.Helper()
	texts := map[string]string{"bootstrap": envoytest.Bootstrap(t, o)}
	files, err := envoy.Files(o, "/etc/envoy")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		texts[f.Name] = f.Text
	}
	if texts["snippet"], err = envoy.Snippet(o); err != nil {
		t.Fatal(err)
	}
	return texts
}

func TestWhatIsPrintedPassesTheCheck(t *testing.T) {
	for name, o := range envoytest.Variations(t, envoytest.Options(t)) {
		for file, text := range printed(t, o) {
			if file != "bootstrap" && file != "envoy.yaml" {
				continue
			}
			asJSON, err := envoy.JSON(text)
			if err != nil {
				t.Fatal(err)
			}
			for _, form := range []string{text, asJSON} {
				c, err := check.Read(file, []byte(form))
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range check.Run(c, check.Options{OptionalClients: o.OptionalClients}) {
					t.Errorf("%s, %s: %s", name, file, f)
				}
			}
		}
	}
}

func TestWhatIsPrintedIsReadable(t *testing.T) {
	for name, o := range envoytest.Variations(t, envoytest.Options(t)) {
		for file, text := range printed(t, o) {
			if _, err := tree.Parse(file, []byte(text)); err != nil {
				t.Errorf("%s, %s: %v", name, file, err)
			}
			for i, line := range strings.Split(text, "\n") {
				if line != strings.TrimRight(line, " ") || strings.Contains(line, "<no value>") || strings.Contains(line, "nil>") {
					t.Errorf("%s, %s:%d: %q", name, file, i+1, line)
				}
			}
		}
	}
}

// TestNoValueEscapesItsQuotes prints values that are legal and look like YAML, and finds them
// again as one string each.
func TestNoValueEscapesItsQuotes(t *testing.T) {
	dirs := []string{"/y", "/null", "/a: b", "/{a", "/a #b", `/a"b`, `/a\b`, "/a'b", "/- a", "/*a", "/%a", "/<a>&", "/{{.}}", "/a\", mode: 511}"}
	for _, dir := range dirs {
		o := envoytest.Options(t)
		o.SVIDDir, o.Admin = dir, envoytest.Address(t, "unix:"+dir+"/admin")
		root, err := tree.Parse("envoy.yaml", []byte(envoytest.Bootstrap(t, o)))
		if err != nil {
			t.Errorf("%s: %v", dir, err)
			continue
		}
		if got := root.Get("admin", "address", "pipe", "path").Text(); got != dir+"/admin" {
			t.Errorf("%q came back as %q", dir+"/admin", got)
		}
		if got := len(root.Get("admin", "address", "pipe").Fields()); got != 2 {
			t.Errorf("%q: the pipe has %d fields", dir, got)
		}
	}
}

// FuzzPrintedValues: whatever the flags let through comes back as it was, and adds nothing.
func FuzzPrintedValues(f *testing.F) {
	f.Add("spiffe://shop.test/a", "/run/svid", "partner.test=/b", "x=127.0.0.1:1,h:2,spiffe://shop.test/b", "https://a.test")
	f.Add("spiffe://y/n", "/n", "n=/y", "y=[::1]:1,y:2,spiffe://y/y", "https://y")
	f.Fuzz(func(t *testing.T, workload, dir, trust, upstream, origin string) {
		o := envoytest.Options(t)
		o.SVIDDir, o.CORS = dir, []string{origin}
		var errs [3]error
		o.Workload, errs[0] = envoy.ParseWorkload(workload)
		bundle, err := envoy.ParseTrust(trust)
		errs[1], o.Trust = err, []envoy.Trust{bundle}
		u, err := envoy.ParseUpstream(upstream)
		errs[2], o.Upstreams = err, []envoy.Upstream{u}
		text, err := envoy.Bootstrap(o)
		if errs != [3]error{} || err != nil {
			return
		}
		root, err := tree.Parse("envoy.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if root.Get("node", "id").Text() != workload {
			t.Errorf("%q came back as %q", workload, root.Get("node", "id").Text())
		}
		if got := shape(root); got != plainShape(t) {
			t.Errorf("the values changed the shape of the configuration:\n%s", got)
		}
	})
}

// shape is every path of the configuration, without its values.
func shape(root *tree.Node) string {
	var b strings.Builder
	root.Walk(func(n *tree.Node) {
		if !strings.HasSuffix(n.Path(), "sni") {
			fmt.Fprintln(&b, n.Path())
		}
	})
	return b.String()
}

func plainShape(t *testing.T) string {
	t.Helper()
	o := envoytest.Options(t)
	o.Workload = spiffeid.RequireFromString("spiffe://shop.test/a")
	o.CORS = []string{"https://a.test"}
	o.Trust = []envoy.Trust{envoytest.Trust(t, "partner.test=/b")}
	o.Upstreams = []envoy.Upstream{envoytest.Upstream(t, "x=127.0.0.1:1,h:2,spiffe://shop.test/b")}
	root, err := tree.Parse("envoy.yaml", []byte(envoytest.Bootstrap(t, o)))
	if err != nil {
		t.Fatal(err)
	}
	return shape(root)
}

func TestUpstreamsKnowOnlyTheirOwnDomain(t *testing.T) {
	text := printed(t, envoytest.Variations(t, envoytest.Options(t))["upstreams"])["bootstrap"]
	root, err := tree.Parse("envoy.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]string{2: "shop.test", 3: "partner.test"} {
		context := root.Get("static_resources", "clusters").List()[i].Get("transport_socket", "typed_config", "common_tls_context", "validation_context")
		domains := context.Get("custom_validator_config", "typed_config", "trust_domains").List()
		if len(domains) != 1 || domains[0].Get("name").Text() != want {
			t.Errorf("cluster %d: %d trust domains, the first is %q, want %q alone", i, len(domains), domains[0].Get("name").Text(), want)
		}
	}
}

// TestSecretsOfAServerNeedNoFiles: with SDS nothing is read from a file, the workload is asked for
// by its ID, and only what a partner gives is not waited for.
func TestSecretsOfAServerNeedNoFiles(t *testing.T) {
	const own = "spiffe://shop.test/ns/shop/sa/orders 0s"
	all := envoytest.Variations(t, envoytest.Options(t))
	for name, want := range map[string][]string{
		"plain, SDS":     {own, "ALL 0s"},
		"optional, SDS":  {own, "CALLERS 0s"},
		"upstreams, SDS": {own, "ALL 0s", own, "spiffe://shop.test 0s", own, "spiffe://partner.test 1s"},
	} {
		texts := printed(t, all[name])
		if len(texts) != 3 || texts["envoy.yaml"] != texts["bootstrap"] || strings.Contains(texts["bootstrap"], "filename") || strings.Contains(texts["bootstrap"], ".pem") {
			t.Errorf("%s: %d files, or files that are read", name, len(texts))
		}
		root, err := tree.Parse("envoy.yaml", []byte(texts["bootstrap"]))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		root.Walk(func(n *tree.Node) {
			if source := n.Get("sds_config"); source != nil {
				got = append(got, n.Get("name").Text()+" "+source.Get("initial_fetch_timeout").Text())
			}
		})
		if !slices.Equal(got, want) {
			t.Errorf("%s: asks for %q, want %q", name, got, want)
		}
	}
}
