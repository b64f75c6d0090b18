package sds_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"crypto/x509"
	"github.com/postern/postern/deploy/sds"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/svid"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

func Example() {
	ca, err := mint.NewCA("shop.test")
	if err != nil {
		fmt.Println(err)
		return
	}
	own, err := ca.SVID(orders)
	if err != nil {
		fmt.Println(err)
		return
	}
	identity, err := sds.NewIdentity(spiffeid.RequireFromString(orders), own.Certificates, own.Key)
	if err != nil {
		fmt.Println(err)
		return
	}
	bundle, err := svid.NewBundle(ca.TrustDomain(), []*x509.Certificate{ca.Certificate()})
	if err != nil {
		fmt.Println(err)
		return
	}
	bundles, err := svid.NewBundles(bundle)
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := sds.New(sds.Config{Refused: func(r sds.Refusal) { fmt.Println("Envoy refused", r.Names, r.Detail) }})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := server.Update(sds.State{Identity: identity, Bundles: bundles}); err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "sds")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	listener, err := net.Listen("unix", filepath.Join(dir, "sds.sock"))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	stop() // serves until then
	fmt.Println(server.State().Identity, server.Run(ctx, listener))
	// Output: spiffe://shop.test/ns/shop/sa/orders <nil>
}
