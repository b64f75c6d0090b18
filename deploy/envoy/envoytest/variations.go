package envoytest

import (
	"testing"
	"time"

	"github.com/postern/postern/deploy/envoy"
)

// Variations returns options by name that, together, switch on every branch of what is printed.
// All are base, but for what the name says. The bundle of a federated domain, and the file of
// all authorities, are the bundle of base.
func Variations(t testing.TB, base envoy.Options) map[string]envoy.Options {
	t.Helper()
	bundle := base.SVIDDir + "/bundle.pem"
	pay := Upstream(t, "pay=127.0.0.1:0,pay.shop.test:443,spiffe://shop.test/pay")
	ally := Upstream(t, "ally=127.0.0.2:0,127.0.0.3:8443,spiffe://partner.test/ally")
	partner := Trust(t, "partner.test="+bundle)
	edits := map[string]func(*envoy.Options){
		"plain":         func(*envoy.Options) {},
		"optional":      func(o *envoy.Options) { o.OptionalClients = true },
		"websocket":     func(o *envoy.Options) { o.WebSocket = true },
		"cors":          func(o *envoy.Options) { o.CORS = []string{"https://app.shop.test", "http://127.0.0.1:3000"} },
		"admin":         func(o *envoy.Options) { o.Admin = Address(t, "unix:/run/admin.sock") },
		"gRPC app":      func(o *envoy.Options) { o.AppProtocol, o.Timeout = envoy.HTTP2, 0 },
		"any app":       func(o *envoy.Options) { o.AppProtocol = envoy.Downstream },
		"app on socket": func(o *envoy.Options) { o.App = Address(t, "unix:/run/app.sock") },
		"authz on port": func(o *envoy.Options) { o.Authz = Address(t, "127.0.0.1:9001") },
		"upstreams":     func(o *envoy.Options) { o.Upstreams, o.Trust = []envoy.Upstream{pay, ally}, []envoy.Trust{partner} },
		"limits":        func(o *envoy.Options) { o.AuthzTimeout, o.MaxStreamDuration = 1500*time.Millisecond, 90*time.Minute },
		"everything": func(o *envoy.Options) {
			o.OptionalClients, o.WebSocket, o.AppProtocol = true, true, envoy.Downstream
			o.CORS, o.Admin, o.ClientCA = []string{"https://app.shop.test"}, Address(t, "unix:/run/admin.sock"), bundle
			o.Upstreams, o.Trust = []envoy.Upstream{pay, ally}, []envoy.Trust{partner}
		},
	}
	withSDS := func(edit func(*envoy.Options)) func(*envoy.Options) {
		return func(o *envoy.Options) {
			edit(o)
			o.SDS, o.SVIDDir, o.ClientCA, o.Trust = Address(t, "unix:///run/postern/sds.sock"), "", "", nil
		}
	}
	for _, name := range []string{"plain", "optional", "upstreams", "everything"} {
		edits[name+", SDS"] = withSDS(edits[name])
	}
	all := map[string]envoy.Options{}
	for name, edit := range edits {
		o := base
		edit(&o)
		all[name] = o
	}
	return all
}
