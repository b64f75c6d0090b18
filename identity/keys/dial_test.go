package keys_test

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/mint/minttest"
)

func TestParseNetworks(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		"169.254.0.0/16":                     "",
		"169.254.20.0/24,fe80::/64":          "",
		"100.100.100.200/32":                 "",
		"fd00:ec2::254/128,fd20:ce::254/128": "",
		"10.0.0.0/8":                         "no network that is refused",
		"0.0.0.0/0":                          "no network that is refused",
		"::/0":                               "no network that is refused",
		"169.0.0.0/8":                        "no network that is refused",
		"::ffff:169.254.0.0/112":             "no network that is refused",
		"64:ff9b::a9fe:0/112":                "no network that is refused",
		"169.254.20.1/24":                    "that is 169.254.20.0/24",
		"FE80::/64":                          "that is fe80::/64",
		"fe80:0::/64":                        "that is fe80::/64",
		"169.254.0.0":                        "not a network",
		"169.254.0.0/33":                     "not a network",
		"169.254.0.0/016":                    "not a network",
		"169.254.00.0/16":                    "not a network",
		"fe80::%eth0/64":                     "not a network",
		"fe80::/64, 169.254.0.0/16":          "not a network",
		"fe80::/64,":                         "not a network",
		",":                                  "not a network",
		"idp.shop.test":                      "not a network",
	} {
		networks, err := keys.ParseNetworks(text)
		switch {
		case want == "" && (err != nil || (networks == nil) != (text == "")):
			t.Errorf("%q: %v, %v", text, networks, err)
		case want != "" && (err == nil || networks != nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, %v", text, networks, err)
		}
	}
}

// FuzzParseNetworks holds that what is accepted is written in its one form, and allows nothing
// that is not refused otherwise.
func FuzzParseNetworks(f *testing.F) {
	f.Add("169.254.0.0/16,fe80::/64")
	f.Add("0.0.0.0/0")
	f.Add("::ffff:169.254.0.0/112")
	f.Fuzz(func(t *testing.T, text string) {
		networks, err := keys.ParseNetworks(text)
		if err != nil {
			return
		}
		var again []string
		for _, p := range networks {
			again = append(again, p.String())
			if err := keys.CheckAddress(netip.AddrPortFrom(p.Addr(), 443).String(), nil); err == nil {
				t.Fatalf("%v was never refused", p)
			}
			if err := keys.CheckAddress(netip.AddrPortFrom(p.Addr(), 443).String(), networks); err != nil {
				t.Fatal(err)
			}
		}
		if strings.Join(again, ",") != text {
			t.Fatalf("%q is %q again", text, again)
		}
	})
}

