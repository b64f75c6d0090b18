package envoy_test

import (
	"strings"
	"testing"

	"github.com/postern/postern/deploy/envoy"
)

func TestParseAddress(t *testing.T) {
	for _, tc := range []struct{ in, out string }{
		{"127.0.0.1:8080", "127.0.0.1:8080"},
		{"[::1]:8080", "[::1]:8080"},
		{"0.0.0.0:0", "0.0.0.0:0"},
		{"unix:///run/a.sock", "unix:/run/a.sock"},
		{"unix:/run/a.sock", "unix:/run/a.sock"},
		{"", ""},
		{"localhost:8080", ""},
		{"127.0.0.1", ""},
		{":8080", ""},
		{"127.0.0.1:99999", ""},
		{"127.0.0.1:8080\n", ""},
		{"[fe80::1%eth0]:80", ""},
		{"127.0.0.1:0x50", ""},
		{"unix:run/a.sock", ""},
		{"unix:/run/../a.sock", ""},
		{"unix:/run//a.sock", ""},
		{"unix:/run/a\n.sock", ""},
		{"unix:/run/é.sock", ""},
		{"unix://host/run/a.sock", ""},
		{"unix:/" + strings.Repeat("a", 107), ""},
	} {
		got, err := envoy.ParseAddress(tc.in)
		if got.String() != tc.out || (err == nil) != (tc.out != "") {
			t.Errorf("%q: %q, %v; want %q", tc.in, got, err, tc.out)
		}
	}
}

func TestAddressLocal(t *testing.T) {
	for in, want := range map[string]bool{
		"127.0.0.1:1": true, "127.9.9.9:1": true, "[::1]:1": true, "[::ffff:127.0.0.1]:1": true, "unix:/a": true,
		"0.0.0.0:1": false, "[::]:1": false, "10.0.0.1:1": false,
	} {
		a, err := envoy.ParseAddress(in)
		if err != nil || a.Local() != want {
			t.Errorf("%s: local is %v (%v), want %v", in, a.Local(), err, want)
		}
	}
	if (envoy.Address{}).Local() {
		t.Error("the zero Address is local")
	}
}

func TestParseUpstream(t *testing.T) {
	for _, tc := range []struct {
		in, wrong string
	}{
		{"pay=127.0.0.1:9001,pay.shop.test:8443,spiffe://shop.test/pay", ""},
		{"pay=[::1]:9001,10.1.2.3:443,spiffe://shop.test/pay", ""},
		{"pay=127.0.0.1:9001,[fd00::1]:443,spiffe://shop.test/pay", ""},
		{"pay", "not NAME=LISTEN"},
		{"pay=127.0.0.1:9001,pay.shop.test:8443", "not NAME=LISTEN"},
		{"pay=127.0.0.1:9001,a:1,spiffe://shop.test/pay,x", "not NAME=LISTEN"},
		{"Pay=127.0.0.1:9001,a:1,spiffe://shop.test/pay", "lower-case"},
		{"=127.0.0.1:9001,a:1,spiffe://shop.test/pay", "lower-case"},
		{"pay=0.0.0.0:9001,a:1,spiffe://shop.test/pay", "loopback"},
		{"pay=10.0.0.1:9001,a:1,spiffe://shop.test/pay", "loopback"},
		{"pay=unix:/a,a:1,spiffe://shop.test/pay", "loopback"},
		{"pay=127.0.0.1:9001,a,spiffe://shop.test/pay", "HOST:PORT"},
		{"pay=127.0.0.1:9001,a:0,spiffe://shop.test/pay", "not a port"},
		{"pay=127.0.0.1:9001,a:http,spiffe://shop.test/pay", "not a port"},
		{"pay=127.0.0.1:9001,a b:1,spiffe://shop.test/pay", "host name"},
		{"pay=127.0.0.1:9001,A.test:1,spiffe://shop.test/pay", "host name"},
		{"pay=127.0.0.1:9001,a\"}:1,spiffe://shop.test/pay", "host name"},
		{"pay=127.0.0.1:9001,-a:1,spiffe://shop.test/pay", "host name"},
		{"pay=127.0.0.1:9001,a:1,spiffe://shop.test", "has no path"},
		{"pay=127.0.0.1:9001,a:1,spiffe://shop.test/" + strings.Repeat("a", 2048), "longer than 2048 bytes"},
		{"pay=127.0.0.1:9001,a:1,https://shop.test/a", "SPIFFE ID"},
	} {
		_, err := envoy.ParseUpstream(tc.in)
		if tc.wrong == "" && err != nil || tc.wrong != "" && (err == nil || !strings.Contains(err.Error(), tc.wrong)) {
			t.Errorf("%q: %v, want %q", tc.in, err, tc.wrong)
		}
	}
}

func TestParseTrust(t *testing.T) {
	for in, good := range map[string]bool{
		"partner.test=/etc/partner.pem":          true,
		"partner.test":                           false,
		"spiffe://partner.test=/etc/partner.pem": false,
		"Partner.test=/etc/partner.pem":          false,
		"partner.test=partner.pem":               false,
		"partner.test=/etc/../partner.pem":       false,
		"=/etc/partner.pem":                      false,
		"partner.test=/etc/a\"b}\n.pem":          false,
	} {
		if _, err := envoy.ParseTrust(in); (err == nil) != good {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{"127.0.0.1:80", "[::1]:1", "unix:///a", "unix:/a", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := envoy.ParseAddress(s)
		if err != nil {
			if !a.IsZero() {
				t.Errorf("%q: %v with %v", s, a, err)
			}
			return
		}
		if again, err := envoy.ParseAddress(a.String()); err != nil || again != a {
			t.Errorf("%q became %q, which is read as %v, %v", s, a, again, err)
		}
	})
}
