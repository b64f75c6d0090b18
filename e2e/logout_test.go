package e2e_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/e2e/process"
	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// A receiver is a postern revoke --listen beside a mesh.
type receiver struct {
	m      *mesh.Mesh
	client *http.Client
	out    *safeBuffer
}

// safeBuffer keeps what a process writes while others read it.
type safeBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// receive starts one, which ends with the test.
func receive(t *testing.T, m *mesh.Mesh, flags ...string) *receiver {
	t.Helper()
	socket := filepath.Join(postern.Dir(t), "logout.sock")
	ctx, stop := context.WithCancel(context.Background())
	r := &receiver{m: m, out: &safeBuffer{}}
	args := append([]string{"revoke", "--policies", m.Policies, "--listen", "unix://" + socket, "--client", "shop-idp=shop-web"}, flags...)
	cmd := exec.CommandContext(ctx, postern.Binary(t), args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = process.Environment(), r.out, r.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("the receiver of logouts writes\n%s", r.out)
		}
	})
	r.client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}
	t.Cleanup(r.client.CloseIdleConnections)
	eventually(t, "logouts are received", func() bool {
		answer, err := r.client.Get("http://logout/healthz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == 200
	})
	forged := minttest.Sign(t, minttest.Key(t, "ES256", "k1"), m.Issuer.Header("logout+jwt"), claimsOf(t, r.token(t)))
	eventually(t, "the keys are read", func() bool { status, _ := r.post(t, forged); return status == 400 })
	return r
}

// token is a logout token of alice's session s-1, but for the edits.
func (r *receiver) token(t *testing.T, edits ...func(map[string]any)) string {
	t.Helper()
	now := time.Now()
	claims := map[string]any{
		"iss": mint.Issuer, "aud": "shop-web", "sub": "alice", "sid": "s-1", "jti": fmt.Sprint(now.UnixNano()),
		"iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	for _, edit := range edits {
		edit(claims)
	}
	return minttest.Sign(t, r.m.Issuer, r.m.Issuer.Header("logout+jwt"), claims)
}

