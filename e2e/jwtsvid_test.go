package e2e_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/raw"
)

// workloads is the provider of JWT-SVIDs, and jobRoutes the routes that take them: from anyone, from
// a caller who shows one beside its certificate, and from callers alone.
const (
	workloads = `apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: workloads}
spec:
  jwt: {trustDomain: shop.test, audiences: [orders]}
`
	jobRoutes = `
  - {name: job, http: {methods: [GET], path: /job}, allow: [{callers: [anyone], user: {provider: workloads}}]}
  - {name: both, http: {methods: [GET], path: /both}, allow: [{callers: ["` + mesh.Web + `"], user: {provider: workloads}}]}
  - {name: mine, http: {methods: [GET], path: /mine}, allow: [{callers: [anyone], user: {provider: workloads}, when: 'user.subject == "` + mesh.Web + `"'}]}
  - {name: told, http: {methods: [GET], path: /told}, allow: [{callers: [anyone], user: {provider: [workloads, shop-idp]}}]}
`
)

// jwtSVID fetches one, as an application does, from the socket of a workload.
func (s *sidecar) jwtSVID(workload, audience string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	svid, err := workloadapi.FetchJWTSVID(ctx, jwtsvid.Params{Audience: audience}, workloadapi.WithAddr("unix://"+s.dev.File(workload, "api.sock")))
	if err != nil {
		return "", err
	}
	return svid.Marshal(), nil
}

func (s *sidecar) bearer(t *testing.T, workload, audience string) string {
	t.Helper()
	token, err := s.jwtSVID(workload, audience)
	if err != nil {
		t.Fatal(err)
	}
	return "authorization: Bearer " + token
}

// as is the TLS of a workload, with the certificate that it has now.
func (s *sidecar) as(t *testing.T, workload string) *tls.Config {
	t.Helper()
	certificate, err := s.dev.Certificate(workload)
	if err != nil {
		t.Fatal(err)
	}
	c := mesh.Anonymous()
	c.Certificates = []tls.Certificate{certificate}
	return c
}

// startJobs is startSidecar with the routes that take JWT-SVIDs.
func startJobs(t *testing.T) *sidecar {
	t.Helper()
	s := startSidecar(t)
	s.Write(t, "workloads.yaml", workloads)
	s.Write(t, "orders.yaml", mesh.Policy(shopRoutes+jobRoutes))
	job := request("GET", "/job", s.bearer(t, "web", "orders"))
	eventually(t, "JWT-SVIDs are taken", func() bool { return do(t, s.Mesh, s.as(t, "orders"), job).Status == 200 })
	return s
}

// TestJWTSVIDs shows them to Postern through Envoy: they make a user, and never a caller.
func TestJWTSVIDs(t *testing.T) {
	t.Parallel()
	s := startJobs(t)
	web, orders, elsewhere := s.bearer(t, "web", "orders"), s.bearer(t, "orders", "orders"), s.bearer(t, "web", "payments")
	alice := "authorization: Bearer " + s.dev.Do("token", "--user", "alice", "--scope", "orders:read")
	eventually(t, "the issuer's keys are there", func() bool { return do(t, s.Mesh, s.as(t, "orders"), request("GET", "/told", alice)).Status == 200 })
	for name, tc := range map[string]struct {
		line   string
		status int
		reason string
	}{
		"the workload's own":                           {request("GET", "/mine", web), 200, ""},
		"another workload's":                           {request("GET", "/mine", orders), 403, "not_granted"},
		"for another service":                          {request("GET", "/job", elsewhere), 401, "token_audience"},
		"none":                                         {request("GET", "/job"), 401, "credential_missing"},
		"broken":                                       {request("GET", "/job", web[:len(web)-8]+"AAAAAAAA"), 401, "token_signature"},
		"in place of a certificate":                    {request("GET", "/both", web), 403, "caller_not_granted"},
		"where callers alone may":                      {request("GET", "/orders/1", web), 403, "caller_not_granted"},
		"where an access token is asked for":           {request("GET", "/me", web), 403, "caller_not_granted"},
		"an access token where JWT-SVIDs are":          {request("GET", "/job", alice), 401, "token_type"},
		"beside an issuer":                             {request("GET", "/told", web), 200, ""},
		"twice":                                        {request("GET", "/job", web, web), 401, "credential_duplicate"},
		"beside an issuer, for another service":        {request("GET", "/told", elsewhere), 401, "token_audience"},
		"an access token beside those of a workload's": {request("GET", "/told", alice), 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := do(t, s.Mesh, s.as(t, "orders"), tc.line)
			if tc.status != 200 {
				wantRefused(t, got, tc.status, tc.reason)
			} else if got.Status != 200 {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
		})
	}
	c := s.as(t, "web")
	if got := do(t, s.Mesh, c, request("GET", "/both", web, marked("both"))); got.Status != 200 {
		t.Errorf("with a certificate, too: %d %s", got.Status, got.Body)
	}
	wantRefused(t, do(t, s.Mesh, c, request("GET", "/me", web)), 401, "token_claims")
	reached := wantReached(t, s.Mesh, "both")
	if got := first(reached.Get("x-postern-user")); got != mesh.Web {
		t.Errorf("the upstream was told %s", got)
	}
	_, snapshot, err := s.Postern.Get("/snapshot")
	if err != nil || !strings.Contains(snapshot, `"kind": "jwt-svid"`) || !strings.Contains(snapshot, `"issuer": "spiffe://shop.test"`) {
		t.Errorf("%v: %s", err, snapshot)
	}
}

