package condition_test

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/condition"
)

func TestVariables(t *testing.T) {
	checkAll(t, []testCase{
		{`request.method == "GET"`, "true"},
		{`request.method == "get"`, "false"},
		{`request.host == "shop.test"`, "true"},
		{`request.id == "7f3c"`, "true"},
		{`request.path == ["customers", "c-1", "files", "public", "a b.txt"]`, "true"},
		{`request.path[0] + "/" + request.path[1] == "customers/c-1"`, "true"},
		{`request.path[5] == "x"`, "index out of bounds: 5"},
		{`request.path[-1] == "x"`, "index out of bounds: -1"},
		{`request.path[?5].orValue("none") == "none"`, "true"},
		{`request.path.size() == 5 && size(request.path) == 5`, "true"},
		{`request.path.exists(p, p.endsWith(".txt"))`, "true"},
		{`"files" in request.path && !("x" in request.path)`, "true"},
		{`request.path + ["x"] == ["customers", "c-1", "files", "public", "a b.txt", "x"]`, "true"},
		{`request.time == timestamp("2027-01-31T22:30:00Z")`, "true"},
		{`request.time.getHours() == 22`, "true"},
		{`request.time - user.auth_time == duration("30m")`, "true"},
		{`request.time - user.auth_time < duration("1h")`, "true"},
		{`params.customer_id == "c-1"`, "true"},
		{`params.file == ["public", "a b.txt"]`, "true"},
		{`params.file[0] == "public"`, "true"},
		{`caller.id == "spiffe://shop.test/ns/shop/sa/web"`, "true"},
		{`caller.trust_domain == "shop.test"`, "true"},
		{`caller.segments == ["ns", "shop", "sa", "web"]`, "true"},
		{`user.provider == "shop-idp" && user.subject == "alice" && user.client == "app" && user.acr == "mfa"`, "true"},
		{`user.auth_time == timestamp("2027-01-31T22:00:00Z")`, "true"},
		{`user.audiences == ["shop-api"]`, "true"},
		{`user.scopes.all(s, s.startsWith("orders:"))`, "true"},
		{`user.roles.exists_one(r, r == "admin")`, "true"},
		{`user.roles.filter(r, r != "admin") == ["support"]`, "true"},
		{`user.roles.map(r, r + "!") == ["support!", "admin!"]`, "true"},
		{`"otp" in user.amr`, "true"},
		{`user.actors[0].subject == caller.id`, "true"},
		{`user.actors.size() > 0 && user.actors[0].subject == caller.id && user.actors[0].client == "web"`, "true"},
		{`user.actors[1].subject == caller.id`, "false"},
		{`user.actors[1].issuer == "" && user.actors[1]["client"] == "" && user.actors[1].size() == 3`, "true"},
		{`user.actors[2].subject == "x"`, "index out of bounds: 2"},
		{`user.actors[?2].?subject.orValue("none") == "none"`, "true"},
		{`user.actors[?0].?subject.orValue("") == caller.id`, "true"},
		{`user.actors.map(a, a.subject) == ["spiffe://shop.test/ns/shop/sa/web", "batch"]`, "true"},
		{`user.actors.exists(a, a.issuer == "https://idp.test/" && a.client == "web")`, "true"},
		{`user.actors.exists(a, a.nobody == "x")`, "there is no nobody"},
		{`user.actors + user.actors == user.actors + user.actors && (user.actors + user.actors).size() == 4`, "true"},
		{`user.actors == user.actors && user.actors != [user.actors[0]] && user.actors[0] == user.actors[0]`, "true"},
		{`user.actors.filter(a, a.client == "") == [user.actors[1]]`, "true"},
		{`"subject" in user.actors[0] && !("sub" in user.actors[0]) && has(user.actors[0].client)`, "true"},
		{`dyn(user.actors) == [1]`, "false"},
		{`dyn(user.actors) == [1, 2]`, "cannot compare map with int"},
		{`dyn(user.actors[0]) == "x"`, "cannot compare map with string"},
		{`dyn(user.actors[0])[1] == "x"`, "1"},
		{`dyn(user.actors)["a"] == "x"`, ""},
		{`type(user.actors) == list && type(user.actors[0]) == map`, "true"},
		{`optional.ofNonZeroValue(user.actors).hasValue() && optional.ofNonZeroValue(user.actors[0]).hasValue()`, "true"},
		{`user.actors[0][?"x"].hasValue()`, "false"},
		{`user.actors[0].map(k, k) == ["client", "issuer", "subject"]`, "true"},
		{`user.actors[0].exists(k, user.actors[0][k] == "web")`, "true"},
		{`user.actors[1] == {"subject": "batch", "issuer": "", "client": ""}`, "true"},
		{`user.actors == [{"subject": "batch", "issuer": "", "client": ""}]`, "false"},
		{`{"subject": "batch", "issuer": "", "client": ""} in user.actors`, "true"},
		{`source.ip == ip("10.1.2.3")`, "true"},
		{`source.ip.family() == 4`, "true"},
		{`string(source.ip) == "10.1.2.3"`, "true"},
		{`cidr("10.0.0.0/8").containsIP(source.ip)`, "true"},
		{`cidr("192.168.0.0/16").containsIP(source.ip)`, "false"},
		{`.request.method == "GET"`, "true"},
	}, valid())
}

