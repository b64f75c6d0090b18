package main

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/identity/mint"
)

const (
	orders = "spiffe://shop.test/ns/shop/sa/orders"
	web    = "spiffe://shop.test/ns/shop/sa/web"
	other  = "spiffe://shop.test/ns/shop/sa/other"
)

const policies = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/ns/shop/sa/orders]
  routes:
  - name: mtls
    http: {methods: [GET], path: "/mtls/{id}"}
    allow: [{callers: [spiffe://shop.test/ns/shop/sa/web]}]
  - name: jwt
    http: {methods: [GET], path: "/jwt/{id}"}
    allow: [{callers: [spiffe://shop.test/ns/shop/sa/web], user: {provider: idp, scopes: orders:read}}]
---
apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: idp}
spec:
  jwt: {issuer: "https://idp.test", audiences: [orders], algorithms: [ES256], jwks: {file: keys.json}}
`

// A world is what the servers need and what the requests carry.
type world struct {
	dir, bundle string
	ca          *mint.CA
	token       string
}

func newWorld(dir string) (*world, error) {
	w := &world{dir: filepath.Join(dir, "policies")}
	key, err := mint.NewKey("ES256", "k1")
	if err != nil {
		return nil, err
	}
	if w.ca, err = mint.NewCA("shop.test"); err != nil {
		return nil, err
	}
	if w.bundle, err = write(dir, "bundle.pem", w.ca.BundlePEM()); err != nil {
		return nil, err
	}
	if err := os.Mkdir(w.dir, 0o700); err != nil {
		return nil, err
	}
	if _, err := write(w.dir, "orders.yaml", []byte(policies)); err != nil {
		return nil, err
	}
	if _, err := write(w.dir, "keys.json", mint.JWKS(key)); err != nil {
		return nil, err
	}
	claims := mint.Claims(time.Now(), mint.Set("iss", "https://idp.test"), mint.Set("aud", "orders"), mint.Set("scope", "orders:read"))
	w.token, err = key.Sign(key.Header("at+jwt"), claims)
	return w, err
}

// flags are those of postern serve. The records go where they cost what they cost.
func (w *world) flags(socket string) []string {
	return []string{
		"serve", "--listen", "unix://" + socket, "--admin", "off", "--policies", w.dir, "--workload", orders,
		"--trust-bundle", "shop.test=" + w.bundle, "--record", os.DevNull, "--log-level", "error",
	}
}

func (w *world) cases(servers []*server) ([]*benchCase, error) {
	mtls, err1 := w.check(web, "/mtls/1", "")
	token, err2 := w.check(web, "/jwt/1", w.token)
	denied, err3 := w.check(other, "/mtls/1", "")
	noop, postern := servers[0], servers[1]
	return []*benchCase{
		{"no-op, mTLS", noop, mtls, true},
		{"no-op, JWT", noop, token, true},
		{"Postern, mTLS", postern, mtls, true},
		{"Postern, JWT", postern, token, true},
		{"Postern, deny", postern, denied, false},
	}, errors.Join(err1, err2, err3)
}

// check is a CheckRequest as Envoy 1.40 sends it for a browser: 25 header fields in the raw
// encoding, and the certificate.
func (w *world) check(caller, path, token string) ([]byte, error) {
	svid, err := w.ca.SVID(caller)
	if err != nil {
		return nil, err
	}
	fields := map[string]string{
		":authority": "orders.shop.test", ":method": "GET", ":path": path, ":scheme": "https",
		"accept": "application/json, text/plain, */*", "accept-encoding": "gzip, deflate, br, zstd", "accept-language": "en-GB,en;q=0.9,de;q=0.8",
		"cache-control": "no-cache", "dnt": "1", "origin": "https://web.shop.test", "pragma": "no-cache", "priority": "u=1, i",
		"referer": "https://web.shop.test/orders", "sec-ch-ua": `"Chromium";v="140", "Not=A?Brand";v="24"`, "sec-ch-ua-mobile": "?0",
		"sec-ch-ua-platform": `"Linux"`, "sec-fetch-dest": "empty", "sec-fetch-mode": "cors", "sec-fetch-site": "same-site",
		"user-agent":      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
		"x-forwarded-for": "10.1.2.3", "x-forwarded-proto": "https", "x-request-id": "0b7f2d0e-8f8f-4b9e-9d5e-0d6f2b1b7a11",
		"x-forwarded-client-cert": mint.EnvoyXFCC(orders, svid.Leaf()),
		"traceparent":             "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
	if token != "" {
		fields["authorization"] = "Bearer " + token
	}
	m := &corev3.HeaderMap{}
	for name, value := range fields {
		m.Headers = append(m.Headers, &corev3.HeaderValue{Key: name, RawValue: []byte(value)})
	}
	return proto.Marshal(&authv3.CheckRequest{Attributes: &authv3.AttributeContext{
		Source:      &authv3.AttributeContext_Peer{Address: tcp("10.1.2.3"), Principal: caller, Certificate: mint.EnvoyCertificate(svid.Leaf())},
		Destination: &authv3.AttributeContext_Peer{Address: tcp("10.1.2.4"), Principal: orders},
		Request: &authv3.AttributeContext_Request{Http: &authv3.AttributeContext_HttpRequest{
			Id: "7", Method: "GET", Path: path, Host: "orders.shop.test", Scheme: "https", Protocol: "HTTP/2", HeaderMap: m,
		}},
	}})
}

func tcp(ip string) *corev3.Address {
	return &corev3.Address{Address: &corev3.Address_SocketAddress{SocketAddress: &corev3.SocketAddress{
		Address: ip, PortSpecifier: &corev3.SocketAddress_PortValue{PortValue: 44321},
	}}}
}
