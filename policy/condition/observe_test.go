package condition_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/condition"
)

func TestObserve(t *testing.T) {
	for text, want := range map[string]string{
		`request.method == "GET"`: `
			1:1 request.method = "GET"
			1:1 request.method == "GET" = true`,
		`user.claims.customer_id == params.customer_id`: `
			1:1 user.claims.customer_id = "c-1"
			1:1 user.claims.customer_id == params.customer_id = true
			1:28 params.customer_id = "c-1"`,
		"request.method == \"POST\" &&\n  user.claims.level > 2": `
			1:1 request.method = "GET"
			1:1 request.method == "POST" = false`,
		"request.method == \"GET\" &&\n  user.claims.level > 2": `
			1:1 request.method = "GET"
			1:1 request.method == "GET" = true
			2:3 user.claims.level = 3
			2:3 user.claims.level > 2 = true`,
		`user.claims.missing == 1 || false`: `
			1:1 user.claims.missing ! there is no missing
			1:1 user.claims.missing == 1 ! there is no missing`,
		`user.claims.digits == 5`: `
			1:1 user.claims.digits = "5"
			1:1 user.claims.digits == 5 ! cannot compare string with int`,
		`user.claims.deep.x["y"][0] == "z"`: `
			1:1 user.claims.deep.x["y"][0] = "z"
			1:1 user.claims.deep.x["y"][0] == "z" = true`,
		`user.claims[params.customer_id] == 1`: `
			1:1 user.claims[params.customer_id] ! there is no c-1
			1:1 user.claims[params.customer_id] == 1 ! there is no c-1`,
		`header("x-tenant")[0] == "blue" && query("tag") == ["a"]`: `
			1:1 header("x-tenant")[0] = "blue"
			1:1 header("x-tenant")[0] == "blue" = true
			1:36 query("tag") = ["a", "b c", "é"]
			1:36 query("tag") == ["a"] = false`,
		`has(user.claims.level) && user.claims.?missing.orValue(1) == 1`: `
			1:1 has(user.claims.level) = true
			1:27 user.claims.?missing = optional.none()
			1:27 user.claims.?missing.orValue(1) == 1 = true`,
		`user.roles.exists(r, r == "admin" && user.acr == "mfa")`: `
			1:1 user.roles = ["support", "admin"]
			1:1 user.roles.exists(r, r == "admin" && user.acr == "mfa") = true
			1:38 user.acr = "mfa"
			1:38 user.acr == "mfa" = true`,
		`user.roles.exists_one(r, r.startsWith("s"))`: `
			1:1 user.roles = ["support", "admin"]
			1:1 user.roles.exists_one(r, r.startsWith("s")) = true`,
		`cidr("10.0.0.0/8").containsIP(source.ip)`: `
			1:1 cidr("10.0.0.0/8").containsIP(source.ip) = true
			1:31 source.ip = 10.1.2.3`,
		`request.time.getHours("Europe/Berlin") >= 8`: `
			1:1 request.time = timestamp("2027-01-31T22:30:00Z")
			1:1 request.time.getHours("Europe/Berlin") >= 8 = true`,
		`"é" != "" && request.host.matches("^shop")`: `
			1:1 "é" != "" = true
			1:15 request.host = "shop.test"
			1:15 request.host.matches("^shop") = true`,
		`(request.method in ["GET", "HEAD"])`: `
			1:2 request.method = "GET"
			1:2 request.method in ["GET", "HEAD"] = true`,
	} {
		var lines []string
		for _, o := range compile(t, text).Observe(valid()) {
			line := fmt.Sprintf("%d:%d %s = %s", o.Line, o.Column, o.Expression, o.Value)
			if o.Err != "" {
				line = fmt.Sprintf("%d:%d %s ! %s", o.Line, o.Column, o.Expression, o.Err)
				if o.Value != "" {
					t.Errorf("%s: both a value and an error: %+v", text, o)
				}
			}
			lines = append(lines, line)
		}
		got := strings.Join(lines, "\n")
		if want = strings.ReplaceAll(strings.TrimSpace(want), "\t", ""); got != want {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", text, got, want)
		}
	}
}

// TestObservationsAreShort holds that nothing a request brings makes an explanation long.
func TestObservationsAreShort(t *testing.T) {
	in := valid()
	in.User.Subject = strings.Repeat("é\"", 50_000)
	in.User.Claims["groups"] = strings.Split(strings.Repeat("abc,", 10_000), ",")
	for _, text := range []string{`user.subject == "x"`, `user.claims.groups == []`, `user.claims == {}`, `user.subject + user.subject == "x"`, `int(user.subject) == 1`} {
		seen := compile(t, text).Observe(in)
		if len(seen) == 0 {
			t.Errorf("%s: nothing is seen", text)
		}
		for _, o := range seen {
			if len(o.Value) > 200 || len(o.Err) > 400 {
				t.Errorf("%s: %d bytes of value, %d of error", text, len(o.Value), len(o.Err))
			}
		}
	}
}

// TestObserveAgrees holds that what Observe says of the whole is what Eval says.
func TestObserveAgrees(t *testing.T) {
	for _, in := range []*condition.Input{valid(), {}, {User: &identity.User{Provider: "p"}}} {
		for _, text := range []string{
			`user.claims.level == 3`, `user.claims.customer_id in ["c-1"]`, `user.roles.exists(r, r == "admin")`,
			`has(user.claims.level)`, `request.path.all(p, p != "")`, `user.claims.groups.exists(g, g == 1)`,
			`header("x-bad") == []`, `source.ip == ip("10.1.2.3")`,
		} {
			c := compile(t, text)
			holds, err := c.Eval(in)
			for _, o := range c.Observe(in) {
				if o.Expression == text && (o.Err != "") != (err != nil) || o.Expression == text && err == nil && o.Value != fmt.Sprint(holds) {
					t.Errorf("%s is %v, %v; seen as %+v", text, holds, err, o)
				}
			}
		}
	}
}

// TestObserveNobodyWhoActs: it says of an actor that is not there what that means.
func TestObserveNobodyWhoActs(t *testing.T) {
	for text, want := range map[string]string{
		`user.actors[0].subject == "x"`: "nobody acts for the user: the token has no act",
		`user.actors[1].subject == "x"`: "index out of bounds: 1",
	} {
		c, err := condition.NewCompiler().Compile(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		seen := c.Observe(&condition.Input{User: &identity.User{Provider: "shop-idp", Subject: "alice"}})
		if len(seen) == 0 || seen[0].Err != want {
			t.Errorf("%s: %+v", text, seen)
		}
	}
}
