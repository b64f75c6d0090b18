package workloadapi_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	client "github.com/spiffe/go-spiffe/v2/workloadapi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/postern/postern/cmd/postern-dev/authority"
	"github.com/postern/postern/cmd/postern-dev/workloadapi"
)

var (
	shop    = spiffeid.RequireTrustDomainFromString("shop.test")
	partner = spiffeid.RequireTrustDomainFromString("partner.test")
	web     = spiffeid.RequireFromString("spiffe://shop.test/ns/shop/sa/web")
	app     = spiffeid.RequireFromString("spiffe://partner.test/app")
)

// serve runs a Workload API with one socket for each of web and app, and one for both.
func serve(t *testing.T) (a *authority.Authority, folder string) {
	t.Helper()
	a, err := authority.New(authority.Config{
		Domains:   []spiffeid.TrustDomain{shop, partner},
		Workloads: []authority.Workload{{Name: "web", ID: web}, {Name: "app", ID: app}},
		TTL:       time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	servers, err := workloadapi.Listen(a,
		workloadapi.Socket{Path: filepath.Join(folder, "web.sock"), Workload: "web"},
		workloadapi.Socket{Path: filepath.Join(folder, "app.sock"), Workload: "app"},
		workloadapi.Socket{Path: filepath.Join(folder, "nobody.sock"), Workload: "nobody"},
		workloadapi.Socket{Path: filepath.Join(folder, "all.sock")},
	)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- servers.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
	return a, folder
}

func withDeadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func address(folder, name string) client.ClientOption {
	return client.WithAddr("unix://" + filepath.Join(folder, name+".sock"))
}

func TestTheSocketSaysWhoTheCallerIs(t *testing.T) {
	_, folder := serve(t)
	for name, want := range map[string][]spiffeid.ID{"web": {web}, "app": {app}, "all": {web, app}} {
		x, err := client.FetchX509Context(withDeadline(t), address(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if len(x.SVIDs) != len(want) || x.Bundles.Len() != 2 {
			t.Fatalf("%s: %d SVIDs, %d bundles", name, len(x.SVIDs), x.Bundles.Len())
		}
		for i, id := range want {
			if x.SVIDs[i].ID != id {
				t.Errorf("%s: SVID %d is %s", name, i, x.SVIDs[i].ID)
			}
		}
	}
	if _, err := client.FetchX509Context(withDeadline(t), address(folder, "nobody")); status.Code(err) != codes.PermissionDenied {
		t.Errorf("a workload without identity: %v", err)
	}
}

func TestSocketsAreForThisUserAlone(t *testing.T) {
	_, folder := serve(t)
	for _, name := range []string{"web", "all"} {
		info, err := os.Stat(filepath.Join(folder, name+".sock"))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestRotationIsPushed(t *testing.T) {
	a, folder := serve(t)
	source, err := client.NewX509Source(withDeadline(t), client.WithClientOptions(address(folder, "web")))
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	serial := func() string {
		svid, err := source.GetX509SVID()
		if err != nil {
			t.Fatal(err)
		}
		return svid.Certificates[0].SerialNumber.String()
	}
	before := serial()
	if err := a.RotateCA(shop, 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	for ctx := withDeadline(t); serial() == before; {
		if err := source.WaitUntilUpdated(ctx); err != nil {
			t.Fatal(err)
		}
	}
	bundle, err := source.GetX509BundleForTrustDomain(shop)
	if err != nil || len(bundle.X509Authorities()) != 2 {
		t.Errorf("bundle %v, %v", bundle, err)
	}
}

// raw returns a stub and a context with the security header.
func raw(t *testing.T, folder, name string) (workload.SpiffeWorkloadAPIClient, context.Context) {
	t.Helper()
	connection, err := grpc.NewClient("unix://"+filepath.Join(folder, name+".sock"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return workload.NewSpiffeWorkloadAPIClient(connection), metadata.AppendToOutgoingContext(withDeadline(t), "workload.spiffe.io", "true")
}

// TestOnlyWhatChangedIsPushed rotates the partner's SVIDs, which web must not hear of, and then
// web's own.
func TestOnlyWhatChangedIsPushed(t *testing.T) {
	a, folder := serve(t)
	stub, ctx := raw(t, folder, "web")
	stream, err := stub.FetchX509Bundles(ctx, &workload.X509BundlesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	first, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.RotateSVIDs(); err != nil { // no bundle changes
		t.Fatal(err)
	}
	if err := a.RotateCA(partner, time.Hour, time.Hour); err != nil {
		t.Fatal(err)
	}
	second, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	if len(second.Bundles[partner.IDString()]) <= len(first.Bundles[partner.IDString()]) {
		t.Error("the second message does not tell of the new CA, so it told of nothing")
	}
}

func TestTheSecurityHeaderIsDemanded(t *testing.T) {
	_, folder := serve(t)
	stub, _ := raw(t, folder, "web")
	for name, header := range map[string][]string{
		"absent": nil, "false": {"workload.spiffe.io", "false"}, "True": {"workload.spiffe.io", "True"},
		"twice": {"workload.spiffe.io", "true", "workload.spiffe.io", "true"},
	} {
		ctx := metadata.AppendToOutgoingContext(withDeadline(t), header...)
		if _, err := stub.FetchJWTSVID(ctx, &workload.JWTSVIDRequest{Audience: []string{"a"}}); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "security header") {
			t.Errorf("%s: unary: %v", name, err)
		}
		stream, err := stub.FetchX509SVID(ctx, &workload.X509SVIDRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: stream: %v", name, err)
		}
	}
}

func TestJWTSVIDs(t *testing.T) {
	a, folder := serve(t)
	source, err := client.NewJWTSource(withDeadline(t), client.WithClientOptions(address(folder, "web")))
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	svid, err := source.FetchJWTSVID(withDeadline(t), jwtsvid.Params{Audience: "orders"})
	if err != nil || svid.ID != web {
		t.Fatalf("%v, %v", svid, err)
	}
	if _, err := jwtsvid.ParseAndValidate(svid.Marshal(), source, []string{"orders"}); err != nil {
		t.Errorf("not valid by the bundles that are served: %v", err)
	}
	if _, err := client.ValidateJWTSVID(withDeadline(t), svid.Marshal(), "orders", address(folder, "app")); err != nil {
		t.Errorf("ValidateJWTSVID: %v", err)
	}
	if _, err := client.ValidateJWTSVID(withDeadline(t), svid.Marshal(), "payments", address(folder, "app")); err == nil {
		t.Error("valid for another audience")
	}
	if err := a.RotateCA(shop, 0, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := client.ValidateJWTSVID(withDeadline(t), svid.Marshal(), "orders", address(folder, "web")); err == nil {
		t.Error("valid although its key was withdrawn")
	}
}

func TestJWTRequestsThatAreRefused(t *testing.T) {
	_, folder := serve(t)
	stub, ctx := raw(t, folder, "web")
	for name, tc := range map[string]struct {
		request *workload.JWTSVIDRequest
		want    codes.Code
	}{
		"no audience":        {&workload.JWTSVIDRequest{}, codes.InvalidArgument},
		"an empty audience":  {&workload.JWTSVIDRequest{Audience: []string{"a", ""}}, codes.InvalidArgument},
		"somebody else's ID": {&workload.JWTSVIDRequest{Audience: []string{"a"}, SpiffeId: app.String()}, codes.PermissionDenied},
	} {
		if _, err := stub.FetchJWTSVID(ctx, tc.request); status.Code(err) != tc.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, request := range map[string]*workload.ValidateJWTSVIDRequest{
		"nothing": {}, "no token": {Audience: "a"}, "rubbish": {Audience: "a", Svid: "x.y.z"},
	} {
		if _, err := stub.ValidateJWTSVID(ctx, request); status.Code(err) != codes.InvalidArgument {
			t.Errorf("validate %s: %v", name, err)
		}
	}
	if _, err := stub.ValidateJWTSVID(ctx, &workload.ValidateJWTSVIDRequest{Audience: "a", Svid: strings.Repeat("x", 65<<10)}); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a large request: %v", err)
	}
}

func TestListenRefuses(t *testing.T) {
	a, _ := serve(t)
	folder := t.TempDir()
	long := filepath.Join(folder, strings.Repeat("x", 110))
	if _, err := workloadapi.Listen(a, workloadapi.Socket{Path: filepath.Join(folder, "a.sock")}, workloadapi.Socket{Path: long}); err == nil {
		t.Error("listens where no client can connect")
	}
	if _, err := os.Stat(filepath.Join(folder, "a.sock")); err == nil {
		t.Error("a socket of a failed start is left")
	}
	if _, err := workloadapi.Listen(a, workloadapi.Socket{Path: filepath.Join(folder, "no", "folder.sock")}); err == nil {
		t.Error("listens in no folder")
	}
	full := filepath.Join(folder, "folder")
	if err := os.MkdirAll(filepath.Join(full, "with"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := workloadapi.Listen(a, workloadapi.Socket{Path: full}); err == nil {
		t.Error("removed somebody's folder")
	}
}

func TestAStaleSocketIsReplaced(t *testing.T) {
	a, folder := serve(t)
	stale := filepath.Join(t.TempDir(), "s.sock")
	if err := os.WriteFile(stale, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	servers, err := workloadapi.Listen(a, workloadapi.Socket{Path: stale})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := servers.Run(ctx); err != nil {
		t.Errorf("a run that ends at once: %v (%s)", err, folder)
	}
}

func ExampleListen() {
	a, err := authority.New(authority.Config{
		Domains:   []spiffeid.TrustDomain{shop},
		Workloads: []authority.Workload{{Name: "web", ID: web}},
		TTL:       time.Hour,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = workloadapi.Listen(a, workloadapi.Socket{Path: "/nowhere/web.sock", Workload: "web"})
	fmt.Println(err)
	// Output: workloadapi: listen unix /nowhere/web.sock: bind: no such file or directory
}
