package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/e2e/mesh"
	"github.com/postern/postern/e2e/raw"
	"github.com/postern/postern/identity/mint"
	"github.com/postern/postern/identity/mint/minttest"
)

// revocation returns a Revocation document with these entries, YAML of a list in brackets.
func revocation(name string, entries ...string) string {
	return "apiVersion: postern.dev/v1alpha1\nkind: Revocation\nmetadata: {name: " + name + "}\nspec:\n  entries:\n  - " + strings.Join(entries, "\n  - ") + "\n"
}

// inAnHour is an until.
func inAnHour() string { return time.Now().Add(time.Hour).UTC().Format(time.RFC3339) }

// soonRefused waits for a refusal with that status and reason, which comes as soon as an edit must count.
func soonRefused(t *testing.T, p *mesh.Pace, what string, status int, reason string, ask func() *raw.Response) {
	t.Helper()
	var last *raw.Response
	within(t, p, what, func() bool { last = ask(); return last.Status == status })
	wantRefused(t, last, status, reason)
}

// TestARevocationCutsOffNow while the policies beside it are broken, and on connections that are
// open: a user, a caller, and one certificate of a caller.
func TestARevocationCutsOffNow(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{})
	stolen := minttest.SVID(t, m.Shop, mesh.Web)
	web, thief := m.HTTP1(t, m.As(mesh.Web)), m.HTTP1(t, mesh.With(stolen))
	token := "authorization: Bearer " + m.Token(mint.Set("jti", "stolen"))
	ask := func(client *raw.HTTP1, target string, fields ...string) func() *raw.Response {
		return func() *raw.Response {
			t.Helper()
			got, err := client.Do(request("GET", target, fields...))
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
	}
	me, hers, other, same := ask(web, "/me", token), ask(web, "/me", "authorization: Bearer "+m.Token()), ask(web, "/orders/1"), ask(thief, "/orders/1")
	for name, one := range map[string]func() *raw.Response{"the token": me, "another token": hers, "the caller": other, "its other certificate": same} {
		if got := one(); got.Status != 200 {
			t.Fatalf("%s, before: %d %s", name, got.Status, got.Body)
		}
	}
	m.Write(t, "broken.yaml", "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nspec: [\n")
	eventually(t, "the policies are refused", func() bool { _, page := m.Postern.Ready(); return strings.Contains(page, "broken.yaml:3:7") })

	pace := mesh.NewPace(t)
	m.Write(t, "a.yaml", revocation("a", `{name: stolen-token, provider: shop-idp, tokenIDs: [stolen], until: `+inAnHour()+`}`))
	soonRefused(t, pace, "the token is cut off", 401, "token_revoked", me)
	refusal := me()
	if challenge := first(refusal.Get("www-authenticate")); challenge != `Bearer realm="postern", error="invalid_token"` {
		t.Errorf("the challenge is %q", challenge)
	}
	m.Write(t, "b.yaml", revocation("b", fmt.Sprintf(`{trustDomain: shop.test, serials: ["%032x"], until: %s}`, stolen.Leaf().SerialNumber, inAnHour())))
	soonRefused(t, pace, "the certificate is cut off", 403, "certificate_revoked", same)
	for name, one := range map[string]func() *raw.Response{"another token": hers, "the caller": other} {
		if got := one(); got.Status != 200 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	m.Write(t, "c.yaml", revocation("c", `{callers: ["spiffe://shop.test/ns/*/sa/web"], until: `+inAnHour()+`}`))
	soonRefused(t, pace, "the caller is cut off", 403, "certificate_revoked", other)
	checkCutRecord(t, m, refusal)
	checkCutPages(t, m)

	for _, name := range []string{"a.yaml", "b.yaml", "c.yaml"} {
		if err := os.Remove(filepath.Join(m.Policies, name)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all is taken back", func() bool { return me().Status == 200 && same().Status == 200 && other().Status == 200 })
}

// checkCutRecord looks at what is recorded of a token that was cut off.
func checkCutRecord(t *testing.T, m *mesh.Mesh, r *raw.Response) {
	t.Helper()
	body, err := refused(r)
	if err != nil {
		t.Fatal(err)
	}
	record := m.Postern.Record(body.RequestID)
	for name, want := range map[string]string{"reason": "token_revoked", "rule": "a.yaml:6:5", "rule_name": "stolen-token", "user": "alice", "provider": "shop-idp"} {
		if got := record.Text(name); got != want {
			t.Errorf("the record's %s is %q, want %q", name, got, want)
		}
	}
	if detail := record.Text("detail"); !strings.HasPrefix(detail, "cut off by a.yaml:6:5 (stolen-token) of the Revocation a until ") {
		t.Errorf("the detail is %q", detail)
	}
	if digest := record.Text("revocation_digest"); len(digest) != 64 {
		t.Errorf("the digest is %q", digest)
	}
}

// checkCutPages looks at what the admin interface says while one thing of three kinds is cut off.
func checkCutPages(t *testing.T, m *mesh.Mesh) {
	t.Helper()
	if ready, page := m.Postern.Ready(); !ready || !strings.Contains(page, "revocations: 3 entries, digest ") {
		t.Errorf("ready %v: %s", ready, page)
	}
	_, snapshot, err := m.Postern.Get("/snapshot")
	if err != nil || !strings.Contains(snapshot, `"token_ids": 1`) || !strings.Contains(snapshot, `"next_end": "20`) {
		t.Errorf("%v: %s", err, snapshot)
	}
	_, page, err := m.Postern.Get("/metrics")
	for _, line := range []string{
		`postern_revocations{kind="callers"} 1`, `postern_revocations{kind="serials"} 1`, `postern_revocations{kind="token_ids"} 1`,
		`postern_revocations{kind="subjects"} 0`, "postern_revocations_up_to_date 1", "postern_policy_up_to_date 0",
	} {
		if err != nil || !strings.Contains(page, line+"\n") {
			t.Errorf("%v: the metrics lack %s", err, line)
		}
	}
}

// TestARevocationEnds at its time, with nobody doing anything.
func TestARevocationEnds(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{})
	as, token := m.As(mesh.Web), "authorization: Bearer "+m.Token()
	me := func() *raw.Response { return do(t, m, as, request("GET", "/me", token)) }
	pace, life := mesh.NewPace(t), 3*time.Second
	for range pace.Tries(1) {
		end := time.Now().Add(life)
		m.Write(t, "r.yaml", revocation("r", `{provider: shop-idp, subjects: [alice], until: "`+end.UTC().Format(time.RFC3339Nano)+`"}`))
		written, last := time.Now(), (*raw.Response)(nil)
		eventually(t, "alice is cut off, or was", func() bool { last = me(); return last.Status != 200 || time.Now().After(end) })
		if last.Status == 200 { // the entry was over before a machine that is busy read it
			life *= 2
			continue
		}
		pace.Took("alice is cut off", time.Since(written))
		wantRefused(t, last, 401, "token_revoked")
		eventually(t, "the entry ends", func() bool { return me().Status == 200 })
		if early := time.Until(end); early > 0 {
			t.Errorf("it ended %v early", early)
		}
	}
	eventually(t, "nothing counts as cut off", func() bool {
		_, page, err := m.Postern.Get("/metrics")
		return err == nil && strings.Contains(page, `postern_revocations{kind="subjects"} 0`)
	})
}

// TestABrokenRevocationKeepsTheLast, says so, and keeps nothing else of its file from counting.
func TestABrokenRevocationKeepsTheLast(t *testing.T) {
	t.Parallel()
	m := shop(t, mesh.Setup{})
	as, token := m.As(mesh.Web), "authorization: Bearer "+m.Token()
	me := func() *raw.Response { return do(t, m, as, request("GET", "/me", token)) }
	order := func() *raw.Response { return do(t, m, as, request("GET", "/orders/1")) }
	good := revocation("good", `{provider: shop-idp, subjects: [alice], until: `+inAnHour()+`}`)
	m.Write(t, "r.yaml", good)
	pace := mesh.NewPace(t)
	soonRefused(t, pace, "alice is cut off", 401, "token_revoked", me)
	m.Write(t, "r.yaml", strings.Replace(good, "subjects", "subject", 1)+"---\n"+revocation("new", `{callers: ["`+mesh.Web+`"], until: `+inAnHour()+`}`))
	soonRefused(t, pace, "the sound document beside it counts", 403, "certificate_revoked", order)
	eventually(t, "Postern says where it is broken", func() bool {
		ready, page := m.Postern.Ready()
		return ready && strings.Contains(page, "some may be missing: r.yaml:6:") && strings.Contains(m.Postern.Log(), "revocations: a document that is wrong")
	})
	m.Write(t, "r.yaml", good)
	eventually(t, "the caller is let in again", func() bool { return order().Status == 200 })
	wantRefused(t, me(), 401, "token_revoked")
}