func TestAllowedAddress(t *testing.T) {
	allowed, err := keys.ParseNetworks("169.254.20.0/24,fe80::/64")
	if err != nil {
		t.Fatal(err)
	}
	for address, ok := range map[string]bool{
		"169.254.20.7:443":            true,
		"169.254.21.7:443":            false,
		"169.254.169.254:80":          false,
		"[::ffff:169.254.20.7]:443":   true,
		"[::ffff:169.254.169.254]:80": false,
		"[64:ff9b::a9fe:1407]:443":    true,
		"[64:ff9b::a9fe:a9fe]:443":    false,
		"[64:ff9b:1::a9fe:a9fe]:443":  false,
		"[fe80::1%eth0]:443":          true,
		"[fe80:0:0:1::1%eth0]:443":    false,
		"[fd00:ec2::254]:80":          false,
		"[fd20:ce::254]:80":           false,
		"168.63.129.16:80":            false,
		"127.0.0.1:443":               true,
	} {
		if err := keys.CheckAddress(address, allowed); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestNetworksReachTheDialer: what is allowed is tried, and so the error is another one.
func TestNetworksReachTheDialer(t *testing.T) {
	o := quick()
	var err error
	if o.Networks, err = keys.ParseNetworks("0.0.0.0/8"); err != nil {
		t.Fatal(err)
	}
	idp := keystest.New(t, minttest.Key(t, "ES256", "a"))
	from := idp.ByURL()
	from.URL = strings.Replace(from.URL, "127.0.0.1", "0.0.0.0", 1)
	l := leaseWith(t, o, "https://idp.test", from)
	keystest.Until(t, "a failure", func() bool { return l.Status().Error != "" })
	if st := l.Status(); strings.Contains(st.Error, "no issuer may have") {
		t.Errorf("the error is %q", st.Error)
	}
}

// TestEachAddressOfAName: of the addresses that a name has, those that no issuer may have are not
// connected to, whichever come first, and whatever else there is.
func TestEachAddressOfAName(t *testing.T) {
	idp := keystest.New(t, minttest.Key(t, "ES256", "a"))
	port := idp.URL[strings.LastIndex(idp.URL, ":"):]
	for name, tc := range map[string]struct {
		addresses []string
		want      string // in the error; "" is an answer
	}{
		"metadata alone":       {[]string{"169.254.169.254"}, "no issuer may have"},
		"metadata and another": {[]string{"169.254.169.254", "100.100.100.200"}, "no issuer may have"},
		"metadata first":       {[]string{"169.254.169.254", "127.0.0.1"}, ""},
		"metadata last":        {[]string{"127.0.0.1", "169.254.169.254"}, ""},
		"mapped":               {[]string{"::ffff:169.254.169.254"}, "no issuer may have"},
		"NAT64":                {[]string{"64:ff9b::a9fe:a9fe"}, "no issuer may have"},
		"the local link":       {[]string{"fe80::1"}, "no issuer may have"},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := keys.Client(nil, identity.KeySource{CAFile: idp.CAFile, Root: idp.ByURL().Root}, answering(t, tc.addresses))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := get(t, client, "https://example.com"+port+"/jwks") // the name in httptest's certificate
			switch {
			case tc.want == "" && (err != nil || resp != http.StatusOK):
				t.Errorf("status %d, %v", resp, err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("status %d, %v", resp, err)
			}
		})
	}
}

// TestRedirectToMetadata: nobody is sent there.
func TestRedirectToMetadata(t *testing.T) {
	idp := keystest.New(t)
	for _, path := range []string{"/jwks", keystest.Discovery} {
		for _, to := range []string{"http://169.254.169.254/latest/", "https://[fd00:ec2::254]/", "//169.254.169.254/"} {
			idp.Answer(path, redirect(to))
			from := idp.ByURL()
			if path != "/jwks" {
				from = idp.ByDiscovery()
			}
			l := lease(t, idp.URL, from)
			keystest.Until(t, "a failure", func() bool { return l.Status().Error != "" })
			if st := l.Status(); !strings.Contains(st.Error, "status 302") || l.Set() != nil {
				t.Errorf("%s to %s: %+v", path, to, st)
			}
		}
	}
}

func get(t *testing.T, client *http.Client, url string) (status int, _ error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// answering returns a resolver for which every name has these addresses.
func answering(t *testing.T, addresses []string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		question := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(question)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(answer(question[:n], addresses), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// answer is the DNS message (RFC 1035 section 4) that answers the one question of another.
func answer(question []byte, addresses []string) []byte {
	end := 12
	for question[end] != 0 {
		end += 1 + int(question[end])
	}
	end += 5 // the root, the type and the class
	kind := binary.BigEndian.Uint16(question[end-4:])
	var records []byte
	count := uint16(0)
	for _, a := range addresses {
		ip := netip.MustParseAddr(a)
		if ip.Is4() != (kind == 1) || !ip.Is4() && kind != 28 {
			continue
		}
		count++
		records = append(records, 0xc0, 12, byte(kind>>8), byte(kind), 0, 1, 0, 0, 0, 60, 0, byte(len(ip.AsSlice())))
		records = append(records, ip.AsSlice()...)
	}
	header := append([]byte{}, question[:2]...)
	header = append(header, 0x81, 0x80, 0, 1, byte(count>>8), byte(count), 0, 0, 0, 0)
	return append(append(header, question[12:end]...), records...)
}
