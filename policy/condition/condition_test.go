package condition_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/condition"
)

var params = []condition.Param{{Name: "id", Segment: 1}, {Name: "rest", Segment: 2, Rest: true}}

const claims = `{"text":"a","n":3,"f":2.5,"whole":3.0,"big":9007199254740993,"huge":18446744073709551616,"vast":1e999,
"yes":true,"nothing":null,"list":["a","b"],"mixed":["a",1],"numbers":[1,2],"deep":{"er":{"est":"x"}},"empty":[],"object":{}}`

// request is what every case is about, unless it says otherwise.
func request(t testing.TB) *condition.Input {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(claims))
	d.UseNumber()
	var all map[string]any
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	headers := map[string][]string{"x-team": {"red", "blue"}, "x-bad": {"\xff"}}
	return &condition.Input{
		Method: "GET", Host: "orders.shop.test", ID: "id-1", Path: []string{"orders", "7", "a", "b", ""},
		Query: "a=1&b=x%20y+z&a=2&%63=3&flag", Time: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC),
		HeaderValues: func(name string) []string { return headers[name] },
		Caller:       identity.ProvenCaller(spiffeid.RequireFromString("spiffe://shop.test/ns/shop/sa/web"), [32]byte{1}),
		User: &identity.User{
			Provider: "shop-idp", Subject: "alice", Scopes: []string{"read", "write"}, Audiences: []string{"api"},
			AuthTime: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), Claims: all,
		},
		Source: netip.MustParseAddr("::ffff:10.1.2.3"),
	}
}

