package extauthz

import (
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// asked is a check of the shape in which Envoy sends one.
func asked() *authv3.CheckRequest {
	address := func(ip string, port uint32) *corev3.Address {
		return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
			Address: ip, PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port},
		}}}
	}
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source: &authv3.AttributeContext_Peer{
			Address: address("10.0.0.7", 40001), Service: "web", Principal: "spiffe://shop.test/web", Certificate: strings.Repeat("certificate", 70),
		},
		Destination: &authv3.AttributeContext_Peer{Address: address("10.0.0.1", 8443), Principal: "spiffe://shop.test/orders", Certificate: "own"},
		Request: &authv3.AttributeContext_Request{
			Time: &timestamppb.Timestamp{Seconds: 1_700_000_000, Nanos: 5},
			Http: &authv3.AttributeContext_HttpRequest{
				Id: "17", Method: "GET", Path: "/orders/1?a=b", Host: "orders.shop.test", Scheme: "https", Size: -1, Protocol: "HTTP/2",
				HeaderMap: &corev3.HeaderMap{Headers: []*corev3.HeaderValue{
					{Key: ":path", RawValue: []byte("/orders/1?a=b")}, {Key: "x-a", RawValue: []byte{0xff}}, {Key: "x-a", RawValue: []byte("2")}, {Key: "x-empty"},
				}},
			},
		},
		MetadataContext: &corev3.Metadata{}, RouteMetadataContext: &corev3.Metadata{},
		TlsSession: &authv3.AttributeContext_TLSSession{Sni: "orders.shop.test"},
	}}
}

// whole is a message that came in one piece.
func whole(wire []byte) mem.BufferSlice { return mem.BufferSlice{mem.SliceBuffer(wire)} }

func encoded(t testing.TB, m proto.Message) []byte {
	t.Helper()
	wire, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return wire
}

// same holds that what is scanned is what generated code reads, and says whether it was scanned.
func same(t *testing.T, wire []byte) bool {
	t.Helper()
	var scanned, generated question
	if !scanned.scan(whole(wire)) {
		return false
	}
	var check authv3.CheckRequest
	if err := proto.Unmarshal(wire, &check); err != nil {
		t.Fatalf("scanned what generated code refuses: %v", err)
	}
	generated.read(&check)
	if in := scanned.differs(&generated); in != "" {
		t.Fatalf("%s is not the same\nscanned   %+v\ngenerated %+v", in, scanned, generated)
	}
	return true
}

// TestScanReadsWhatEnvoySends, whole and in parts.
func TestScanReadsWhatEnvoySends(t *testing.T) {
	for name, edit := range map[string]func(*authv3.AttributeContext){
		"all of it":         func(*authv3.AttributeContext) {},
		"nothing":           func(a *authv3.AttributeContext) { proto.Reset(a) },
		"no TLS":            func(a *authv3.AttributeContext) { a.Source.Principal, a.Source.Certificate, a.TlsSession = "", "", nil },
		"no addresses":      func(a *authv3.AttributeContext) { a.Source.Address, a.Destination.Address = nil, nil },
		"no request":        func(a *authv3.AttributeContext) { a.Request = nil },
		"an empty request":  func(a *authv3.AttributeContext) { proto.Reset(a.GetRequest().GetHttp()) },
		"no header":         func(a *authv3.AttributeContext) { a.GetRequest().GetHttp().HeaderMap = &corev3.HeaderMap{} },
		"no headers at all": func(a *authv3.AttributeContext) { a.GetRequest().GetHttp().HeaderMap = nil },
		"a fragment":        func(a *authv3.AttributeContext) { a.GetRequest().GetHttp().Fragment = "x" },
	} {
		check := asked()
		edit(check.GetAttributes())
		if !same(t, encoded(t, check)) {
			t.Errorf("%s: left to generated code", name)
		}
	}
	if !same(t, nil) {
		t.Error("an empty message: left to generated code")
	}
}

