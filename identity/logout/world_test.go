package logout_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/logout"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

const (
	client = "shop-web"
	event  = "http://schemas.openid.net/event/backchannel-logout"
)

// config is a provider with the defaults of documents.
func config(name, issuer string, from identity.KeySource) identity.Provider {
	return identity.Provider{Name: name, JWT: &identity.JWTIssuer{
		Issuer: issuer, Audiences: []string{"shop-api"}, Algorithms: []string{"ES256"}, Use: identity.UseAccess,
		Types: []string{"", "jwt"}, Skew: 30 * time.Second, MaxLifetime: 24 * time.Hour, MaxSize: 8 << 10, Keys: from,
	}}
}

// claims are those of a sound logout token of mint's issuer, but for the edits.
func claims(now time.Time, edits ...func(map[string]any)) map[string]any {
	c := map[string]any{
		"iss": mint.Issuer, "aud": client, "iat": now.Unix(), "exp": now.Add(2 * time.Minute).Unix(), "jti": "j-1",
		"sub": "alice", "sid": "s-1", "events": map[string]any{event: map[string]any{}},
	}
	for _, edit := range edits {
		edit(c)
	}
	return c
}

// token signs claims as a logout token.
func token(t testing.TB, key *mint.Key, claims map[string]any) string {
	t.Helper()
	return minttest.Sign(t, key, key.Header("logout+jwt"), claims)
}

// A world is a receiver of the logouts of one issuer with real keys.
type world struct {
	*logout.Receiver
	issuer *keystest.Issuer
	key    *mint.Key
	pool   *keys.Pool

	mu       sync.Mutex
	now      time.Time
	written  []logout.Logout
	outcomes []logout.Outcome
	refuse   error // of the next write
}

// hurried is how long a POST waits for keys of which a test knows that they do not come.
const hurried = 200 * time.Millisecond

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{key: minttest.Key(t, "ES256", "k-1"), now: time.Now().Truncate(time.Second)}
	w.issuer = keystest.New(t, w.key)
	w.pool = keys.NewPool(keys.Options{Interval: 300 * time.Millisecond})
	t.Cleanup(w.pool.Close)
	w.Receiver = logout.NewReceiver(w.pool, map[string]string{"shop-idp": client}, w.clock)
	logout.Hurry(w.Receiver, time.Minute) // a machine that is busy takes longer than an issuer waits
	if err := w.Configure([]identity.Provider{config("shop-idp", w.issuer.URL, w.issuer.ByURL())}); err != nil {
		t.Fatal(err)
	}
	keystest.Until(t, "the keys are there", func() bool {
		l, _, err := w.Verify(w.token(t, mint.Set("jti", "first")))
		if err == nil {
			w.Forget(l)
		}
		return err == nil
	})
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// token is a sound one of this world, but for the edits.
func (w *world) token(t testing.TB, edits ...func(map[string]any)) string {
	t.Helper()
	return token(t, w.key, claims(w.clock(), append([]func(map[string]any){mint.Set("iss", w.issuer.URL)}, edits...)...))
}

func (w *world) write(_ context.Context, l logout.Logout) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.refuse; err != nil {
		w.refuse = nil
		return err
	}
	w.written = append(w.written, l)
	return nil
}

func (w *world) done(o logout.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outcomes = append(w.outcomes, o)
}

// post sends a form, or what the edits make of that request.
func (w *world) post(body string, edits ...func(*http.Request)) *httptest.ResponseRecorder {
	q := httptest.NewRequest(http.MethodPost, logout.Path, strings.NewReader(body))
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, edit := range edits {
		edit(q)
	}
	answer := httptest.NewRecorder()
	w.Handler(w.write, w.done).ServeHTTP(answer, q)
	return answer
}

func form(token string) string { return url.Values{"logout_token": {token}}.Encode() }
