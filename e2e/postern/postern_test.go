package postern_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/identity/mint/minttest"
)

const policy = `apiVersion: postern.dev/v1alpha1
kind: ServicePolicy
metadata: {name: orders, namespace: shop}
spec:
  workloads: [spiffe://shop.test/orders]
  routes:
  - {name: all, http: {methods: [GET], path: /x}, allow: [{callers: [anyone]}]}
`

func options(t *testing.T) postern.Options {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "orders.yaml"), []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	bundle := minttest.File(t, "shop.pem", minttest.CA(t, "shop.test").BundlePEM())
	return postern.Options{Workload: "spiffe://shop.test/orders", Policies: dir, Bundles: map[string]string{"shop.test": bundle}}
}

func TestStart(t *testing.T) {
	t.Setenv("POSTERN_WORKLOAD", "spiffe://other.test/from-the-environment") // must not reach it
	p := postern.Start(t, options(t))
	conn, err := grpc.NewClient("unix://"+p.Socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answer, err := authv3.NewAuthorizationClient(conn).Check(t.Context(), &authv3.CheckRequest{})
	if err != nil || answer.GetStatus().GetCode() == 0 {
		t.Fatalf("an empty check: %v, %v", answer, err)
	}
	body := answer.GetDeniedResponse().GetBody()
	_, rest, _ := strings.Cut(body, `"request_id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	if got := p.Record(id); got.Text("decision") != "deny" || got.Text("nothing") != "" {
		t.Errorf("the record of %s is %v", body, got)
	}
	if !strings.Contains(p.Output(), id) || len(p.Records()) != 1 {
		t.Errorf("records %v", p.Records())
	}
	if status, _, err := p.Get("/nothing"); err != nil || status != http.StatusNotFound {
		t.Errorf("an unknown page: %d, %v", status, err)
	}
}

// TestLaunchSaysWhatIsMissing starts one that cannot be ready, which is no failure of the test.
func TestLaunchSaysWhatIsMissing(t *testing.T) {
	o := options(t)
	o.Workload, o.Bundles = "", nil
	o.Args = []string{"--workload-api", "unix://" + filepath.Join(postern.Dir(t), "api.sock")}
	p := postern.Launch(t, o)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		ready, detail := p.Ready()
		if ready {
			t.Fatalf("ready: %s", detail)
		}
		if strings.Contains(detail, "api.sock") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("it says only: %s", detail)
		}
	}
}
