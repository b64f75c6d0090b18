package logout_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/keys/keystest"
	"github.com/postern/postern/identity/logout"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
	"github.com/postern/postern/identity/reason"
)

func TestALogoutIsTakenOnce(t *testing.T) {
	w := newWorld(t)
	good := w.token(t)
	if got := w.post(form(good)); got.Code != 200 || got.Body.Len() != 0 || got.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s", got.Code, got.Body)
	}
	if len(w.written) != 1 || w.written[0].Session != "s-1" || w.written[0].Subject != "alice" || w.written[0].Lasting != 24*time.Hour+time.Minute {
		t.Fatalf("%+v", w.written)
	}
	for range 2 {
		if got := w.post(form(good)); got.Code != 400 || !strings.Contains(got.Body.String(), `"error":"invalid_request"`) {
			t.Errorf("again: %d %s", got.Code, got.Body)
		}
	}
	w.pass(2*time.Minute + 30*time.Second) // until it is refused for its age
	if got := w.post(form(good)); got.Code != 400 || !strings.Contains(got.Body.String(), "token_expired") {
		t.Errorf("later: %d %s", got.Code, got.Body)
	}
	if got := w.post("state=x&" + form(w.token(t))); got.Code != 200 { // the id is free again; other fields are ignored
		t.Errorf("another with its id: %d %s", got.Code, got.Body)
	}
	if len(w.written) != 2 {
		t.Errorf("%d were written", len(w.written))
	}
}

// TestOneOfManyAtOnce is taken, wherever they meet.
func TestOneOfManyAtOnce(t *testing.T) {
	w := newWorld(t)
	good := form(w.token(t))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { w.post(good) })
	}
	all.Wait()
	if len(w.written) != 1 || len(w.outcomes) != 20 {
		t.Errorf("%d were written, of %d", len(w.written), len(w.outcomes))
	}
}

// TestWhatIsNotWrittenMayComeAgain, for the provider was told to send it again.
func TestWhatIsNotWrittenMayComeAgain(t *testing.T) {
	w := newWorld(t)
	good := form(w.token(t))
	w.refuse = errors.New("the disk of /secret/place is full")
	got := w.post(good)
	if got.Code != 503 || got.Header().Get("Retry-After") == "" || strings.Contains(got.Body.String(), "secret") {
		t.Fatalf("%d %v %s", got.Code, got.Header(), got.Body)
	}
	if o := w.outcomes[0]; o.Status != 503 || o.Err == nil || o.Logout.Subject != "alice" {
		t.Errorf("%+v", o)
	}
	if got := w.post(good); got.Code != 200 || len(w.written) != 1 {
		t.Errorf("again: %d %s", got.Code, got.Body)
	}
}

func TestTheFormOfARequest(t *testing.T) {
	w := newWorld(t)
	good := w.token(t)
	header := func(name, value string) func(*http.Request) {
		return func(q *http.Request) { q.Header.Set(name, value) }
	}
	for name, tc := range map[string]struct {
		body   string
		edit   func(*http.Request)
		status int
	}{
		"GET":                     {"", func(q *http.Request) { q.Method = "GET" }, 405},
		"PUT":                     {form(good), func(q *http.Request) { q.Method = "PUT" }, 405},
		"JSON":                    {`{"logout_token":"` + good + `"}`, header("Content-Type", "application/json"), 400},
		"several parts":           {form(good), header("Content-Type", "multipart/form-data; boundary=a"), 400},
		"no content type":         {form(good), func(q *http.Request) { q.Header.Del("Content-Type") }, 400},
		"two content types":       {form(good), func(q *http.Request) { q.Header.Add("Content-Type", "application/json") }, 400},
		"compressed":              {form(good), header("Content-Encoding", "gzip"), 400},
		"nothing":                 {"", header("X", "x"), 400},
		"no token":                {"token=" + good, header("X", "x"), 400},
		"an empty token":          {"logout_token=", header("X", "x"), 400},
		"two tokens":              {form(good) + "&" + form(good), header("X", "x"), 400},
		"a bad escape":            {"logout_token=%zz", header("X", "x"), 400},
		"a semicolon":             {form(good) + ";a=b", header("X", "x"), 400},
		"too much":                {form(good) + "&x=" + strings.Repeat("x", 64<<10), header("X", "x"), 400},
		"a token that is garbage": {"logout_token=a.b.c", header("X", "x"), 400},
		"a token that is long":    {form(good + strings.Repeat("A", 16<<10)), header("X", "x"), 400},
		"the token in the query": {"", func(q *http.Request) {
			q.URL.RawQuery = form(good)
		}, 400},
		"a charset": {form(good), header("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"), 200},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.post(tc.body, tc.edit)
			if got.Code != tc.status {
				t.Errorf("got %d %s, want %d", got.Code, got.Body, tc.status)
			}
			if strings.Contains(got.Body.String(), good[:20]) || got.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("the answer is %v %s", got.Header(), got.Body)
			}
		})
	}
	if len(w.written) != 1 {
		t.Errorf("%d were written", len(w.written))
	}
	for _, o := range w.outcomes {
		if reason.Of(o.Err) == reason.Internal {
			t.Errorf("what strangers send is told as a fault of our own: %v", o.Err)
		}
	}
}