func compile(t testing.TB, text string) *condition.Condition {
	t.Helper()
	c, err := condition.NewCompiler().Compile(text, params)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

const (
	yes    = "true"
	no     = "false"
	failed = "error"
)

func outcome(c *condition.Condition, in *condition.Input) string {
	switch holds, err := c.Eval(in); {
	case err != nil && holds:
		return "true with an error"
	case err != nil:
		return failed
	case holds:
		return yes
	default:
		return no
	}
}

func TestEval(t *testing.T) {
	in := request(t)
	for _, tc := range []struct{ text, want string }{
		{`request.method == "GET"`, yes},
		{`request.host == "orders.shop.test"`, yes},
		{`request.path == ["orders", "7", "a", "b", ""]`, yes},
		{`size(request.path) == 5 && request.id == "id-1"`, yes},
		{`request.time < timestamp("2026-11-22T09:30:01Z")`, yes},
		{`request.time.getHours() == 9 && request.time.getHours("Europe/Berlin") == 10 && request.time.getHours("-01:00") == 8`, yes},
		{`request.time - user.auth_time <= duration("30m")`, yes},
		{`params.id == "7" && params.rest == ["a", "b", ""]`, yes},
		{`caller.id == "spiffe://shop.test/ns/shop/sa/web"`, yes},
		{`caller.trust_domain == "shop.test" && caller.segments[1] == "shop"`, yes},
		{`user.provider == "shop-idp" && user.subject == "alice"`, yes},
		{`"read" in user.scopes && !("admin" in user.roles) && size(user.amr) == 0 && user.audiences == ["api"]`, yes},
		{`user.client == "x"`, failed}, {`user.acr == "x"`, failed},
		{`cidr("10.0.0.0/8").containsIP(source.ip)`, yes}, {`source.ip == ip("10.1.2.3")`, yes}, {`source.ip.family() == 4`, yes},
		{`header("x-team") == ["red", "blue"]`, yes}, {`header("x-none") == []`, yes},
		{`header("x-team").exists(t, t == "red")`, yes}, {`header("x-team").all(t, t == "red")`, no},
		{`header("x-bad").exists(t, t == "a")`, failed}, {`size(header("x-bad")) == 1`, failed},
		{`query("a") == ["1", "2"] && query("b") == ["x y z"] && query("c") == ["3"] && query("flag") == [""] && query("z") == []`, yes},

		// Claims: another type is an error in every comparison, on either side.
		{`user.claims.text == "a"`, yes}, {`"a" == user.claims.text`, yes}, {`user.claims.text != "b"`, yes},
		{`user.claims.text == 1`, failed}, {`user.claims.text != 1`, failed}, {`1 != user.claims.text`, failed}, {`!(user.claims.text == 1)`, failed},
		{`user.claims.n == 3`, yes}, {`user.claims.n == "3"`, failed}, {`user.claims.n != "3"`, failed}, {`user.claims.n > 2`, yes}, {`user.claims.n >= "2"`, failed},
		{`user.claims.n == 3.0`, yes}, {`user.claims.whole == 3`, yes}, {`user.claims.f > 2`, yes}, {`user.claims.f < user.claims.n`, yes},
		{`user.claims.big == 9007199254740993`, yes}, {`user.claims.big == 9007199254740992`, no}, {`user.claims.big > 9007199254740992`, yes},
		{`user.claims.big == 9007199254740992.0`, failed}, {`user.claims.big > 1.0`, failed},
		{`user.claims.huge > 0`, failed}, {`user.claims.huge != 0`, failed}, {`user.claims.vast > 0.0`, failed}, {`has(user.claims.huge)`, yes},
		{`user.claims.yes == true`, yes}, {`user.claims.yes == "true"`, failed}, {`user.claims.yes != "true"`, failed},
		{`user.claims.nothing == null`, yes}, {`user.claims.nothing == "a"`, failed}, {`user.claims.text == null`, failed}, {`user.claims.text != null`, failed},
		{`user.claims.list == ["a", "b"]`, yes}, {`user.claims.list == ["a"]`, no}, {`user.claims.list == ["a", 1]`, failed}, {`user.claims.list != [1, 2]`, failed},
		{`user.claims.object == {}`, yes}, {`user.claims.deep.er == {"est": "x"}`, yes}, {`user.claims.deep.er == {"est": 1}`, failed}, {`user.claims.deep.er == {"other": 1}`, no},
		{`user.claims.deep.er.est == "x" && user.claims["deep"]["er"]["est"] == "x"`, yes},
		{`"a" in user.claims.list`, yes}, {`"c" in user.claims.list`, no}, {`1 in user.claims.list`, failed}, {`"c" in user.claims.mixed`, failed}, {`"a" in user.claims.mixed`, yes},
		{`"a" in user.claims.text`, failed}, {`"a" in user.claims.empty`, no}, {`"er" in user.claims.deep`, yes}, {`1 in user.claims.deep`, failed},
		{`user.claims.text in ["a", "b"]`, yes}, {`user.claims.text in ["b"]`, no}, {`user.claims.n in ["b"]`, failed}, {`user.claims.n in [1, 2]`, no},
		{`user.claims.none == "a"`, failed}, {`user.claims.none != "a"`, failed}, {`user.claims.text.none == "a"`, failed}, {`user.claims.deep.none == "a"`, failed},
		{`user.claims.nothing.x == 1`, failed}, {`user.claims.list[5] == "a"`, failed}, {`user.claims.list[0] == "a"`, yes}, {`user.claims.list["a"] == "a"`, failed},
		{`has(user.claims.text) && !has(user.claims.none) && has(user.claims.deep.er)`, yes}, {`has(user.claims.text.none)`, no},
		{`user.claims.?none.orValue("x") == "x" && user.claims.?text.orValue("x") == "a"`, yes}, {`user.claims.?n.orValue("x") == "x"`, failed},
		{`user.claims.?none.hasValue()`, no}, {`user.claims.?text == optional.of("a")`, yes}, {`user.claims.?none == optional.none()`, yes}, {`user.claims.?text == optional.of(1)`, failed},
		{`user.claims.list.exists(x, x == "b")`, yes}, {`user.claims.mixed.exists(x, x == "z")`, failed}, {`user.claims.mixed.all(x, x != "z")`, failed},
		{`user.claims.deep.exists(k, k == "er")`, yes}, {`user.claims.text.startsWith("a")`, yes}, {`user.claims.n.startsWith("a")`, failed},
		{`user.claims.text.matches("^a$")`, yes}, {`user.claims.n + 1 == 4`, yes}, {`user.claims.text + 1 == 4`, failed}, {`int(user.claims.f) == 2`, yes},
		{`user.claims.n / 0 == 1`, failed}, {`user.claims.n + 9223372036854775807 > 0`, failed}, {`type(user.claims.n) == int`, yes}, {`user.claims.yes`, "load"},

		// An error is absorbed where the result does not depend on it.
		{`user.claims.none == 1 || true`, yes}, {`true || user.claims.none == 1`, yes}, {`user.claims.none == 1 && false`, no}, {`false && user.claims.none == 1`, no},
		{`user.claims.none == 1 || false`, failed}, {`user.claims.none == 1 && true`, failed}, {`user.claims.none == 1 ? true : true`, failed},
	} {
		if tc.want == "load" {
			if c, err := condition.NewCompiler().Compile(tc.text, params); err == nil {
				t.Errorf("%s is compiled: %v", tc.text, c)
			}
			continue
		}
		if got := outcome(compile(t, tc.text), in); got != tc.want {
			_, err := compile(t, tc.text).Eval(in)
			t.Errorf("%s is %s (%v), want %s", tc.text, got, err, tc.want)
		}
	}
}

// TestMissing has requests that lack what conditions read: that is an error, and nothing helps.
func TestMissing(t *testing.T) {
	for _, text := range []string{
		`user.subject != "mallory"`, `user.claims != {}`, `has(user.claims.x)`, `!has(user.claims.x)`, `user.claims.?x.orValue("a") == "a"`, `size(user.scopes) == 0`, `!("a" in user.roles)`,
		`caller.id != "x"`, `size(caller.segments) >= 0`, `caller.trust_domain != "x"`, `!cidr("10.0.0.0/8").containsIP(source.ip)`, `source.ip != ip("10.0.0.1")`,
		`params.id != "x"`, `size(params.rest) >= 0`, `request.time > timestamp("1970-01-01T00:00:00Z")`, `size(header("x-team")) == 0`,
	} {
		if got := outcome(compile(t, text), &condition.Input{Method: "GET"}); got != failed {
			t.Errorf("%s is %s where there is nothing", text, got)
		}
	}
	in := request(t)
	in.User = nil
	for text, want := range map[string]string{
		`request.method == "GET" || user.subject == "a"`: yes, `request.method == "PUT" && user.subject == "a"`: no, `request.method == "GET" && user.subject == "a"`: failed,
	} {
		if got := outcome(compile(t, text), in); got != want {
			t.Errorf("%s is %s without a user, want %s", text, got, want)
		}
	}
	var zero condition.Condition
	if holds, err := zero.Eval(in); holds || err == nil {
		t.Errorf("the zero Condition holds: %v, %v", holds, err)
	}
	if holds, err := compile(t, "true").Eval(nil); holds || err == nil {
		t.Errorf("nothing holds: %v, %v", holds, err)
	}
}

func TestQueryInTwoReadings(t *testing.T) {
	c := compile(t, `query("a") == ["1"]`)
	for query, want := range map[string]string{
		"a=1": yes, "a=%31": yes, "%61=1": yes, "": no, "a": no, "a=1&": yes, "&&a=1": yes, "a=1&b": yes, "a=1;b=2": failed, "b;c&a=1": failed,
		"a=1&b=%": failed, "a=1&b=%zz": failed, "%zz=1&a=1": failed, "a=1&b=%ff": failed, "a=%00": no, "a=1=1": no,
		strings.Repeat("a=1&", 127) + "b=1": no, strings.Repeat("b=1&", 127) + "a=1": yes, strings.Repeat("b=1&", 128) + "a=1": failed,
	} {
		in := request(t)
		in.Query = query
		if got := outcome(c, in); got != want {
			t.Errorf("%.40q is %s, want %s", query, got, want)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{`request.metod == "GET"`, "1:1: unknown variable request.metod: did you mean request.method?"},
		{`true && request.foo == "GET"`, "1:9: unknown variable request.foo: there are request.method, request.host, request.path, request.id, request.time"},
		{`params.idd == "7"`, "1:1: the path has no variable idd: it has params.id, params.rest"},
		{`x == 1`, "1:1: unknown variable x: there are request, params, caller, user, source, header(…) and query(…)"},
		{`user == "alice"`, "1:1: user is read by its fields: user.provider, user.subject, "},
		{"true &&\n  request.method == 3", "2:18: == is not for (string, int)"},
		{`user.roles == "admin"`, "1:12: == is not for (list(string), string)"},
		{`"x" in "xyz"`, "1:5: in is not for (string, string)"},
		{`request.method`, "1:1: a condition is true or false: this is a string"},
		{`user.claims.admin`, "1:1: a condition is true or false, and what this is only the request shows: compare it, as in … == true"},
		{`header(request.method) == []`, `1:8: header takes a name in quotes`},
		{`header("X-Team") == []`, `1:8: names of headers are lower case: write "x-team"`},
		{`header("authorization") == []`, "1:8: authorization holds credentials"},
		{`header("cookie") == []`, "1:8: cookie holds credentials"},
		{`header("host") == []`, "1:8: read request.host"},
		{`header(":path") == []`, "1:8: \":path\" is no header"},
		{`header("x-postern-user") == []`, "1:8: x-postern-user is for the service behind Postern"},
		{`header("x-forwarded-client-cert") == []`, "1:8: x-forwarded-client-cert can be forged"},
		{`header("a b") == []`, "1:8: \"a b\" is no name of a header"},
		{`header() == []`, "header takes one name in quotes"},
		{`query("") == []`, "1:7: a parameter of a query has a name"},
		{`query(params.id) == []`, "1:7: query takes a name in quotes"},
		{`request.method.matches(params.id)`, "1:24: the pattern of matches is written out in quotes"},
		{`request.method.matches("(")`, "invalid matches argument"},
		{`request.method.matches("(a{100}){10}")`, "1:24: this pattern compiles to 1022 instructions"},
		{`request.time.getHours(params.id) == 1`, "1:23: a time zone is written out in quotes"},
		{`request.time.getHours("Europe/Berln") == 1`, `1:23: there is no time zone "Europe/Berln"`},
		{`request.time > timestamp("yesterday")`, "invalid timestamp argument"},
		{`request.time - request.time > duration("1x")`, "invalid duration argument"},
		{`cidr("10.0.0.0/33").containsIP(source.ip)`, "cidr"},
		{`@request == 1`, "Syntax error"},
		{`request.method ==`, "1:18: Syntax error"},
		{``, "Syntax error"},
		{strings.Repeat("(", 100) + "true" + strings.Repeat(")", 100), "recursion"},
		{strings.Repeat("true && ", 500) + "true", ""},
		{`"` + strings.Repeat("x", 4096) + `" == "x"`, "1:1: this condition has 4105 bytes: at most 4096 are read"},
		{`user.claims.a.exists(x, user.claims.b.exists(y, user.claims.c.exists(z, x == y && y == z)))`, "1:1: this condition could cost"},
		{"\xff", ""},
	} {
		_, err := condition.NewCompiler().Compile(tc.text, params)
		if tc.want == "" {
			continue // whatever it says, it does not panic
		}
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%.60s: %v, want %s", tc.text, err, tc.want)
		}
	}
}

func TestReads(t *testing.T) {
	c := compile(t, `user.claims.a == params.id && header("x-b").exists(v, v == "1") && size(header("x-a")) > 0 && header("x-a") != [] && caller.id == "x"`)
	if got := c.Headers(); !slices.Equal(got, []string{"x-a", "x-b"}) {
		t.Errorf("headers %v", got)
	}
	if got := c.Variables(); !slices.Equal(got, []string{"caller.id", "params.id", "user.claims"}) || !c.ReadsUser() {
		t.Errorf("variables %v", got)
	}
	if compile(t, "params.id == caller.id").ReadsUser() {
		t.Error("it reads no user")
	}
	compiler := condition.NewCompiler()
	a, _ := compiler.Compile("true", nil)
	b, _ := compiler.Compile("true", nil)
	if a != b || a.Text() != "true" || a.Cost() > 10 {
		t.Errorf("two equal conditions are %p and %p, of cost %d", a, b, a.Cost())
	}
}

func TestObserve(t *testing.T) {
	in := request(t)
	c := compile(t, `user.claims.text == params.id && header("x-team").exists(v, v == "red") || user.claims.none > 3`)
	var got []string
	for _, o := range c.Observe(in) {
		got = append(got, fmt.Sprintf("%d:%d %s = %s%s", o.Line, o.Column, o.Expression, o.Value, o.Err))
	}
	want := []string{
		`1:18 user.claims.text == params.id = false`,
		`1:1 user.claims.text = "a"`,
		`1:21 params.id = "7"`,
		`1:93 user.claims.none > 3 = no such key: none`,
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%s is not among\n%s", w, strings.Join(got, "\n"))
		}
	}
	if slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "x-team") }) {
		t.Errorf("a part that was not evaluated is shown: %q", got)
	}
}

