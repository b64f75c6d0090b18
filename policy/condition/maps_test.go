package condition_test

import (
	"strings"
	"testing"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/condition"
)

// withLong returns the valid input with two claims of 30 KiB, and a list of 1000 elements.
func withLong() *condition.Input {
	in := valid()
	in.User.Claims["b1"], in.User.Claims["b2"] = strings.Repeat("b", 30<<10)+"1", strings.Repeat("b", 30<<10)+"2"
	list := make([]any, 1000)
	for i := range list {
		list[i] = "z"
	}
	in.User.Claims["list"] = list
	return in
}

// TestLongKeysArePaidFor holds that sorting keys, making a map and looking one up cost what
// they do for a long text, and that a condition with usual keys does not pay for that.
func TestLongKeysArePaidFor(t *testing.T) {
	in := withLong()
	for _, body := range []string{
		`{user.claims.b1: 1, user.claims.b2: 1}.all(k, true)`,
		`{user.claims.b1: 1}.size() == 1`,
		`user.claims.object[?user.claims.b1] == optional.none()`,
		`user.claims.object[?user.claims.b1].orValue(1) == 1`,
		`{"a": 1}[?user.claims.b1].orValue(1) == 1`,
		`!(user.claims.b1 in user.claims.object)`,
	} {
		check(t, `user.claims.list.all(x, `+body+`)`, "costs too much for this request", in)
		check(t, body, "true", in)
	}
	check(t, `user.claims.list.all(x, user.claims.object[user.claims.b1] == 1)`, "costs too much", in)
	checkAll(t, []testCase{
		{`user.claims.groups.all(x, {x: 1}.all(k, k == x))`, "true"},
		{`user.claims.groups.all(g, user.claims.object[?g].hasValue())`, "true"},
		{`user.claims.groups.exists(g, {"a": 1, "b": 2}[g] == 2)`, "true"},
		{`user.claims.object.exists(k, user.claims.object[k] == "two")`, "true"},
	}, in)
}