// TestJWTKeyRotationCostsNothing rotates the trust domain's JWT key under traffic that fetches a
// fresh JWT-SVID each time; none fails. Without an overlap the old key then stops working at once,
// whatever was verified by it before.
func TestJWTKeyRotationCostsNothing(t *testing.T) {
	t.Parallel()
	s := startJobs(t)
	c := s.as(t, "orders") // it stays good: the old CA is kept
	done, faults := make(chan struct{}), make(chan []string)
	go func() {
		var all []string
		sent := 0
		for ; ; sent++ {
			select {
			case <-done:
				if sent < 20 {
					all = append(all, fmt.Sprintf("only %d were sent", sent))
				}
				faults <- all
				return
			case <-time.After(20 * time.Millisecond):
			}
			token, err := s.jwtSVID("web", "orders")
			if err != nil {
				all = append(all, err.Error())
				continue
			}
			if got, err := try(s.Mesh, c, request("GET", "/job", "authorization: Bearer "+token)); err != nil || got.Status != 200 {
				all = append(all, fmt.Sprintf("%s, %v", brief(got), err))
			}
		}
	}()
	before := s.bearer(t, "web", "orders")
	for range 2 {
		old := kidOf(t, s.bearer(t, "web", "orders"))
		s.dev.Do("rotate", "ca", "--lead", lead)
		eventually(t, "there is a new key", func() bool { return kidOf(t, s.bearer(t, "web", "orders")) != old })
		time.Sleep(time.Second) // of traffic with it
	}
	close(done)
	if all := <-faults; len(all) > 0 {
		t.Errorf("%d failed: %v", len(all), all)
	}
	job := request("GET", "/job", before)
	ask := func() *raw.Response { return do(t, s.Mesh, s.as(t, "orders"), job) }
	if got := ask(); got.Status != 200 {
		t.Errorf("while the old key is published, its JWT-SVIDs hold: %d %s", got.Status, got.Body)
	}
	pace := mesh.NewPace(t)
	for range pace.Tries(1) {
		s.dev.Do("rotate", "ca", "--lead", "0s", "--keep", "0s")
		soonRefused(t, pace, "the old key is refused", 401, "token_key_unknown", ask)
		job = request("GET", "/job", s.bearer(t, "web", "orders"))
		eventually(t, "the next key is there", func() bool { return ask().Status == 200 })
	}
}

// kidOf is the key that signed the token of a header field.
func kidOf(t *testing.T, field string) string {
	t.Helper()
	head, _, _ := strings.Cut(strings.TrimPrefix(field, "authorization: Bearer "), ".")
	text, err := base64.RawURLEncoding.DecodeString(head)
	var header struct{ Kid string }
	if err := errors.Join(err, json.Unmarshal(text, &header)); err != nil {
		t.Fatal(err)
	}
	return header.Kid
}