// TestHostileData holds that what is too large to be looked at is an error, wherever it comes from,
// and what is just not is looked at.
func TestHostileData(t *testing.T) {
	just, over := hostile(t), hostile(t)
	long := strings.Repeat("a", 4097)
	over.User.Subject, over.Method, over.Path = long, long, []string{"orders", long, "a"}
	over.User.Roles = slices.Repeat([]string{"a"}, 257)
	over.User.Claims = map[string]any{"text": long, "a": slices.Repeat([]any{"a"}, 257), "b": []any{long}, "deep": []any{slices.Repeat([]any{"a"}, 200), slices.Repeat([]any{"a"}, 200)}}
	over.HeaderValues = func(string) []string { return []string{long} }
	for _, text := range []string{
		`user.subject != "b"`, `user.claims.text != "b"`, `!user.claims.text.matches("b")`, `size(header("x-long")) < 9`, `!("b" in user.claims.a)`, `!("b" in user.roles)`,
		`user.claims.a.all(x, x != "b")`, `user.roles.all(x, x != "b")`, `user.claims.b.all(x, x != "b")`, `params.id != "b"`, `request.method != "b"`,
	} {
		if got := outcome(compile(t, text), over); got != failed {
			t.Errorf("%s is %s of what is too large", text, got)
		}
	}
	if got := outcome(compile(t, `user.claims.deep == user.claims.deep`), over); got != failed {
		t.Errorf("a comparison of 400 parts is %s", got)
	}
	for _, text := range []string{`user.subject != "b"`, `!user.claims.text.matches("b")`, `user.claims.a.all(x, x != "b")`, `!("b" in user.roles)`} {
		if got := outcome(compile(t, text), just); got != yes {
			t.Errorf("%s is %s of what is just not too large", text, got)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, text := range []string{`user.claims.a == params.id`, `header("x").exists(v, v in ["a"])`, `query("a")[0].matches("^a+$")`, "(((", `{"a": [1, 2.0]}.a == user.claims.?b.orValue([])`} {
		f.Add(text)
	}
	in := request(f)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := condition.NewCompiler().Compile(text, params)
		if (c == nil) == (err == nil) {
			t.Fatalf("%v with the error %v", c, err)
		}
		if err != nil {
			if len(err.Error()) > 8<<10 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		before := fmt.Sprint(in.User.Claims)
		first, second := outcome(c, in), outcome(c, in)
		if first != second || fmt.Sprint(in.User.Claims) != before {
			t.Fatalf("%s and %s", first, second)
		}
		c.Observe(in)
	})
}

func BenchmarkCompile(b *testing.B) {
	compiler := condition.NewCompiler()
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		if _, err := compiler.Compile(fmt.Sprintf("user.claims.customer_id == params.id && user.claims.level >= %d", n), params); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	in := request(b)
	for name, text := range map[string]string{
		"text": `request.method == "GET"`, "claim": `user.claims.text == params.id`, "header": `header("x-team").exists(v, v == "blue")`,
		"query": `query("a") == ["1", "2"]`, "time": `request.time.getHours("Europe/Berlin") >= 8`, "source": `cidr("10.0.0.0/8").containsIP(source.ip)`,
		"regex": `request.host.matches("^[a-z]+\\.shop\\.test$")`, "no-user": `user.claims.none == 1`,
	} {
		b.Run(name, func(b *testing.B) {
			c := compile(b, text)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = c.Eval(in)
			}
		})
	}
}