// TestWhatIsMissing holds that reading what a request does not have is an error that nothing
// makes up for but a result that does not depend on it.
func TestWhatIsMissing(t *testing.T) {
	checkAll(t, []testCase{
		{`request.time > timestamp("2020-01-01T00:00:00Z")`, "time of the request is not known"},
		{`caller.id == ""`, "there is no caller"},
		{`caller.id != "spiffe://shop.test/a"`, "there is no caller"},
		{`caller.trust_domain == ""`, "there is no caller"},
		{`caller.segments == []`, "there is no caller"},
		{`user.provider == ""`, "there is no user"},
		{`user.subject != "mallory"`, "there is no user"},
		{`user.roles == []`, "there is no user"},
		{`!("banned" in user.roles)`, "there is no user"},
		{`user.actors[0].subject == "x"`, "there is no user"},
		{`user.actors == []`, "there is no user"},
		{`has(user.claims.x)`, "there is no user"},
		{`!has(user.claims.x)`, "there is no user"},
		{`user.claims.?x.orValue("") == ""`, "there is no user"},
		{`user.claims.?x.hasValue()`, "there is no user"},
		{`user.claims == {}`, "there is no user"},
		{`source.ip == ip("10.0.0.1")`, "source address is not known"},
		{`cidr("0.0.0.0/0").containsIP(source.ip)`, "source address is not known"},
		{`params.customer_id == ""`, "fewer segments"},
		{`params.file == []`, "fewer segments"},
		{`header("x-tenant") == []`, "headers are not known"},
		{`query("a") == []`, "true"},
		{`request.method == "" && request.host == "" && request.id == "" && request.path == []`, "true"},
		{`user.subject == "x" || true`, "true"},
		{`true || user.subject == "x"`, "true"},
		{`user.subject == "x" && false`, "false"},
		{`false && user.subject == "x"`, "false"},
		{`user.subject == "x" || false`, "there is no user"},
		{`user.subject == "x" && true`, "there is no user"},
		{`user.subject == "x" ? true : true`, "there is no user"},
		{`!(user.subject == "x")`, "there is no user"},
		{`["a"].all(x, x == user.subject)`, "there is no user"},
		{`["a"].exists(x, x == user.subject)`, "there is no user"},
	}, &condition.Input{})

	in := valid()
	in.User = &identity.User{Provider: "p"}
	checkAll(t, []testCase{
		{`user.subject == ""`, "names no subject"},
		{`user.client == ""`, "names no client"},
		{`user.acr == ""`, "no acr"},
		{`user.acr != "mfa"`, "no acr"},
		{`user.auth_time < request.time`, "no auth_time"},
		{`user.audiences == [] && user.scopes == [] && user.roles == [] && user.amr == []`, "true"},
		{`user.actors == [] && user.actors.size() == 0 && !user.actors.exists(a, true)`, "true"},
		{`user.actors[0].subject == ""`, "index out of bounds: 0"},
		{`!(user.actors[0].subject == "mallory")`, "index out of bounds: 0"},
		{`user.claims == {}`, "true"},
		{`user.claims.x == 1`, "there is no x"},
	}, in)
	in.User = &identity.User{Subject: "of nobody"}
	check(t, `user.subject == "of nobody"`, "there is no user", in)
	in.Path = in.Path[:3]
	check(t, `params.file == []`, "true", in)
}

func TestTheZeroConditionNeverHolds(t *testing.T) {
	var zero condition.Condition
	if holds, err := zero.Eval(valid()); holds || err == nil {
		t.Error(holds, err)
	}
	if holds, err := (*condition.Condition)(nil).Eval(valid()); holds || err == nil {
		t.Error(holds, err)
	}
	if holds, err := compile(t, "true").Eval(nil); holds || err == nil {
		t.Error(holds, err)
	}
	if seen := zero.Observe(valid()); seen != nil {
		t.Error(seen)
	}
}

// TestPanics holds that what the input does cannot hurt.
func TestPanics(t *testing.T) {
	in := valid()
	in.Headers = condition.HeaderFunc(func(string) []string { panic("a header") })
	check(t, `header("x-a") == []`, "internal error", in)
	check(t, `header("x-a") == [] || true`, "internal error", in)
	if seen := compile(t, `header("x-a") == []`).Observe(in); len(seen) > 0 {
		t.Error(seen)
	}
}