// TestScanLeavesTheUnusual to generated code, which alone knows what it means.
func TestScanLeavesTheUnusual(t *testing.T) {
	sound := encoded(t, asked())
	inside := func(numbers []protowire.Number, with []byte) []byte { return nested(sound, numbers, with) }
	varint := func(n protowire.Number) []byte {
		return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), 1)
	}
	bytes := func(n protowire.Number, b string) []byte {
		return protowire.AppendString(protowire.AppendTag(nil, n, protowire.BytesType), b)
	}
	group := func(n protowire.Number) []byte {
		return protowire.AppendTag(protowire.AppendTag(nil, n, protowire.StartGroupType), n, protowire.EndGroupType)
	}
	http := []protowire.Number{1, 4, 2}
	for name, wire := range map[string][]byte{
		"two attributes":             append(sound[:len(sound):len(sound)], sound...),
		"an unknown field":           append(sound[:len(sound):len(sound)], bytes(2, "x")...),
		"a high number":              append(sound[:len(sound):len(sound)], bytes(100, "x")...),
		"a group":                    append(sound[:len(sound):len(sound)], group(3)...),
		"a group of a known number":  inside(http, group(2)),
		"attributes as a number":     varint(1),
		"a fixed number":             append(sound[:len(sound):len(sound)], 0x15, 1, 2, 3, 4),
		"a second method":            inside(http, bytes(2, "DELETE")),
		"a second path":              inside(http, bytes(4, "/admin")),
		"a second header map":        inside(http, bytes(13, "")),
		"headers joined":             inside(http, bytes(3, "\n\x01a")),
		"a body":                     inside(http, bytes(11, "x")),
		"a raw body":                 inside(http, bytes(12, "x")),
		"the method as a number":     inside(http, varint(2)),
		"the size as a text":         inside(http, bytes(9, "1")),
		"a second http":              inside([]protowire.Number{1, 4}, bytes(2, "")),
		"a second source":            inside([]protowire.Number{1}, bytes(1, "")),
		"labels":                     inside([]protowire.Number{1, 1}, bytes(3, "\n\x01a")),
		"a second principal":         inside([]protowire.Number{1, 1}, bytes(4, "spiffe://shop.test/root")),
		"a pipe":                     inside([]protowire.Number{1, 1}, bytes(1, "\x12\x00")),
		"extensions":                 inside([]protowire.Number{1}, bytes(10, "\n\x01a")),
		"metadata":                   inside([]protowire.Number{1}, bytes(11, "\n\x00")),
		"a host that is not UTF-8":   swapped(sound, "orders.shop.test", "orders.shop.tes\xff"),
		"a header with two values":   inside([]protowire.Number{1, 4, 2, 13, 1}, bytes(2, "x")),
		"a header with a second key": inside([]protowire.Number{1, 4, 2, 13, 1}, bytes(1, ":path")),
		"a longer tag":               append([]byte{0x8a, 0x00, 0}, sound...),
		"no number":                  append(sound[:len(sound):len(sound)], 0x02, 0),
	} {
		var q question
		if q.scan(whole(wire)) {
			t.Errorf("%s: scanned %+v", name, q)
		}
	}
	for i := range sound {
		same(t, sound[:i])
	}
}

// TestScanOfTheOdd: what is not left to generated code reads the same there.
func TestScanOfTheOdd(t *testing.T) {
	scanned := 0
	for name, wire := range Odd(encoded(t, asked())) {
		t.Run(name, func(t *testing.T) {
			if same(t, wire) {
				scanned++
			}
		})
	}
	if scanned == 0 {
		t.Error("all of it is left to generated code")
	}
}

// nested returns the message with more in the last of the submessages that numbers lead to.
func nested(message []byte, numbers []protowire.Number, with []byte) []byte {
	if len(numbers) == 0 {
		return append(message[:len(message):len(message)], with...)
	}
	var out []byte
	for len(message) > 0 {
		n, typ, tag := protowire.ConsumeTag(message)
		size := protowire.ConsumeFieldValue(n, typ, message[tag:])
		if n == numbers[0] && typ == protowire.BytesType {
			inner, _ := protowire.ConsumeBytes(message[tag:])
			out = protowire.AppendBytes(protowire.AppendTag(out, n, typ), nested(inner, numbers[1:], with))
		} else {
			out = append(out, message[:tag+size]...)
		}
		message = message[tag+size:]
	}
	return out
}

func swapped(message []byte, old, with string) []byte {
	return []byte(strings.Replace(string(message), old, with, 1))
}

// FuzzScan holds that no message means one thing to the scan and another to generated code.
func FuzzScan(f *testing.F) {
	sound := encoded(f, asked())
	for i := 0; i < len(sound); i += 64 {
		f.Add(sound[:i])
	}
	for _, wire := range append(OddSeeds(sound), sound) {
		f.Add(wire)
	}
	f.Fuzz(func(t *testing.T, wire []byte) { same(t, wire) })
}

// TestScanAllocatesNothing, and a question that is given back holds nothing.
func TestScanAllocatesNothing(t *testing.T) {
	wire := whole(encoded(t, asked()))
	var q question
	if n := testing.AllocsPerRun(100, func() {
		if !q.scan(wire) {
			t.Fatal("left to generated code")
		}
		q.clear()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if q.http || q.method != "" || len(q.fields) != 0 || q.fields[:cap(q.fields)][0].Name != "" {
		t.Errorf("a cleared question holds %+v", q)
	}
}

// BenchmarkParse reads a check, by the scan and by generated code.
func BenchmarkParse(b *testing.B) {
	wire := encoded(b, asked())
	message := whole(wire)
	var q question
	b.Run("scan", func(b *testing.B) {
		for b.Loop() {
			q.scan(message)
			q.clear()
		}
	})
	b.Run("generated", func(b *testing.B) {
		for b.Loop() {
			var check authv3.CheckRequest
			_ = proto.Unmarshal(wire, &check)
			q.read(&check)
			q.clear()
		}
	})
}
