package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jwt"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"

	"github.com/postern/postern/cmd/postern-dev/rundir"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// start runs "postern-dev serve" within the test and returns what it announced.
func start(t *testing.T, args ...string) rundir.Ready {
	t.Helper()
	folder, err := os.MkdirTemp("", "pd") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	read, write := io.Pipe()
	done := make(chan error, 1)
	go func() {
		args := append([]string{"serve", "--dir", filepath.Join(folder, "d"), "--listen", "127.0.0.1:0"}, args...)
		err := run(ctx, args, write, io.Discard)
		_ = write.CloseWithError(err) // a pipe's never fails
		done <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	var ready rundir.Ready
	if err := json.NewDecoder(read).Decode(&ready); err != nil {
		t.Fatal(err)
	}
	return ready
}

func httpsClient(t *testing.T, ready rundir.Ready) *http.Client {
	t.Helper()
	pool, err := trusted(ready.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

func fetch(t *testing.T, client *http.Client, method, target string) []byte {
	t.Helper()
	body, err := send(t.Context(), client, method, target)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// TestATokenVerifiesByDiscovery goes the way of a verifier that knows nothing but the issuer.
func TestATokenVerifiesByDiscovery(t *testing.T) {
	ready := start(t)
	client := httpsClient(t, ready)
	var document struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(fetch(t, client, "GET", ready.Issuer+"/.well-known/openid-configuration"), &document); err != nil {
		t.Fatal(err)
	}
	if document.Issuer != ready.Issuer {
		t.Errorf("issuer %s, announced %s", document.Issuer, ready.Issuer)
	}
	set, err := jwk.Parse(fetch(t, client, "GET", document.JWKS))
	if err != nil {
		t.Fatal(err)
	}
	token := fetch(t, client, "GET", ready.URL+"/dev/token?user=alice")
	if _, err := jwt.Parse(token, jwt.WithKeySet(set), jwt.WithIssuer(document.Issuer), jwt.WithAudience("shop-api")); err != nil {
		t.Error(err)
	}
}

// TestARotationReachesEverybody rotates the CA over HTTPS and sees the Workload API push and
// the files change.
func TestARotationReachesEverybody(t *testing.T) {
	ready := start(t, "--workload", "spiffe://shop.test/ns/shop/sa/web")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	source, err := workloadapi.NewX509Source(ctx, workloadapi.WithClientOptions(workloadapi.WithAddr(ready.Workloads[0].WorkloadAPI)))
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	before, err := os.ReadFile(filepath.Join(ready.Workloads[0].Dir, "svid.pem"))
	if err != nil {
		t.Fatal(err)
	}
	fetch(t, httpsClient(t, ready), "POST", ready.URL+"/dev/rotate-ca?lead=0s")
	shop := spiffeid.RequireTrustDomainFromString("shop.test")
	for {
		bundle, err := source.GetX509BundleForTrustDomain(shop)
		if err != nil {
			t.Fatal(err)
		}
		if len(bundle.X509Authorities()) == 2 {
			break
		}
		if err := source.WaitUntilUpdated(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for ; ctx.Err() == nil; time.Sleep(time.Millisecond) {
		after, err := os.ReadFile(filepath.Join(ready.Workloads[0].Dir, "svid.pem"))
		if err == nil && !bytes.Equal(before, after) {
			return
		}
	}
	t.Error("svid.pem never changed")
}

// TestEverySecondIsCovered lives through many rotations of short-lived SVIDs and never holds an
// expired one.
func TestEverySecondIsCovered(t *testing.T) {
	ready := start(t, "--svid-ttl", "2s")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	source, err := workloadapi.NewX509Source(ctx, workloadapi.WithClientOptions(workloadapi.WithAddr(ready.WorkloadAPI)))
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	for range 3 {
		if err := source.WaitUntilUpdated(ctx); err != nil {
			t.Fatal(err)
		}
		svid, err := source.GetX509SVID()
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(svid.Certificates[0].NotAfter); left <= 0 {
			t.Errorf("expired %v ago", -left)
		}
	}
}

// TestTheIdentityProvidersCAVouchesForThisMachineAlone signs certificates with the kept key of
// the CA, as who steals it would.
func TestTheIdentityProvidersCAVouchesForThisMachineAlone(t *testing.T) {
	kept := filepath.Join(t.TempDir(), "state")
	ready := start(t, "--state", kept)
	pool, err := trusted(ready.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	stolen, err := os.ReadFile(filepath.Join(kept, "IDP.ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	ca, err := mint.LoadCA("localhost", stolen, stolen)
	if err != nil {
		t.Fatal(err)
	}
	for name, good := range map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true, "idp.shop.test": false, "192.0.2.1": false} {
		leaf := minttest.SVID(t, ca, "", mint.With(func(c *x509.Certificate) {
			if ip := net.ParseIP(name); ip != nil {
				c.IPAddresses = []net.IP{ip}
			} else {
				c.DNSNames = []string{name}
			}
		})).Leaf()
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: name}); (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTLS holds that the identity provider speaks TLS 1.3 alone and resumes no session.
func TestTLS(t *testing.T) {
	ready := start(t)
	client := httpsClient(t, ready)
	config := client.Transport.(*http.Transport).TLSClientConfig
	config.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	for range 2 {
		response, err := client.Get(ready.URL + "/jwks")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Error(err)
		}
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
		if response.TLS.DidResume || response.TLS.Version != tls.VersionTLS13 {
			t.Errorf("TLS %x, resumed %v", response.TLS.Version, response.TLS.DidResume)
		}
		client.CloseIdleConnections()
	}
	old := config.Clone()
	old.MaxVersion = tls.VersionTLS12
	if connection, err := tls.Dial("tcp", strings.TrimPrefix(ready.URL, "https://"), old); err == nil {
		t.Error("speaks TLS 1.2")
		_ = connection.Close()
	}
}

func TestAReboundNameIsRefused(t *testing.T) {
	ready := start(t)
	request, err := http.NewRequest("GET", ready.URL+"/dev/token?user=alice", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "rebound.evil.test"
	response, err := httpsClient(t, ready).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("answered %s", response.Status)
	}
}