// post sends a token, and returns the status and the error.
func (r *receiver) post(t *testing.T, token string) (int, string) {
	t.Helper()
	answer, err := r.client.PostForm("http://logout/backchannel-logout", url.Values{"logout_token": {token}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var body struct{ Error string }
	if answer.StatusCode != 200 {
		if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
			t.Errorf("%d: %v", answer.StatusCode, err)
		}
	}
	return answer.StatusCode, body.Error
}

// TestALogoutCutsTheSessionOff within a second, once, and for nobody else's word.
func TestALogoutCutsTheSessionOff(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{})
	r := receive(t, m)
	as := m.As(mesh.Web)
	ask := func(edits ...func(map[string]any)) func() *raw.Response {
		token := "authorization: Bearer " + m.Token(edits...)
		return func() *raw.Response { t.Helper(); return do(t, m, as, request("GET", "/me", token)) }
	}
	other := ask(mint.Set("sid", "other"))
	for name, token := range map[string]string{
		"another client's":        r.token(t, mint.Set("aud", "shop-app")),
		"the API's":               r.token(t, mint.Set("aud", mint.Audience)),
		"an ID token":             r.token(t, mint.Set("nonce", "n")),
		"an access token":         m.Token(mint.Set("sid", "s-1"), mint.Set("aud", "shop-web")),
		"another issuer's":        r.token(t, mint.Set("iss", "https://evil.test")),
		"expired":                 r.token(t, mint.Set("iat", time.Now().Add(-5*time.Minute).Unix()), mint.Set("exp", time.Now().Add(-time.Minute).Unix())),
		"without a signature":     strings.TrimRight(r.token(t), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
		"signed by somebody else": minttest.Sign(t, minttest.Key(t, "ES256", "k1"), map[string]any{"alg": "ES256", "kid": "k1", "typ": "logout+jwt"}, claimsOf(t, r.token(t))),
	} {
		if status, code := r.post(t, token); status != 400 || code != "invalid_request" {
			t.Errorf("%s: %d %s", name, status, code)
		}
	}
	pace := mesh.NewPace(t)
	for i := range pace.Tries(1) {
		session := mint.Set("sid", fmt.Sprint("s-", i+1))
		mine := ask(session)
		if got := mine(); got.Status != 200 {
			t.Fatalf("before: %d %s", got.Status, got.Body)
		}
		logout := r.token(t, session)
		if status, code := r.post(t, logout); status != 200 {
			t.Fatalf("%d %s", status, code)
		}
		soonRefused(t, pace, "the session is cut off", 401, "token_revoked", mine)
		if got := other(); got.Status != 200 {
			t.Errorf("another session: %d %s", got.Status, got.Body)
		}
		if status, code := r.post(t, logout); status != 400 || code != "invalid_request" {
			t.Errorf("again: %d %s", status, code)
		}
		if out := r.out.String(); !strings.Contains(out, `"logged out"`) || strings.Contains(out, logout[:40]) || strings.Contains(out, logout[len(logout)-40:]) {
			t.Errorf("the log is\n%s", out)
		}
	}
}

// TestALogoutOfAUser cuts off what was issued until the second of the logout, and lets in whoever logs
// in again.
func TestALogoutOfAUser(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{})
	r := receive(t, m, "--logout", "subjects")
	as := m.As(mesh.Web)
	ask := func(edits ...func(map[string]any)) func() *raw.Response {
		token := "authorization: Bearer " + m.Token(edits...)
		return func() *raw.Response { t.Helper(); return do(t, m, as, request("GET", "/me", token)) }
	}
	pace := mesh.NewPace(t)
	for i := range pace.Tries(1) {
		now, alice := time.Now(), mint.Set("sub", fmt.Sprint("alice-", i))
		same, after, bob := ask(alice, mint.Set("iat", now.Unix())), ask(alice, mint.Set("iat", now.Unix()+1)), ask(mint.Set("sub", "bob"))
		if status, code := r.post(t, r.token(t, alice, mint.Set("iat", now.Unix()))); status != 200 {
			t.Fatalf("%d %s", status, code)
		}
		soonRefused(t, pace, "alice is cut off", 401, "token_revoked", same)
		for name, one := range map[string]func() *raw.Response{"a later login": after, "bob": bob} {
			if got := one(); got.Status != 200 {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		}
	}
}

// TestTheCommandCutsOffAndLifts at the real Envoy, within a second each.
func TestTheCommandCutsOffAndLifts(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{})
	as, token := m.As(mesh.Web), m.Token(mint.Set("jti", "stolen"))
	me := func() *raw.Response {
		t.Helper()
		return do(t, m, as, request("GET", "/me", "authorization: Bearer "+token))
	}
	if got := me(); got.Status != 200 {
		t.Fatalf("before: %d %s", got.Status, got.Body)
	}
	revoke := func(stdin string, args ...string) {
		t.Helper()
		cmd := exec.Command(postern.Binary(t), append([]string{"revoke", "--policies", m.Policies}, args...)...)
		cmd.Stdin = strings.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), token[:30]) {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	pace := mesh.NewPace(t)
	for range pace.Tries(1) {
		revoke(token, "--token", "-", "--name", "stolen")
		soonRefused(t, pace, "the token is cut off", 401, "token_revoked", me)
		revoke("", "--lift", "stolen")
		within(t, pace, "the token is good again", func() bool { return me().Status == 200 })
	}
}

// TestManyLogouts of which each is written, one after the other and at once.
func TestManyLogouts(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{})
	r := receive(t, m)
	session := func(i int) func(map[string]any) { return mint.Set("sid", fmt.Sprintf("many-%d", i)) }
	const inARow, atOnce = 50, 200
	began := time.Now()
	for i := range inARow {
		if status, code := r.post(t, r.token(t, session(i), mint.Set("jti", fmt.Sprint("row-", i)))); status != 200 {
			t.Fatalf("%d: %d %s", i, status, code)
		}
	}
	t.Logf("%d in a row took %v", inARow, time.Since(began))
	began = time.Now()
	var all sync.WaitGroup
	for i := range atOnce {
		token := r.token(t, session(inARow+i), mint.Set("jti", fmt.Sprint("once-", i)))
		all.Go(func() {
			status, code := r.post(t, token)
			for range 20 { // too many for a machine that is busy are told to come again
				if status != 503 {
					break
				}
				time.Sleep(time.Second)
				status, code = r.post(t, token)
			}
			if status != 200 {
				t.Errorf("%d: %d %s", i, status, code)
			}
		})
	}
	all.Wait()
	t.Logf("%d at once took %v", atOnce, time.Since(began))
	pace, n := mesh.NewPace(t), inARow+atOnce
	for range pace.Tries(1) { // beside so many
		if status, code := r.post(t, r.token(t, session(n))); status != 200 {
			t.Fatalf("%d %s", status, code)
		}
		last := "authorization: Bearer " + m.Token(session(n))
		soonRefused(t, pace, "the last one is cut off", 401, "token_revoked", func() *raw.Response { return do(t, m, m.As(mesh.Web), request("GET", "/me", last)) })
		n++
	}
	eventually(t, "all are", func() bool {
		_, page, err := m.Postern.Get("/metrics")
		return err == nil && strings.Contains(page, fmt.Sprintf(`postern_revocations{kind="session_ids"} %d`, n))
	})
}

// claimsOf reads the claims of a token that the test made.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
