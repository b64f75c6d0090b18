package condition_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/postern/postern/policy/condition"
)

// TestFaults has every way to write a condition that cannot work, and what is said of it.
func TestFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// Names.
		{`request.metod == "GET"`, `1:1: unknown variable request.metod: did you mean request.method?`},
		{`true && request.metod == "GET"`, `1:9: unknown variable request.metod: did you mean request.method?`},
		{"true &&\n  request.metod == \"GET\"", `2:3: unknown variable request.metod: did you mean request.method?`},
		{"\"ü\" == \"ü\" && request.metod == \"GET\"", `1:17: unknown variable request.metod: did you mean request.method?`},
		{`user.email == "x"`, `1:1: unknown variable user.email: a claim is written user.claims.email`},
		{`user.groups == []`, `1:1: unknown variable user.groups: write user.roles or user.claims.groups`},
		{`user.bound == "mtls"`, `1:1: unknown variable user.bound: what a credential is bound to is no matter of conditions: write bound: mtls beside the provider, in the rule's user`},
		{`user.actor.subject == "x"`, `1:1: unknown variable user.actor: who acts for the user now is user.actors[0].subject`},
		{`user.act.sub == "x"`, `1:1: unknown variable user.act: who acts for the user now is user.actors[0].subject`},
		{`user.actors[0].sub == "x"`, `1:15: an actor has no sub: did you mean subject?`},
		{`user.actors[0].subjects == "x"`, `1:15: an actor has no subjects: did you mean subject?`},
		{`has(user.actors[0].act)`, `an actor has no act: there are subject, issuer and client`},
		{`user.actors.subject == "x"`, `1:1: list(map(string, string)) has no fields: the one who acts for the user now is user.actors[0].subject`},
		{`user.actors[0] == "x"`, `1:16: == cannot be between map(string, string) and string: the one who acts for the user now is user.actors[0].subject`},
		{`user.actors == "x"`, `1:13: == cannot be between list(map(string, string)) and string: the one who acts for the user now is user.actors[0].subject`},
		{`"x" in user.actors`, `1:5: string cannot be in list(map(string, string)): the one who acts for the user now is user.actors[0].subject`},
		{`caller.id in user.actors`, `1:11: string cannot be in list(map(string, string)): the one who acts for the user now is user.actors[0].subject`},
		{`user.actors[0].subject == 1`, `1:24: == cannot be between string and int`},
		{`caller.spiffe_id == "x"`, `1:1: unknown variable caller.spiffe_id: there are caller.id, caller.trust_domain and caller.segments`},
		{`request.headers["x-a"] == "1"`, `1:1: unknown variable request.headers: a header is read with header("x-name")`},
		{`request.query.a == "1"`, `1:1: unknown variable request.query: a parameter of the query is read with query("name")`},
		{`now > request.time`, `1:1: unknown variable now: the time is request.time`},
		{`method == "GET"`, `1:1: unknown variable method: there are request, params, caller, user and source`},
		{`params.customer == "x"`, `1:1: unknown variable params.customer: the path has params.customer_id and params.file`},
		{`params == "x"`, `1:1: params has no value of its own: the path has params.customer_id and params.file`},
		{`source == "x"`, `1:1: source has no value of its own: write source.ip`},
		{`caller["id"] == "x"`, `1:1: caller has no value of its own: write caller.id, caller.trust_domain and caller.segments`},
		{`has(user.acr)`, `1:1: has() asks about a claim, as in has(user.claims.department): user.acr is no claim`},
		{`has(user.claims)`, `1:1: has() asks about a claim, as in has(user.claims.department): user.claims is no claim`},
		{`has(params.customer_id)`, `1:1: has() asks about a claim, as in has(user.claims.department): params.customer_id is no claim`},
		{`user.?acr.orValue("") == ""`, `1:1: only a claim can be asked for with .?, as in user.claims.?department: user has none`},
		{`user[?"acr"].orValue("") == ""`, `1:1: user has no value of its own: write user.provider, `},
		{`["a"].all(user, user == "a")`, `1:7: user stands for the variables that every condition has: choose another name`},
		{`["a"].all(x, x == y)`, `1:19: unknown variable y: there are request, params, caller, user and source`},
		{`["a"].all(x, true) && x == "a"`, `1:23: unknown variable x: there are`},
		{`a == 1 && b == 2`, "1:1: unknown variable a: there are request, params, caller, user and source\n1:11: unknown variable b: there are"},
		{`user.subject.startWith("a")`, `1:14: unknown function startWith(): did you mean startsWith()?`},
		{`user.subject.lowerAscii() == "a"`, `1:14: unknown function lowerAscii()`},
		{`user.roles.any(r, r == "a")`, `1:12: unknown function any()`},
		{`user.roles.exists(r)`, `1:12: unknown function exists(): it follows a list, as in list.exists(x, x.startsWith("a"))`},
		{`has(user.claims.x, 1)`, `1:1: unknown function has(): it takes a claim, as in has(user.claims.department)`},
		{`optional.maybe(1) == 1`, `1:1: unknown variable optional`},
		{`Foo{a: 1} == Foo{a: 1}`, `1:1: there are no messages here: write a map, as in {"key": value}`},
		{`google.protobuf.Timestamp{seconds: 1} < request.time`, `there are no messages here`},

		// Types.
		{`user.subject == 1`, `1:14: == cannot be between string and int`},
		{`user.subject != 1`, `1:14: != cannot be between string and int`},
		{`1 < 2.0`, `1:3: < cannot be between int and double`},
		{`"a" + 1 == "a1"`, `1:5: + cannot be between string and int`},
		{`1 in user.roles`, `1:3: int cannot be in list(string)`},
		{`"a" in user.subject`, `1:5: string cannot be in string`},
		{`!user.subject`, `1:1: ! cannot be before string`},
		{`-user.subject == "a"`, `1:1: - cannot be before string`},
		{`user.subject && true`, `1:1: expected bool, found string`},
		{`user.subject ? true : false`, `?: needs a condition and two values of one type, not string, bool and bool`},
		{`true ? 1 : "a"`, `?: needs a condition and two values of one type, not bool, int and string`},
		{`request.path["a"] == "b"`, `list(string) has no element [string]`},
		{`user.subject.length == 1`, `1:1: string has no fields`},
		{`user.subject.startsWith(1)`, `1:14: string has no startsWith(int): there is string.startsWith(string) -> bool`},
		{`startsWith(user.subject, "a")`, `1:1: startsWith() does not take string, string: there is string.startsWith(string) -> bool`},
		{`source.ip.startsWith("10.")`, `net.IP has no startsWith(string)`},
		{`user.subject.exists(c, c == "a")`, `a macro goes through a list or a map, and string is neither`},
		{`source.ip == null`, `1:1: this is never null: it is an error when it is not there`},
		{`user.subject == null`, `1:14: == cannot be between string and null`},
		{`user.subject`, `1:1: a condition is true or false, and this is string: compare it with something`},
		{`1 + 2`, `1:1: a condition is true or false, and this is int: compare it with something`},
		{`user.claims.admin`, `1:1: a condition is true or false, and this may be anything: write … == true`},
		{`user.claims.?admin`, `1:1: a condition is true or false, and this may have no value: write … .orValue(false) == true`},
		{`user.claims.?admin.orValue(false)`, `1:1: a condition is true or false, and this may be anything`},

		// Arguments that are written out.
		{`header("X-Tenant") == []`, `1:8: names of headers are in lower case here: write "x-tenant"`},
		{`header(request.host) == []`, `1:8: header() takes one name that is written out, as in header("x-tenant")`},
		{`header("x-" + "a") == []`, `1:13: header() takes one name that is written out`},
		{`header() == []`, `1:1: header() takes one name that is written out`},
		{`header("a", "b") == []`, `1:1: header() takes one name that is written out`},
		{`header("") == []`, `1:8: "" is no name of a header`},
		{`header("x a") == []`, `1:8: "x a" is no name of a header`},
		{`header(":authority") == []`, `1:8: ":authority" is no header: read request.method, request.path or request.host`},
		{`header("host") == []`, `1:8: the host is read as request.host`},
		{`header("authorization") == []`, `1:8: authorization carries credentials, which no condition sees`},
		{`header("proxy-authorization") == []`, `1:8: proxy-authorization carries credentials`},
		{`header("cookie") == []`, `1:8: cookie carries credentials`},
		{`header("x-forwarded-client-cert") == []`, `1:8: x-forwarded-client-cert can be forged: who was proven is in caller`},
		{`header("x-postern-user") == []`, `1:8: "x-postern-user" is Postern's to set`},
		{`query(1) == []`, `1:7: query() takes one name that is written out`},
		{`query("") == []`, `1:7: a parameter of the query has a name`},
		{`user.subject.matches(request.host)`, `1:22: the pattern of matches() is written out, in quotes`},
		{`matches(user.subject, request.host)`, `1:23: the pattern of matches() is written out, in quotes`},
		{`user.subject.matches("(")`, "1:22: the pattern is not valid: error parsing regexp: missing closing ): `(`"},
		{`user.subject.matches("(?=a)")`, `1:22: the pattern is not valid`},
		{`user.subject.matches("(a{100}){10}b{9}")`, `instructions, and at most 1000 are allowed: repeat less`},
		{`user.subject.matches("(((a{10}){10}){10}){10}")`, `1:22: the pattern is not valid`},
		{`user.subject.matches("[[:alpha:]]{1000}\\pL{1000}")`, `instructions, and at most 1000 are allowed`},
		{`request.time.getHours("Mars/Olympus") == 1`, `1:23: unknown time zone "Mars/Olympus": write a name such as "Europe/Berlin" or an offset such as "+02:00"`},
		{`request.time.getHours("") == 1`, `1:23: unknown time zone ""`},
		{`request.time.getHours("Local") == 1`, `1:23: unknown time zone "Local"`},
		{`request.time.getHours("+24:00") == 1`, `1:23: unknown time zone "+24:00"`},
		{`request.time.getHours("+-2:00") == 1`, `1:23: unknown time zone "+-2:00"`},
		{`request.time.getHours("../../etc/passwd") == 1`, `1:23: unknown time zone`},
		{`request.time.getHours(request.host) == 1`, `1:23: the time zone is written out, as in getHours("Europe/Berlin")`},
		{`cidr("10.0.0.1").containsIP(source.ip)`, `1:6: "10.0.0.1" is no range of addresses: write 10.0.0.0/8 or 2001:db8::/32`},
		{`cidr("::ffff:10.0.0.0/104").containsIP(source.ip)`, `is no range of addresses`},
		{`source.ip == ip("10.0.0.256")`, `1:17: "10.0.0.256" is no address: write 10.0.0.1 or 2001:db8::1`},
		{`source.ip == ip("fe80::1%eth0")`, `is no address`},
		{`request.time < timestamp("2027-13-01T00:00:00Z")`, `1:26: "2027-13-01T00:00:00Z" is no time: write 2027-01-31T00:00:00Z`},
		{`request.time < timestamp("tomorrow")`, `1:26: "tomorrow" is no time`},
		{`duration("1 h") > duration("1m")`, `1:10: "1 h" is no duration: write 1h30m or 90s`},
		{`int("one") == 1`, `1:5: "one" is no int`},
		{`uint(-1) == 1u`, `1:6: -1 is no uint`},
		{`double("x") == 1.0`, `1:8: "x" is no double`},
		{`bool("yes")`, `1:6: "yes" is no bool`},
		{`int(1e30) == 1`, `1:5: 1e+30 is no int`},

		// Text.
		{``, `1:1: the condition is empty`},
		{" \n\t", `1:1: the condition is empty`},
		{"true\xff", `1:1: the condition is not UTF-8`},
		{strings.Repeat("a", condition.MaxText+1), `1:1: the condition has 4097 bytes, and at most 4096 are allowed`},
		{`request.method = "GET"`, `1:16: syntax error at =: write == to compare`},
		{`request.method == "GET" & true`, `1:25: syntax error: write && and ||`},
		{`request.method == "GET" and true`, `1:25: syntax error: write && for and, || for or, ! for not`},
		{`not true`, `1:5: syntax error`},
		{`request.method == "GET`, `1:19: syntax error: a text has no closing quote`},
		{`request.method ==`, `1:18: the condition ends too early: a value, a bracket or a quote is missing`},
		{"(request.method ==\n  \"GET\"", `2:8: the condition ends too early`},
		{`request.method == "GET")`, `1:24: syntax error: extraneous input ')'`},
		{`# a comment`, `1:1: syntax error`},
		{`@segment == 1`, `1:1: syntax error`},
		{"`@segment 1` == \"a\"", `syntax error`},
		{`for == 1`, `reserved identifier: for`},
		{strings.Repeat("(", 300) + "true" + strings.Repeat(")", 300), `nested deeper than 64 levels`},
		{strings.Repeat("!", 301) + "true", ``},
		{strings.Repeat("[", 70) + strings.Repeat("]", 70) + " == []", `1:64: the condition is nested deeper than 64 levels`},
		{"1" + strings.Repeat(" + 1", 70) + " == 71", `nested deeper than 64 levels`},
	} {
		_, err := condition.NewCompiler().Compile(c.text, params())
		if c.want == "" && err == nil {
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80s\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

func TestErrorsAreBoundedAndSorted(t *testing.T) {
	_, err := condition.NewCompiler().Compile("true"+strings.Repeat(" && x == 1", 30), nil)
	var faults condition.Errors
	if !errors.As(err, &faults) || len(faults) != condition.MaxErrors {
		t.Fatalf("%d faults: %v", len(faults), err)
	}
	for i, fault := range faults {
		if want := 9 + 10*i; fault.Line != 1 || fault.Column != want {
			t.Errorf("fault %d is at %d:%d, want column %d", i, fault.Line, fault.Column, want)
		}
	}
	var fault *condition.Error
	if !errors.As(err, &fault) || fault.Column != 9 {
		t.Errorf("the first fault is %v", fault)
	}
	if got := strings.Count(err.Error(), "\n"); got != condition.MaxErrors-1 {
		t.Errorf("%d line breaks", got)
	}
}

func TestParamsThatNoPathHas(t *testing.T) {
	for _, segment := range []int{-1, condition.MaxSegment} {
		_, err := condition.NewCompiler().Compile(`params.x == "a"`, []condition.Param{{Name: "x", Segment: segment}})
		if err == nil || !strings.Contains(err.Error(), "a path has at most 128") {
			t.Errorf("segment %d: %v", segment, err)
		}
	}
	_, err := condition.NewCompiler().Compile(`params.x == "a"`, nil)
	if err == nil || err.Error() != "1:1: unknown variable params.x: the path has no variables" {
		t.Error(err)
	}
	last := []condition.Param{{Name: "x", Segment: condition.MaxSegment - 1}, {Name: "y", Segment: condition.MaxSegment - 1, Rest: true}}
	if _, err := condition.NewCompiler().Compile(`params.x == "a" && params.y == []`, last); err != nil {
		t.Error(err)
	}
}

func TestEqualConditionsAreOne(t *testing.T) {
	compiler := condition.NewCompiler()
	one := func(text string, params ...condition.Param) *condition.Condition {
		t.Helper()
		c, err := compiler.Compile(text, params)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first, other := condition.Param{Name: "x", Segment: 1}, condition.Param{Name: "x", Segment: 2}
	if same := one(`params.x == "a"`, first); same != one(`params.x == "a"`, first) {
		t.Error("the same text with the same parameters is two conditions")
	}
	if one(`params.x == "a"`, first) == one(`params.x == "a"`, other) {
		t.Error("the same text with other parameters is one condition")
	}
	if one(`request.host == "a"`, first) != one(`request.host == "a"`, other) {
		t.Error("a text without parameters is two conditions")
	}
	if one(`request.host == "a"`) == one(`request.host == "b"`) {
		t.Error("two texts are one condition")
	}
}