// TestWhatCanBeAKey holds that what no map can have as a key is an error, and where.
func TestWhatCanBeAKey(t *testing.T) {
	for text, want := range map[string]string{
		`{b"a": 1} == {}`:                             `1:2: bytes cannot be a key of a map: a key is a text, a number, true or false`,
		`{b"a": 1}.all(k, true)`:                      `1:2: bytes cannot be`,
		`{[1]: 1} == {}`:                              `1:2: list(int) cannot be a key`,
		`{{1: 2}: 1} == {}`:                           `1:2: map(int, int) cannot be a key`,
		`{null: 1} == {}`:                             `1:2: null cannot be a key`,
		`{request.time: 1} == {}`:                     `1:2: timestamp cannot be a key`,
		`{"a": 1, user.roles: 2} == {}`:               `1:10: list(string) cannot be a key`,
		`{optional.of("a"): 1} == {}`:                 `optional_type(string) cannot be a key`,
		`[1].all(x, {[x]: 1} == {[x]: 1})`:            `list(int) cannot be a key`,
		`user.roles.all(r, {bytes(r): true}[dyn(r)])`: `bytes cannot be a key`,
	} {
		_, err := condition.NewCompiler().Compile(text, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	checkAll(t, []testCase{
		{`{dyn(b"a"): 1} == {}`, "bytes cannot be a key of a map"},
		{`{dyn(bytes(user.subject)): 1}.size() == 1`, "bytes cannot be a key of a map"},
		{`{user.claims.groups: 1}.all(k, true)`, "list cannot be a key of a map"},
		{`{user.claims.object: 1}.size() == 1`, "map cannot be a key of a map"},
		{`{user.claims.nothing: 1}.size() == 1`, "null cannot be a key of a map"},
		{`{user.claims.missing: 1}.size() == 1`, "there is no missing"},
		{`{user.claims.level: 1, user.claims.admin: 2, user.claims.digits: 3, 1.5: 4, 1u: 5}.size() == 5`, "true"},
		{`{user.claims.digits: 1}["5"] == 1 && {?user.claims.digits: user.claims.?missing} == {}`, "true"},
		{`{"b" + user.subject: 1, "a" + user.subject: 2}.map(k, k) == ["aalice", "balice"]`, "true"},
	}, valid())
}

// TestActorsAreBounded holds that what a condition reads of actors is no more than its cost says.
func TestActorsAreBounded(t *testing.T) {
	in := valid()
	long := strings.Repeat("a", 2<<10)
	in.User.Actors = []identity.Actor{{Subject: long}, {Subject: "b"}, {Subject: "c"}, {Subject: "d", Issuer: long, Client: long}}
	check(t, `user.actors.size() == 4 && user.actors[0].subject.size() == 2048`, "true", in)
	for _, more := range [][]identity.Actor{
		{{Subject: "a"}, {Subject: "b"}, {Subject: "c"}, {Subject: "d"}, {Subject: "e"}}, {{Subject: long + "a"}},
		{{Subject: "a", Issuer: long + "a"}}, {{Subject: "a"}, {Subject: "b", Client: long + "a"}},
	} {
		in.User.Actors = more
		check(t, `user.actors[0].subject == "a"`, "more than 4 actors, or one with a text of more than 2048 bytes", in)
		check(t, `user.actors == []`, "more than 4 actors", in)
	}
}

// TestActorsAreNotCopied counts allocations.
func TestActorsAreNotCopied(t *testing.T) {
	in := valid()
	allocations := func(text string) float64 {
		c := compile(t, or(text, 20))
		return testing.AllocsPerRun(20, func() { _, _ = c.Eval(in) })
	}
	if actor, role := allocations(`user.actors[1].client == "x"`), allocations(`user.roles[1] == "x"`); actor > role+1 {
		t.Errorf("a role allocates %v times, and an actor %v times", role, actor)
	}
	// What one evaluation made is not there for the next.
	c := compile(t, `user.actors[0].subject == caller.id`)
	for _, want := range []bool{true, false, true} {
		in := valid()
		if !want {
			in.User.Actors = in.User.Actors[1:]
		}
		if holds, err := c.Eval(in); holds != want || err != nil {
			t.Errorf("%v, %v", holds, err)
		}
	}
}

// TestSegmentsOfTheCallerAreSplitOnce counts allocations: reading them often takes no more
// than reading the path as often does, which nothing splits.
func TestSegmentsOfTheCallerAreSplitOnce(t *testing.T) {
	in := valid()
	in.Caller = identity.AssertedCaller(spiffeid.RequireFromString("spiffe://shop.test" + strings.Repeat("/a", 1000)))
	in.Path = strings.Split(strings.Repeat("/a", 1000), "/")[1:]
	allocations := func(text string) float64 {
		c := compile(t, or(text, 100))
		return testing.AllocsPerRun(20, func() { _, _ = c.Eval(in) })
	}
	if path, caller := allocations(`request.path[0] == "x"`), allocations(`caller.segments[0] == "x"`); caller > path+10 {
		t.Errorf("reading the path allocates %v times, and the caller %v times", path, caller)
	}
	if cost := compile(t, `caller.segments.size() == 1`).Cost(); cost < 256 {
		t.Errorf("splitting costs %d", cost)
	}
	check(t, `caller.segments.size() == 1000 && caller.segments[999] == "a"`, "true", in)
	check(t, `caller.segments.exists(s, s == "x") || true`, "true", in)
	in.Caller = identity.AssertedCaller(spiffeid.RequireFromString("spiffe://shop.test" + strings.Repeat("/a", 1020)))
	check(t, `caller.segments.size() == 1020`, "the caller's SPIFFE ID has more than 2048 bytes", in)
	// What one evaluation split is not there for the next.
	c := compile(t, `caller.segments == ["ns", "shop", "sa", "web"]`)
	for _, want := range []bool{true, false, true} {
		in := valid()
		if !want {
			in.Caller = identity.AssertedCaller(spiffeid.RequireFromString("spiffe://shop.test/ns/shop/sa/other"))
		}
		if holds, err := c.Eval(in); holds != want || err != nil {
			t.Errorf("%v, %v", holds, err)
		}
	}
}
