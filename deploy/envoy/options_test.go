package envoy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/deploy/envoy"
	"github.com/postern/postern/deploy/envoy/envoytest"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

func TestOptionsThatAreRefused(t *testing.T) {
	pay := envoytest.Upstream(t, "pay=127.0.0.1:9001,pay.test:1,spiffe://shop.test/pay")
	for name, tc := range map[string]struct {
		edit  func(*envoy.Options)
		wrong string
	}{
		"no workload":                 {func(o *envoy.Options) { o.Workload = spiffeid.ID{} }, "--workload"},
		"no listener":                 {func(o *envoy.Options) { o.Listen = envoy.Address{} }, "--listen"},
		"a listener on a socket":      {func(o *envoy.Options) { o.Listen = envoytest.Address(t, "unix:/a") }, "--listen"},
		"no app":                      {func(o *envoy.Options) { o.App = envoy.Address{} }, "--app"},
		"an app on any port":          {func(o *envoy.Options) { o.App = envoytest.Address(t, "127.0.0.1:0") }, "--app"},
		"an app that others reach":    {func(o *envoy.Options) { o.App = envoytest.Address(t, "10.0.0.1:80") }, "goes past Postern"},
		"an app on every address":     {func(o *envoy.Options) { o.App = envoytest.Address(t, "0.0.0.0:80") }, "goes past Postern"},
		"an app that is the listener": {func(o *envoy.Options) { o.Listen = o.App }, "--app"},
		"no authorizer":               {func(o *envoy.Options) { o.Authz = envoy.Address{} }, "--authz"},
		"an authorizer elsewhere":     {func(o *envoy.Options) { o.Authz = envoytest.Address(t, "10.0.0.1:80") }, "--authz"},
		"admin on a port":             {func(o *envoy.Options) { o.Admin = envoytest.Address(t, "127.0.0.1:9901") }, "--admin"},
		"no folder":                   {func(o *envoy.Options) { o.SVIDDir = "" }, "--svid-dir"},
		"a relative folder":           {func(o *envoy.Options) { o.SVIDDir = "svid" }, "--svid-dir"},
		"a folder that ends a string": {func(o *envoy.Options) { o.SVIDDir = "/a\"}\n" }, "--svid-dir"},
		"its own domain twice":        {func(o *envoy.Options) { o.Trust = []envoy.Trust{envoytest.Trust(t, "shop.test=/a")} }, "--trust-bundle"},
		"one file that is not used":   {func(o *envoy.Options) { o.ClientCA = "/a" }, "--client-ca"},
		"optional, several domains": {func(o *envoy.Options) {
			o.OptionalClients, o.Trust = true, []envoy.Trust{envoytest.Trust(t, "a.test=/a")}
		}, "--client-ca"},
		"secrets on a port":        {func(o *envoy.Options) { o.SDS, o.SVIDDir = envoytest.Address(t, "127.0.0.1:1"), "" }, "not a Unix socket"},
		"secrets where checks are": {func(o *envoy.Options) { o.SDS, o.SVIDDir = o.Authz, "" }, "answers checks"},
		"secrets and a folder":     {func(o *envoy.Options) { o.SDS = envoytest.Address(t, "unix:/s") }, "leave --svid-dir"},
		"secrets and a bundle": {func(o *envoy.Options) {
			o.SDS, o.SVIDDir, o.Trust = envoytest.Address(t, "unix:/s"), "", []envoy.Trust{envoytest.Trust(t, "a.test=/a")}
		}, "leave --svid-dir"},
		"secrets and one file": {func(o *envoy.Options) {
			o.SDS, o.SVIDDir, o.OptionalClients, o.ClientCA = envoytest.Address(t, "unix:/s"), "", true, "/a"
		}, "leave --svid-dir"},
		"one file, relative": {func(o *envoy.Options) { o.OptionalClients, o.ClientCA = true, "a" }, "absolute"},
		"an upstream twice":  {func(o *envoy.Options) { o.Upstreams = []envoy.Upstream{pay, pay} }, "two pay"},
		"an upstream of another realm": {func(o *envoy.Options) {
			o.Workload = spiffeid.RequireFromString("spiffe://a.test/b")
			o.Upstreams = []envoy.Upstream{pay}
		}, "shop.test"},
		"an upstream where the app is": {func(o *envoy.Options) {
			o.App, o.Upstreams = envoytest.Address(t, "127.0.0.1:9001"), []envoy.Upstream{pay}
		}, "taken"},
		"no protocol":           {func(o *envoy.Options) { o.AppProtocol = "" }, "--app-protocol"},
		"an unknown protocol":   {func(o *envoy.Options) { o.AppProtocol = "http3" }, "--app-protocol"},
		"every origin":          {func(o *envoy.Options) { o.CORS = []string{"*"} }, "--cors"},
		"a pattern of origins":  {func(o *envoy.Options) { o.CORS = []string{"https://*.test"} }, "--cors"},
		"an origin with a path": {func(o *envoy.Options) { o.CORS = []string{"https://a.test/"} }, "--cors"},
		"an origin of a script": {func(o *envoy.Options) { o.CORS = []string{"javascript://a"} }, "--cors"},
		"the null origin":       {func(o *envoy.Options) { o.CORS = []string{"null"} }, "--cors"},
		"no time for Postern":   {func(o *envoy.Options) { o.AuthzTimeout = 0 }, "--authz-timeout"},
		"for ever for Postern":  {func(o *envoy.Options) { o.AuthzTimeout = time.Hour }, "--authz-timeout"},
		"a negative timeout":    {func(o *envoy.Options) { o.Timeout = -1 }, "--timeout"},
		"streams for ever":      {func(o *envoy.Options) { o.MaxStreamDuration = 0 }, "--max-stream-duration"},
		"connections for ever":  {func(o *envoy.Options) { o.MaxConnectionDuration = 0 }, "--max-connection-duration"},
		"no connections":        {func(o *envoy.Options) { o.MaxConnections = 0 }, "--max-connections"},
	} {
		t.Run(name, func(t *testing.T) {
			o := envoytest.Options(t)
			tc.edit(&o)
			for _, print := range []func(envoy.Options) (string, error){envoy.Bootstrap, envoy.Snippet} {
				text, err := print(o)
				if text != "" || err == nil || !strings.Contains(err.Error(), tc.wrong) {
					t.Errorf("%q, %v; want an error with %q", text, err, tc.wrong)
				}
			}
		})
	}
}

func TestTheZeroOptionsPrintNothing(t *testing.T) {
	if text, err := envoy.Bootstrap(envoy.Options{}); text != "" || err == nil {
		t.Errorf("%q, %v", text, err)
	}
	if files, err := envoy.Files(envoytest.Options(t), "etc"); files != nil || err == nil {
		t.Errorf("%v, %v", files, err)
	}
}