// hostile is the most that a request can bring and still be looked at.
func hostile(t testing.TB) *condition.Input {
	in := request(t)
	many := make([]any, 256)
	for i := range many {
		many[i] = strings.Repeat("a", 4000) + fmt.Sprint(i)
	}
	long := strings.Repeat("a", 4096)
	in.User = &identity.User{Provider: "p", Subject: long, Roles: slices.Repeat([]string{long}, 256), Claims: map[string]any{"a": many, "b": slices.Clone(many), "text": long}}
	return in
}

// BenchmarkHostile has the most that a policy and a request together can cost.
func BenchmarkHostile(b *testing.B) {
	in := hostile(b)
	for name, text := range map[string]string{
		"loop":        `user.claims.a.exists(x, x == "y")`,
		"loops":       strings.Repeat(`user.claims.a.exists(x, x == user.subject) || `, 60) + "false",
		"loop-and-in": `user.claims.a.exists(x, x in user.roles)`,
		"pattern":     `user.claims.text.matches("^(a|aa)+(a?){60}$")`,
		"patterns":    strings.Repeat(`user.claims.text.matches("^(a|aa)+b$") || `, 20) + "false",
		"contains":    strings.Repeat(`user.subject.contains("aaaaaaaaaaaaaaaaaaaaaaaaab") || `, 60) + "false",
		"compare":     strings.Repeat(`user.claims.a == user.claims.b && `, 100) + "true",
		"in":          strings.Repeat(`"y" in user.claims.a || `, 150) + "false",
		"concatenate": "user.subject" + strings.Repeat(` + user.subject`, 150) + ` == "a"`,
	} {
		b.Run(name, func(b *testing.B) {
			c, err := condition.NewCompiler().Compile(text, params)
			if err != nil {
				b.Skipf("refused when it is loaded: %v", err)
			}
			for b.Loop() {
				_, _ = c.Eval(in)
			}
			b.ReportMetric(float64(c.Cost()), "estimated")
		})
	}
}

func ExampleCondition_Eval() {
	c, err := condition.NewCompiler().Compile("user.claims.customer_id == params.id", []condition.Param{{Name: "id", Segment: 1}})
	if err != nil {
		panic(err)
	}
	fmt.Println(c.Eval(&condition.Input{
		Path: []string{"customers", "7"},
		User: &identity.User{Provider: "shop-idp", Subject: "alice", Claims: map[string]any{"customer_id": "7"}},
	}))
	// Output: true <nil>
}
