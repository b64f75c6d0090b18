package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

const receivedIDP = `apiVersion: postern.dev/v1alpha1
kind: IdentityProvider
metadata: {name: shop-idp}
spec:
  jwt:
    issuer: https://idp.shop.test/
    audiences: [shop-api]
    algorithms: [ES256]
    jwks: {file: keys.json}
`

// A receiving is a postern revoke --listen in this process.
type receiving struct {
	dir, socket string
	key         *mint.Key
	client      *http.Client
	stop        func()
	done        chan error

	mu   sync.Mutex
	logs bytes.Buffer
}

func (r *receiving) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.logs.Write(p)
}

func (r *receiving) log() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.logs.String()
}

// until waits until something holds.
func (r *receiving) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s\n%s", what, r.log())
		}
	}
}

func startReceiving(t *testing.T, more ...string) *receiving {
	t.Helper()
	dir, err := os.MkdirTemp("", "p") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	r := &receiving{dir: filepath.Join(dir, "p"), socket: filepath.Join(dir, "s"), key: minttest.Key(t, "ES256", "k-1"), done: make(chan error, 1)}
	writePolicy(t, filepath.Join(r.dir, "keys.json"), string(mint.JWKS(r.key)))
	writePolicy(t, filepath.Join(r.dir, "idp.yaml"), receivedIDP)
	writePolicy(t, filepath.Join(r.dir, "other.yaml"), strings.NewReplacer("shop-idp", "nowhere", "{file: keys.json}", "{url: https://0.0.0.0:1/jwks}").Replace(receivedIDP))
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	root := rootCommand()
	root.SetArgs(append([]string{"revoke", "--policies", r.dir, "--listen", "unix://" + r.socket, "--client", "shop-idp=shop-web"}, more...))
	root.SetErr(r)
	go func() { r.done <- root.ExecuteContext(ctx) }()
	r.client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DisableKeepAlives: true, ExpectContinueTimeout: time.Minute,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", r.socket)
		},
	}}
	r.until(t, "it listens", func() bool { return strings.Contains(r.log(), `"listening"`) })
	return r
}

// post sends the logout of a session; the status is 0 when there is no answer.
func (r *receiving) post(t *testing.T, session string) int {
	t.Helper()
	return r.postAsking(t, session, nil)
}

// postAsking is post, and tells the moment at which the receiver asks for the body.
func (r *receiving) postAsking(t *testing.T, session string, asks func()) int {
	t.Helper()
	now := time.Now()
	token := minttest.Sign(t, r.key, r.key.Header("logout+jwt"), map[string]any{
		"iss": mint.Issuer, "aud": "shop-web", "sid": session, "jti": fmt.Sprint(session, now.UnixNano()),
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	})
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: asks})
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://logout/backchannel-logout", strings.NewReader(url.Values{"logout_token": {token}}.Encode()))
	if err != nil {
		t.Error(err)
		return 0
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if asks != nil {
		q.Header.Set("Expect", "100-continue")
	}
	answer, err := r.client.Do(q)
	if strings.Contains(r.log(), token[20:60]) || strings.Contains(r.log(), token[len(token)-40:]) {
		t.Error("the log holds the token")
	}
	if err != nil {
		return 0
	}
	answer.Body.Close()
	return answer.StatusCode
}

func (r *receiving) written(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, "revocations/logged-out.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestWhatIsUnderWayIsAnswered when the receiver is told to stop, and is on the disk then.
func TestWhatIsUnderWayIsAnswered(t *testing.T) {
	t.Parallel()
	r := startReceiving(t)
	r.until(t, "the keys are read, and a logout is taken", func() bool { return r.post(t, "first") == 200 })
	lock, err := os.OpenFile(filepath.Join(r.dir, "revocations/.lock"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	answered, reached := make(chan int, 1), make(chan struct{})
	go func() { answered <- r.postAsking(t, "second", sync.OnceFunc(func() { close(reached) })) }()
	select {
	case <-reached:
	case <-time.After(time.Minute):
		t.Fatal("it was not asked for its body")
	}
	select {
	case got := <-answered:
		t.Fatalf("got %d while nothing can be written", got)
	case <-time.After(300 * time.Millisecond):
	}
	r.stop()
	r.until(t, "it takes no more", func() bool {
		c, err := net.Dial("unix", r.socket)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	lock.Close()
	if got := <-answered; got != 200 {
		t.Errorf("got %d", got)
	}
	if err := <-r.done; err != nil {
		t.Error(err)
	}
	if text := r.written(t); !strings.Contains(text, "sessionIDs: [second]") {
		t.Errorf("it has written\n%s", text)
	}
}

// TestTheReceiverWhenThingsGoWrong: what cannot be written is worth sending again, and policies that are
// broken change nothing.
func TestTheReceiverWhenThingsGoWrong(t *testing.T) {
	t.Parallel()
	r := startReceiving(t)
	writePolicy(t, filepath.Join(r.dir, "revocations/logged-out.yaml"), "kind: [\n")
	if got := r.post(t, "a"); got != 503 {
		t.Errorf("where the document is broken: %d", got)
	}
	if !strings.Contains(r.log(), "a logout was not taken") {
		t.Errorf("the log is\n%s", r.log())
	}
	r.until(t, "the broken document is seen", func() bool { return strings.Contains(r.log(), "those that were known go on") })
	if err := os.Remove(filepath.Join(r.dir, "revocations/logged-out.yaml")); err != nil {
		t.Fatal(err)
	}
	if got := r.post(t, "b"); got != 200 {
		t.Errorf("where it is mended: %d", got)
	}
	next := minttest.Key(t, "ES256", "k-2")
	writePolicy(t, filepath.Join(r.dir, "keys.json"), string(mint.JWKS(next)))
	old := r.key
	r.key = next
	r.until(t, "the new key counts", func() bool { return r.post(t, "c") == 200 })
	r.key = old
	got := 0
	r.until(t, "it is known that no other keys are there", func() bool { got = r.post(t, "d"); return got != 503 })
	if got != 400 {
		t.Errorf("with the old key: %d", got)
	}
	if text := r.written(t); strings.Count(text, "\n  - ") != 2 {
		t.Errorf("it has written\n%s", text)
	}
	r.stop()
	if err := <-r.done; err != nil {
		t.Error(err)
	}
}

// TestNetworksOfIssuers: the receiver allows what serve allows, and says which flag does.
func TestNetworksOfIssuers(t *testing.T) {
	t.Parallel()
	for networks, want := range map[string]string{"": "--issuer-networks", "0.0.0.0/32": "connection refused"} {
		t.Run(networks, func(t *testing.T) {
			t.Parallel()
			r := startReceiving(t, "--client", "nowhere=shop-web", "--issuer-networks", networks)
			r.until(t, want, func() bool { return strings.Contains(r.log(), want) })
			if got := strings.Contains(r.log(), "no issuer may have"); got != (networks == "") {
				t.Errorf("the log is\n%s", r.log())
			}
		})
	}
}