func TestTimeZones(t *testing.T) {
	checkAll(t, []testCase{
		{`request.time.getHours("Europe/Berlin") == 23`, "true"},
		{`request.time.getHours("+02:00") == 0 && request.time.getDayOfMonth("+02:00") == 0 && request.time.getDate("+02:00") == 1`, "true"},
		{`request.time.getHours("-03:30") == 19 && request.time.getMinutes("-03:30") == 0`, "true"},
		{`request.time.getMonth("+02:00") == 1 && request.time.getMonth("UTC") == 0`, "true"},
		{`request.time.getFullYear("UTC") == 2027 && request.time.getDayOfYear("UTC") == 30`, "true"},
		{`request.time.getDayOfWeek("UTC") == 0 && request.time.getSeconds("UTC") == 0 && request.time.getMilliseconds("UTC") == 0`, "true"},
		{`request.time.getDayOfWeek("Asia/Tokyo") == request.time.getDayOfWeek("+09:00")`, "true"},
		{`timestamp(user.claims.level).getHours("UTC") == 0`, "true"},
		{`user.claims.digits.getHours("UTC") == 0`, "type that"},
		{`duration("90m").getHours() == 1`, "true"},
	}, valid())
}

// TestClocksAgree compares getHours("zone") and its like, which are not CEL's own here, with
// those without a zone, which are.
func TestClocksAgree(t *testing.T) {
	for _, f := range []string{"getFullYear", "getMonth", "getDayOfYear", "getDayOfMonth", "getDate", "getDayOfWeek", "getHours", "getMinutes", "getSeconds", "getMilliseconds"} {
		in := valid()
		for _, at := range []time.Time{time.Unix(0, 0), time.Unix(1_800_000_001, 987_654_321), time.Date(2028, 2, 29, 23, 59, 59, 999, time.UTC)} {
			in.Time = at
			check(t, `request.time.`+f+`("UTC") == request.time.`+f+`()`, "true", in)
			check(t, `request.time.`+f+`("+00:00") == request.time.`+f+`()`, "true", in)
		}
	}
}

func TestWhatAConditionReads(t *testing.T) {
	for _, c := range []struct {
		text               string
		user               bool
		headers, variables string
	}{
		{`true`, false, "", ""},
		{`request.method == "GET"`, false, "", "request.method"},
		{`header("x-b") == header("x-a") || header("x-b") == []`, false, "x-a x-b", ""},
		{`request.method == "GET" || user.subject == "x"`, true, "", "request.method user.subject"},
		{`has(user.claims.x)`, true, "", "user.claims"},
		{`user.claims.?x.hasValue()`, true, "", "user.claims"},
		{`["user.subject"].exists(u, u == "user")`, false, "", ""},
		{`params.customer_id in params.file && source.ip == ip("::1")`, false, "", "params.customer_id params.file source.ip"},
	} {
		got := compile(t, c.text)
		if got.ReadsUser() != c.user || strings.Join(got.Headers(), " ") != c.headers || strings.Join(got.Variables(), " ") != c.variables || got.Text() != c.text {
			t.Errorf("%s reads the user: %v, headers %v, variables %v", c.text, got.ReadsUser(), got.Headers(), got.Variables())
		}
	}
}

// TestEvaluationChangesNothing evaluates everything there is over one input.
func TestEvaluationChangesNothing(t *testing.T) {
	in, same := valid(), valid()
	for _, text := range []string{
		`user.claims == {"a": 1}`, `user.claims.object.map(k, k) == []`, `user.claims.groups + ["c"] == []`,
		`user.roles.map(r, r + r).filter(r, r > "a") == []`, `request.path + request.path == []`,
		`user.claims.nested.exists(l, l.exists(x, x == user.claims.groups[0]))`, `query("tag") == header("x-tenant")`,
	} {
		_, _ = compile(t, text).Eval(in)
		compile(t, text).Observe(in)
	}
	in.Headers, same.Headers = nil, nil
	if !reflect.DeepEqual(in, same) {
		t.Error("an evaluation changed its input")
	}
}

func TestSourceAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"10.1.2.3": "true", "::ffff:10.1.2.3": "true", "11.0.0.1": "false", "2001:db8::1": "false", "::10.1.2.3": "false",
	} {
		in := valid()
		in.Source = netip.MustParseAddr(address)
		check(t, `cidr("10.0.0.0/8").containsIP(source.ip)`, want, in)
	}
	in := valid()
	in.Source = netip.MustParseAddr("fe80::1%eth0")
	check(t, `source.ip == ip("fe80::1") && source.ip.isLinkLocalUnicast()`, "true", in)
}
