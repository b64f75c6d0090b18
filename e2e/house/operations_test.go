package house_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/e2e/postern"
	"github.com/postern/postern/extauthz/metrics"
	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy"
)

const (
	operationsPage = "docs/operations.md"
	securityPage   = "SECURITY.md"
)

func TestEveryReasonIsDocumented(t *testing.T) {
	var documented, real []string
	for _, row := range document(t, operationsPage).table(t, "| reason | status |") {
		name := codes(row[0])[0]
		documented = append(documented, name)
		for c := range reason.Code(reason.Count) {
			if c.String() == name && strconv.Itoa(c.Status()) != row[1] {
				t.Errorf("%s has status %d, and %s says %s", name, c.Status(), operationsPage, row[1])
			}
		}
	}
	for c := range reason.Code(reason.Count) {
		real = append(real, c.String())
	}
	same(t, "the table of reasons", documented, real)
}

// TestTheFailClosedTableIsTrue holds each situation's status to that of its reasons.
func TestTheFailClosedTableIsTrue(t *testing.T) {
	named := map[string]bool{}
	for _, row := range document(t, securityPage).table(t, "| situation |") {
		for _, name := range codes(row[2]) {
			named[name] = true
			prefix, all := strings.CutSuffix(name, "…")
			found := false
			for c := range reason.Code(reason.Count) {
				if c.String() != name && (!all || !strings.HasPrefix(c.String(), prefix)) {
					continue
				}
				found, named[c.String()] = true, true
				if strconv.Itoa(c.Status()) != row[1] {
					t.Errorf("%s: %v has status %d, and the table says %s", row[0], c, c.Status(), row[1])
				}
			}
			if !found {
				t.Errorf("%s: there is no reason %s", row[0], name)
			}
		}
	}
	for c := range reason.Code(reason.Count) {
		if !c.Granted() && !named[c.String()] {
			t.Errorf("no situation in %s has the reason %v", securityPage, c)
		}
	}
}

func TestEveryMetricIsDocumented(t *testing.T) {
	m := metrics.New(metrics.Config{
		Version: "v0", Ready: func() bool { return true }, InFlight: func() int64 { return 0 },
		Records: func() record.Counts { return record.Counts{} },
		Bundles: func() []metrics.Bundle { return []metrics.Bundle{{TrustDomain: "shop.test"}} },
		Keys:    func() []metrics.Keys { return []metrics.Keys{{Provider: "shop-idp", Had: time.Now()}} },
		Revoked: func() []metrics.Revoked { return []metrics.Revoked{{Kind: "callers"}} },
		Secrets: func() metrics.Secrets { return metrics.Secrets{} },
	})
	m.Decided(&policy.Decision{Shadow: &policy.Verdict{Allow: true}}, 0)
	m.PolicyLoaded("digest", time.Now())
	families, err := m.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	var documented, real []string
	for _, row := range document(t, operationsPage).table(t, "| metric | labels |") {
		documented = append(documented, codes(row[0])[0]+" "+strings.Join(slices.Sorted(slices.Values(codes(row[1]))), " "))
	}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "postern_") {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		slices.Sort(labels)
		real = append(real, f.GetName()+" "+strings.Join(labels, " "))
	}
	same(t, "the table of metrics", documented, real)
}

// TestEveryFieldOfARecordIsDocumented writes a record that has all of them.
func TestEveryFieldOfARecordIsDocumented(t *testing.T) {
	set, q := decided(t)
	d := set.Decide(q)
	d.Shadow = &policy.Verdict{Reason: reason.DeniedByRule}
	var out bytes.Buffer
	w := record.NewWriter(&out, record.Options{})
	w.Record(&record.Record{
		Time: q.Time, RequestID: "id", Decision: d, PolicyDigest: "digest", RevocationDigest: "digest", Caller: q.Caller,
		User: q.Credential.User, Method: "GET", Host: "orders.shop.test", Detail: "detail",
	})
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var documented, real []string
	for _, row := range document(t, operationsPage).table(t, "| field | |") {
		documented = append(documented, codes(row[0])...)
	}
	var members map[string]any
	if err := json.Unmarshal(out.Bytes(), &members); err != nil {
		t.Fatal(err)
	}
	for name := range members {
		real = append(real, name)
	}
	same(t, "the table of a record's fields", documented, real)
}

// decided returns a policy and a request that its rule allows.
func decided(t *testing.T) (*policy.Set, *policy.Request) {
	t.Helper()
	q := requestOf(t, "GET /customers/1/orders/2")
	q.Caller = identity.AssertedCaller(spiffeid.RequireFromString("spiffe://shop.test/ns/shop/sa/web"))
	q.Credential = identity.Credential{Presented: true, Reason: reason.Allowed, User: &identity.User{
		Provider: "shop-idp", Subject: "ada", Client: "web", Scopes: []string{"orders:read"},
		Bound: identity.BoundMTLS, Actors: []identity.Actor{{Subject: "web"}},
	}}
	set := compiled(t, "name: orders,", "spiffe://shop.test/ns/shop/sa/orders")
	if !set.Decide(q).Allow {
		t.Fatalf("the first policy of %s denies the request that it is about: %v", policyPage, set.Decide(q).Reason)
	}
	return set, q
}

// TestEveryFlagIsDocumented compares with what serve itself says.
func TestEveryFlagIsDocumented(t *testing.T) {
	var documented, real []string
	for _, row := range document(t, operationsPage).table(t, "| flag of `postern serve` |") {
		value := "-"
		if given := codes(row[1]); len(given) > 0 && !strings.HasPrefix(given[0], "$") {
			value = given[0]
		}
		documented = append(documented, codes(row[0])[0]+" = "+value)
	}
	for name, value := range flags(t, "serve") {
		real = append(real, "--"+name+" = "+value)
	}
	same(t, "the table of flags", documented, real)
}

// flags returns the flags of a command with their defaults, "-" for none.
func flags(t *testing.T, command ...string) map[string]string {
	t.Helper()
	out, err := exec.Command(postern.Binary(t), append(command, "--help")...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	all := map[string]string{}
	for _, found := range regexp.MustCompile(`(?m)^ {2,6}(?:-\w, )?--([a-z-]+)(?: \S+)?  +(.*)$`).FindAllStringSubmatch(string(out), -1) {
		value := "-"
		if given := regexp.MustCompile(`\(default "?(.*?)"?\)$`).FindStringSubmatch(found[2]); given != nil {
			value = strings.TrimSuffix(strings.TrimSuffix(given[1], "0s"), "0m") // 24h and not 24h0m0s
		}
		if found[1] != "help" {
			all[found[1]] = value
		}
	}
	return all
}