// TestWhoSendsALogout is chosen by issuer and client, and nothing falls back.
func TestWhoSendsALogout(t *testing.T) {
	w := newWorld(t)
	for name, tc := range map[string]struct {
		edit func(map[string]any)
		want reason.Code
	}{
		"another issuer":             {mint.Set("iss", "https://evil.test"), reason.TokenIssuer},
		"another client of its own":  {mint.Set("aud", "shop-app"), reason.TokenIssuer},
		"an ID token of this client": {mint.Set("nonce", "n"), reason.TokenType},
	} {
		if _, _, err := w.Verify(w.token(t, tc.edit)); reason.Of(err) != tc.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTwoProvidersOfOneIssuer are both meant when both know the client.
func TestTwoProvidersOfOneIssuer(t *testing.T) {
	w := newWorld(t)
	r := logout.NewReceiver(w.pool, map[string]string{"a": client, "b": client, "c": "other"}, w.clock)
	all := []identity.Provider{}
	for i, name := range []string{"a", "b", "c", "d"} {
		p := config(name, w.issuer.URL, w.issuer.ByURL())
		p.JWT.MaxLifetime = time.Duration(i+1) * time.Hour
		all = append(all, p)
	}
	if err := r.Configure(all); err != nil {
		t.Fatal(err)
	}
	var l logout.Logout
	keystest.Until(t, "the keys are there", func() (ok bool) {
		var err error
		l, _, err = r.Verify(w.token(t))
		return err == nil
	})
	if fmt.Sprint(l.Providers) != "[a b]" || l.Lasting != 2*time.Hour+time.Minute {
		t.Errorf("%+v", l)
	}
	all[1].JWT.Algorithms = []string{"RS256"} // which one refuses, none takes
	if err := r.Configure(all); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Verify(w.token(t, mint.Set("jti", "j-2"))); reason.Of(err) != reason.TokenAlgorithm {
		t.Error(err)
	}
}

func TestKeysThatAreNotThere(t *testing.T) {
	w := newWorld(t)
	next := minttest.Key(t, "ES256", "k-2")
	rotated := token(t, next, claims(w.clock(), mint.Set("iss", w.issuer.URL)))
	w.issuer.Publish(w.key, next)
	if got := w.post(form(rotated)); got.Code != 200 { // which waits for the keys
		t.Fatalf("a new key: %d %s", got.Code, got.Body)
	}
	nobodys := token(t, minttest.Key(t, "ES256", "k-3"), claims(w.clock(), mint.Set("iss", w.issuer.URL)))
	if got := w.post(form(nobodys)); got.Code != 400 || !strings.Contains(got.Body.String(), "token_key_unknown") {
		t.Errorf("nobody's key: %d %s", got.Code, got.Body)
	}
	logout.Hurry(w.Receiver, hurried)
	w.issuer.Answer("/jwks", http.NotFound)
	other := token(t, minttest.Key(t, "ES256", "k-4"), claims(w.clock(), mint.Set("iss", w.issuer.URL)))
	if got := w.post(form(other)); got.Code != 503 || got.Header().Get("Retry-After") == "" {
		t.Errorf("keys that cannot be had: %d %s", got.Code, got.Body)
	}
	w.pass(25 * time.Hour) // longer than the keys may be old
	if got := w.post(form(w.token(t))); got.Code != 503 {
		t.Errorf("with stale keys: %d %s", got.Code, got.Body)
	}
}

func TestConfigureRefuses(t *testing.T) {
	w := newWorld(t)
	other := config("other", w.issuer.URL, w.issuer.ByURL())
	if err := w.Configure([]identity.Provider{other}); err == nil || !strings.Contains(err.Error(), "no IdentityProvider is named shop-idp") {
		t.Error(err)
	}
	trust := config("shop-idp", "", identity.KeySource{})
	if err := w.Configure([]identity.Provider{trust}); err == nil {
		t.Error("a provider without an issuer is taken")
	}
	if err := w.Configure([]identity.Provider{config("shop-idp", w.issuer.URL, identity.KeySource{})}); err == nil {
		t.Error("a provider without keys is taken")
	}
	if _, _, err := w.Verify(w.token(t)); err != nil {
		t.Errorf("the last good one is gone: %v", err)
	}
}

// TestTheMemoryIsBounded, says so, and has room again when tokens have expired.
func TestTheMemoryIsBounded(t *testing.T) {
	w := newWorld(t)
	if err := logout.Fill(w.Receiver, w.issuer.URL, w.clock().Add(2*time.Minute), w.clock()); err == nil {
		t.Fatal("it has no end")
	}
	if got := w.post(form(w.token(t))); got.Code != 503 {
		t.Errorf("full: %d %s", got.Code, got.Body)
	}
	w.pass(2 * time.Minute)
	if got := w.post(form(w.token(t, mint.Set("jti", "later")))); got.Code != 200 {
		t.Errorf("later: %d %s", got.Code, got.Body)
	}
}

// TestManyThatWaitForKeys are in no other's way.
func TestManyThatWaitForKeys(t *testing.T) {
	w := newWorld(t)
	logout.Hurry(w.Receiver, hurried)
	w.issuer.Answer("/jwks", http.NotFound)
	unknown := minttest.Key(t, "ES256", "k-9")
	var all sync.WaitGroup
	for i := range 30 { // each waits for keys, and holds no place while it does
		raw := token(t, unknown, claims(w.clock(), mint.Set("iss", w.issuer.URL), mint.Set("jti", fmt.Sprint(i))))
		all.Go(func() {
			if got := w.post(form(raw)); got.Code != 503 {
				t.Errorf("got %d %s", got.Code, got.Body)
			}
		})
	}
	if got := w.post(form(w.token(t))); got.Code != 200 { // 503 if it had waited for one of them
		t.Errorf("a good one among them: %d", got.Code)
	}
	all.Wait()
}

// TestALateLogout is told 503, and taken once its key is there. One that turns out to be nobody's is
// not, and of too many some are given up.
func TestALateLogout(t *testing.T) {
	w := newWorld(t)
	logout.Hurry(w.Receiver, hurried)
	next := minttest.Key(t, "ES256", "k-2")
	w.issuer.Answer("/jwks", http.NotFound)
	good := token(t, next, claims(w.clock(), mint.Set("iss", w.issuer.URL)))
	nobodys := token(t, minttest.Key(t, "ES256", "k-3"), claims(w.clock(), mint.Set("iss", w.issuer.URL)))
	for range 100 { // strangers take nobody's place
		raw := token(t, minttest.Key(t, "ES256", rand.Text()), claims(w.clock(), mint.Set("iss", w.issuer.URL)))
		w.Await(raw)
	}
	for _, raw := range []string{good, nobodys, good} {
		if got := w.post(form(raw)); got.Code != 503 {
			t.Fatalf("without keys: %d %s", got.Code, got.Body)
		}
	}
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { w.Run(ctx, w.write, w.done); close(ended) }()
	t.Cleanup(func() { end(); <-ended })
	w.issuer.Publish(w.key, next)
	w.issuer.Answer("/jwks", nil)
	late := func() (all []logout.Outcome) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, o := range w.outcomes {
			if o.Late {
				all = append(all, o)
			}
		}
		return all
	}
	keystest.Until(t, "all are settled", func() bool { return len(late()) == 102 })
	if got := w.post(form(good)); got.Code != 200 {
		t.Errorf("sent again, as it was told: %d %s", got.Code, got.Body)
	}
	for _, o := range late() {
		if good := o.Logout.Subject == "alice"; good != (o.Status == 200) || good != (o.Err == nil) || !good && o.Status != 400 {
			t.Errorf("%+v", o)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.written) != 1 || w.written[0].Subject != "alice" {
		t.Errorf("written: %+v", w.written)
	}
}

// TestLateLogoutsEndWithTheReceiver: nothing is tried again after the end.
func TestLateLogoutsEndWithTheReceiver(t *testing.T) {
	w := newWorld(t)
	w.issuer.Answer("/jwks", http.NotFound)
	w.Await(token(t, minttest.Key(t, "ES256", "k-2"), claims(w.clock(), mint.Set("iss", w.issuer.URL))))
	if n := w.Waiting(); n != 1 {
		t.Fatalf("%d wait", n)
	}
	ctx, end := context.WithCancel(t.Context())
	end()
	w.Run(ctx, w.write, w.done)
	if n := w.Waiting(); n != 0 || len(w.outcomes) != 1 || w.outcomes[0].Status != 503 || !w.outcomes[0].Late {
		t.Errorf("%d wait, and nobody was told: %+v", n, w.outcomes)
	}
}

// TestLateLogoutsAreBounded in number, and one that comes again takes no more room.
func TestLateLogoutsAreBounded(t *testing.T) {
	w := newWorld(t)
	for i := range 6000 {
		w.Await(fmt.Sprint(i))
		w.Await(fmt.Sprint(i))
	}
	if n := w.Waiting(); n != 4096 {
		t.Errorf("%d wait", n)
	}
	other := newWorld(t)
	for i := range 1000 {
		other.Await(fmt.Sprint(i) + strings.Repeat("x", 16<<10))
	}
	if n := other.Waiting(); n != 511 {
		t.Errorf("%d long ones wait", n)
	}
}
