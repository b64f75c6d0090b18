package condition_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/postern/postern/policy/condition"
)

// growing are conditions in which every step makes a type twice as long. A step is repeated,
// and what is before and behind it makes a condition of it.
func growing() []struct{ before, step, behind string } {
	return []struct{ before, step, behind string }{
		{`optional.of(1)`, `.optMap(x, {x: x})`, `.hasValue()`},
		{`optional.of(1)`, `.optFlatMap(x, optional.of({x: x}))`, `.hasValue()`},
		{`[1]`, `.map(x, {x: x})`, `.size() == 1`},
		{`[1]`, `.map(x, {[x]: 1, [x]: 2}).map(y, [y, {y: y}])`, `.size() == 1`},
		{`[[1]]`, `.map(x, [{x[0]: x[0]}])`, `.size() == 1`},
		{`[1]`, `.map(x, {(true ? x : x): x})`, `.size() == 1`},
		{`[1]`, `.map(x, {optional.of(x): x})`, `.size() == 1`},
		{`[1]`, `.map(x, {type(x): x})`, `.size() == 1`},
		{`[1]`, `.map(x, {1: x}).map(k, k).map(x, {x: x})`, `.size() == 1`},
		// The type of y is found out: a map, whose keys and values are what x is.
		{`[{1: 1}]`, `.map(x, [].map(y, [y[x], x] == [] ? y : y)[0])`, `.size() == 1`},
		{`[{1: 1}]`, `.map(x, [].map(y, [y[?x], optional.of(x)] == [] ? y : y)[0])`, `.size() == 1`},
		{`[{1: 1}]`, `.map(x, [].map(y, x in y && [y[0], x] == [] ? y : y)[0])`, `.size() == 1`},
		// The keys of an empty map are.
		{`[[1]]`, `.map(x, [{}].map(y, y.map(k, [k, x]) == [] || [y, {1: x}] == [] ? y : y)[0])`, `.size() == 1`},
		{`[[1]]`, `.map(x, [{}].map(y, y.map(k, [k, x]) == [] || y.map(k, [y[k], x]) == [] ? y : y)[0])`, `.size() == 1`},
		{`[[1]]`, `.map(x, [optional.of({}).orValue({})].map(y, y.map(k, [k, x]) == [] || y.map(k, [y[k], x]) == [] ? y : y)[0])`, `.size() == 1`},
		// These do not grow in this way.
		{`[1]`, `.map(x, [x])`, `.size() == 1`},
		{`[1]`, `.map(x, {1: x})`, `.size() == 1`},
		{`optional.of(1)`, `.optMap(x, optional.of([x, x]))`, `.hasValue()`},
		{`[[]]`, `.map(x, [x, [x[0]]])`, `.size() == 1`},
		{`[[]]`, `.map(x, [x, x].map(y, y + x))`, `.size() == 1`},
	}
}

// TestTypesAreBounded holds that the checker is never given types that grow with every step:
// what it does is limited by what it allocates, which is the same on every machine.
func TestTypesAreBounded(t *testing.T) {
	const most = 1 << 30
	for _, g := range growing() {
		text := func(n int) string { return g.before + strings.Repeat(g.step, n) + g.behind }
		for _, n := range []int{2, 5, 16, 24} { // where they grow, 16 take gigabytes
			allocated := allocation(func() { _, _ = condition.NewCompiler().Compile(text(n), nil) })
			if allocated > most {
				t.Errorf("%d times %.100s: %d bytes", n, g.step, allocated)
				break
			}
		}
	}
}

// allocation returns how many bytes a function allocates.
func allocation(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestKeys holds that maps as they are written are taken, and where the first of too many is.
func TestKeys(t *testing.T) {
	for text, want := range map[string]string{
		or(`user.claims.?a.orValue({}) == {}`, 40):                                                  "",
		or(`user.claims.tenants[params.customer_id].role == "x"`, 40):                               "",
		or(`user.claims.list.exists(k, user.claims.map[k] == 1)`, 40):                               "",
		or(`user.claims.list.exists(k, k.map[params.customer_id] == 1)`, 40):                        "",
		or(`user.claims.list.exists(k, ["a", "b"].exists(x, k[x] == 1))`, 40):                       "",
		or(`user.roles.exists(r, r in user.scopes || r in ["a"])`, 40):                              "",
		or(`{"GET": "read", "PUT": "write"}[request.method] in user.scopes`, 40):                    "",
		or(`header("x-a")[?0].orValue("") in user.claims.map`, 40):                                  "",
		or(`user.claims.?groups.orValue([]).exists(g, g in user.claims.b)`, 40):                     "",
		or(`user.claims.map[user.claims.?tenant.orValue("")] == 1`, 40):                             "",
		or(`user.claims.map[user.claims.?tenant.value()] == 1`, 40):                                 "",
		or(`{has(user.claims.a): 1, user.roles.size() > 1: 2}[true] == 1`, 40):                      "",
		or(`[1].exists(x, {x + 1: 2, 3 - x: 1}[x] == 2)`, 40):                                       "",
		or(`user.claims.a.map(x, {x: 1}) == []`, 40):                                                "",
		or(`user.claims.a.filter(x, true).map(x, {x: 1}) == []`, 4):                                 "",
		or(`user.claims.a.filter(x, true).map(x, {x: 1}) == []`, 5):                                 "1:254: a condition may have 4 maps with keys that a macro or another map makes, and this is one more: write the keys out",
		or(`optional.of({}).hasValue()`, 4):                                                         "",
		or(`optional.of({}).hasValue()`, 5):                                                         "a condition may have 4 maps",
		or(`[{1: 2}].exists(m, [1].map(x, x).exists(x, m[x] == 2 || m[?x] == optional.none()))`, 3): "a condition may have 4 maps",
		or(`[{1: 2}].exists(m, [1].map(x, x).exists(x, x in m))`, 5):                                "a condition may have 4 maps",
	} {
		_, err := condition.NewCompiler().Compile(text, params())
		if want == "" && err != nil && !strings.Contains(err.Error(), "this costs") || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.100s: %v", text, err)
		}
	}
}
