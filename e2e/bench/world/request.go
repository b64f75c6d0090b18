package world

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/postern/postern/identity/mint"
)

const host = "orders.shop.test"

// A Request is what a client asks. Its zero value but for Caller and Path is a browser's, for
// which Envoy sends 25 header fields.
type Request struct {
	Caller *mint.SVID
	Path   string
	Token  string // "": none
	Fields int    // how many header fields Envoy is to send; 0: as many as a browser makes; at least 5
	Joined bool   // Envoy sends them in its other encoding, a map
}

type field struct{ name, value string }

// browser is what a browser sends from a page of another origin, in the order it does.
func browser() []field {
	return []field{
		{"sec-ch-ua-platform", `"Linux"`},
		{"user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"},
		{"accept", "application/json, text/plain, */*"},
		{"sec-ch-ua", `"Chromium";v="140", "Not=A?Brand";v="24"`},
		{"sec-ch-ua-mobile", "?0"},
		{"origin", "https://web.shop.test"},
		{"sec-fetch-site", "same-site"},
		{"sec-fetch-mode", "cors"},
		{"sec-fetch-dest", "empty"},
		{"referer", "https://web.shop.test/orders"},
		{"accept-encoding", "gzip, deflate, br, zstd"},
		{"accept-language", "en-GB,en;q=0.9,de;q=0.8"},
		{"cache-control", "no-cache"},
		{"dnt", "1"},
		{"priority", "u=1, i"},
		{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
	}
}

// sent returns the client's own fields. Envoy adds its 9 to them.
func (r Request) sent() []field {
	all := browser()
	if r.Token != "" {
		all = slices.Insert(all, 2, field{authorization, "Bearer " + r.Token})
	}
	if r.Fields == 0 {
		return all
	}
	for i := 0; len(all)+added < r.Fields; i++ {
		all = append(all, field{fmt.Sprintf("x-shop-field-%03d", i), "the value of a field"})
	}
	for last := len(all) - 1; len(all)+added > r.Fields && last >= 0; last-- {
		if all[last].name != authorization {
			all = slices.Delete(all, last, last+1)
		}
	}
	return all
}

// Hidden returns the names of the fields that Envoy adds, and is not to tell (disallowed_headers),
// for there to be no more than Fields. The XFCC is the last: without it no caller has
// intermediates.
func (r Request) Hidden() []string {
	if r.Fields == 0 {
		return nil
	}
	hidden := []string{"x-forwarded-for", "x-forwarded-proto", "x-envoy-external-address", "x-request-id", xfcc}
	return hidden[:min(max(0, len(r.sent())+added-r.Fields), len(hidden))]
}

// HTTP returns the request as the client writes it to Envoy, HTTP/1.1.
func (r Request) HTTP() []byte {
	var out strings.Builder
	fmt.Fprintf(&out, "GET %s HTTP/1.1\r\nhost: %s\r\n", r.Path, host)
	for _, f := range r.sent() {
		fmt.Fprintf(&out, "%s: %s\r\n", f.name, f.value)
	}
	out.WriteString("\r\n")
	return []byte(out.String())
}

const (
	authorization = "authorization"
	xfcc          = "x-forwarded-client-cert"
	added         = 9 // fields of Envoy's besides the client's, host included
)

// Message is the CheckRequest with which Envoy 1.40 asks about the request: raw header fields in
// Envoy's order unless Joined, and the certificate. A test of package front holds it to what Envoy sends.
func (r Request) Message() *authv3.CheckRequest {
	leaf := r.Caller.Leaf()
	all := []field{{":authority", host}, {":path", r.Path}, {":method", "GET"}, {":scheme", "https"}}
	all = append(all, r.sent()...)
	all = append(all,
		field{"x-forwarded-for", "192.0.2.2"}, field{"x-forwarded-proto", "https"}, field{"x-envoy-external-address", "127.0.0.1"},
		field{"x-request-id", "0b7f2d0e-8f8f-4b9e-9d5e-0d6f2b1b7a11"},
		field{xfcc, mint.EnvoyXFCC(Orders, leaf) + ";URI=" + leaf.URIs[0].String()})
	hidden := r.Hidden()
	all = slices.DeleteFunc(all, func(f field) bool { return slices.Contains(hidden, f.name) })
	asked := &authv3.AttributeContext_HttpRequest{
		Id: "7331823512345678901", Method: "GET", Path: r.Path, Host: host, Scheme: "https", Protocol: "HTTP/1.1",
	}
	if r.Joined {
		asked.Headers = map[string]string{}
		for _, f := range all {
			asked.Headers[f.name] = f.value
		}
	} else {
		asked.HeaderMap = &corev3.HeaderMap{}
		for _, f := range all {
			asked.HeaderMap.Headers = append(asked.HeaderMap.Headers, &corev3.HeaderValue{Key: f.name, RawValue: []byte(f.value)})
		}
	}
	return &authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source:      &authv3.AttributeContext_Peer{Address: tcp(44321), Principal: leaf.URIs[0].String(), Certificate: mint.EnvoyCertificate(leaf)},
		Destination: &authv3.AttributeContext_Peer{Address: tcp(8443), Principal: Orders},
		Request: &authv3.AttributeContext_Request{
			Time: timestamppb.New(time.Unix(1800000000, 123456000)), Http: asked,
		},
		MetadataContext:      &corev3.Metadata{},
		RouteMetadataContext: &corev3.Metadata{},
	}}
}

// Check returns Message as it goes over the wire.
func (r Request) Check() ([]byte, error) { return proto.Marshal(r.Message()) }

func tcp(port uint32) *corev3.Address {
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address: "127.0.0.1", PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: port},
	}}}
}
