package condition_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestComparisonsOfClaims holds that a claim of another type than its author thought is neither
// equal nor different, and neither less nor more.
func TestComparisonsOfClaims(t *testing.T) {
	const mismatch = "cannot compare"
	checkAll(t, []testCase{
		{`user.claims.customer_id == params.customer_id`, "true"},
		{`user.claims.customer_id != params.customer_id`, "false"},
		{`user.claims.customer_id == "c-2"`, "false"},
		{`user.claims.customer_id == 1`, mismatch + " string with int"},
		{`user.claims.customer_id != 1`, mismatch},
		{`user.claims.digits == 5`, mismatch},
		{`5 == user.claims.digits`, mismatch},
		{`user.claims.digits < 6`, mismatch},
		{`user.claims.level == "3"`, mismatch + " int with string"},
		{`user.claims.level > "2"`, mismatch},
		{`user.claims.level >= 3 && user.claims.level <= 3 && user.claims.level > 2 && user.claims.level < 4`, "true"},
		{`user.claims.admin == true`, "true"},
		{`user.claims.admin == "true"`, mismatch},
		{`user.claims.admin == 1`, mismatch},
		{`user.claims.admin > false`, "true"},
		{`user.claims.admin || false`, "true"},
		{`user.claims.level || false`, "type"},
		{`!user.claims.level`, "does not take"},
		{`user.claims.level ? true : false`, "type"},
		{`user.claims.missing == 1`, "there is no missing"},
		{`user.claims.missing != 1`, "there is no missing"},
		{`user.claims.deep.x.y[0] == "z"`, "true"},
		{`user.claims.deep.x.missing == 1`, "there is no missing"},
		{`user.claims.deep.missing.y == 1`, "there is no missing"},
		{`user.claims["customer_id"] == "c-1"`, "true"},
		{`user.claims[request.method] == "c-1"`, "there is no GET"},
		{`user.claims.groups[2] == "c"`, "index out of bounds"},
		{`user.claims.groups["a"] == "c"`, "unsupported index"},
		{`dyn("a") == dyn(1)`, mismatch},
		{`dyn(1) in [dyn("a")]`, mismatch},
		{`user.claims.customer_id.startsWith("c-")`, "true"},
		{`user.claims.level.startsWith("c-")`, "does not take"},
		{`user.claims.customer_id.matches("^c-[0-9]+$")`, "true"},
		{`user.claims.level.matches("3")`, "type"},
		{`user.claims.level + 1 == 4`, "true"},
		{`user.claims.score + 1.5 == 4.0`, "true"},
		{`user.claims.level + 1.5 == 4.5`, "type"},
		{`user.claims.customer_id + "!" == "c-1!"`, "true"},
		{`user.claims.max + 1 > 0`, "integer overflow"},
		{`user.claims.admin + user.claims.admin == 2`, "type"},
		{`timestamp(user.claims.level) < request.time`, "true"},
		{`request.time < user.claims.level`, mismatch},
		{`source.ip == user.claims.address`, mismatch},
		{`source.ip == ip(user.claims.address)`, "true"},
		{`cidr("10.0.0.0/8").containsIP(user.claims.address)`, "true"},
		{`cidr("10.0.0.0/8").containsIP(user.claims.level)`, "does not take"},
		{`type(user.claims.level) == int && type(user.claims.nothing) == null_type`, "true"},
		{`type(user.claims.level) == string`, "false"},
		{`user.claims.groups < user.claims.groups`, "list has no order"},
		{`user.claims.object < user.claims.groups`, "map has no order"},
		{`"a" < user.claims.nothing`, "cannot compare string with null"},
	}, valid())
}

// TestHiddenClaims holds that the checker cannot be talked out of it: it lets a claim stand for
// any type, and here infers one.
func TestHiddenClaims(t *testing.T) {
	const mismatch = "cannot compare"
	checkAll(t, []testCase{
		{`(true ? user.claims.level : 1) == 3`, "true"},
		{`(true ? user.claims.digits : 1) == 5`, mismatch},
		{`(true ? user.claims.digits : 1) != 5`, mismatch},
		{`(false ? 1 : user.claims.digits) == 5`, mismatch},
		{`user.claims.?digits.orValue(5) == 5`, mismatch},
		{`user.claims.?digits.orValue(5) != 5`, mismatch},
		{`optional.of(user.claims.digits).or(optional.of(5)) == optional.of(5)`, mismatch},
		{`optional.of(5).or(optional.of(user.claims.digits)) == optional.of(5)`, "true"},
		{`[5, user.claims.digits][1] == 5`, mismatch},
		{`[user.claims.digits].map(x, x)[0] == 5`, mismatch},
		{`[1].map(x, user.claims.digits)[0] == 5`, mismatch},
		{`[1].map(x, [user.claims.digits]).exists(l, l.exists(y, y == 5))`, mismatch},
		{`[[user.claims.digits]].exists(l, l == [5])`, mismatch},
		{`user.claims.groups.filter(x, x != 1).size() == 2`, mismatch},
		{`user.claims.groups.exists(x, x == 1)`, mismatch},
		{`user.claims.groups.exists(x, x == "a")`, "true"},
		{`[user.claims.groups].exists(x, x.exists(x, x == 1))`, mismatch},
		{`{"a": user.claims.digits}.a == 5`, mismatch},
		{`{"a": user.claims.digits} == {"a": 5}`, mismatch},
		{`{user.claims.digits: 1} == {5: 1}`, "false"},
		{`user.claims.?digits.optMap(x, x == 5).orValue(false)`, mismatch},
		{`user.claims.?digits.optMap(x, x).orValue(5) == 5`, mismatch},
		{`user.claims.?digits.optFlatMap(x, optional.of(x)).value() == 5`, mismatch},
		{`[5] == user.claims.none + [user.claims.digits]`, mismatch},
		{`5 in [1, 2] + [user.claims.digits]`, mismatch},
		{`["a"].exists(a, [1].exists(b, user.claims.level == a))`, mismatch},
		{`[user.claims.digits, 5].exists_one(x, x == 5)`, mismatch},
	}, valid())
}

func TestNumbers(t *testing.T) {
	checkAll(t, []testCase{
		{`user.claims.level == 3 && user.claims.level == 3.0 && user.claims.level == 3u`, "true"},
		{`user.claims.five == 5 && user.claims.five == 5.0 && user.claims.five == 5u`, "true"},
		{`user.claims.score > 2 && user.claims.score < 3 && user.claims.score != 2`, "true"},
		{`user.claims.exp3 == 1000`, "true"},
		{`user.claims.minus == 0`, "true"},
		{`type(user.claims.level) == int && type(user.claims.five) == double && type(user.claims.exp3) == double`, "true"},
		{`user.claims.max == 9223372036854775807 && user.claims.min == -9223372036854775808`, "true"},
		{`user.claims.big == 1`, "does not fit 64 bits"},
		{`user.claims.big != 1`, "does not fit 64 bits"},
		{`has(user.claims.big)`, "true"},
		{`user.claims.huge > 1.0`, "out of range"},
		{`user.claims.bignest == [1]`, "does not fit 64 bits"},
		{`1 in user.claims.bignest`, "does not fit 64 bits"},
		{`user.claims.bignest.exists(x, x == 1)`, "does not fit 64 bits"},
		{`user.claims.bignest.size() == 1`, "true"},
		{`user.claims == {}`, "false"},
		{`user.claims.unsafe == 9007199254740993`, "true"},
		{`user.claims.unsafe == 9007199254740992.0`, "2^53"},
		{`user.claims.unsafe > 9007199254740992.0`, "2^53"},
		{`user.claims.safe == 9007199254740991.0`, "true"},
		{`user.claims.rounded == 9007199254740993`, "2^53"},
		{`user.claims.rounded == 9007199254740993u`, "2^53"},
		{`user.claims.rounded > 1u && user.claims.rounded > 1`, "true"},
		{`user.claims.level > -1 && user.claims.level < 18446744073709551615u`, "true"},
		{`user.claims.min < 1u && 1u > user.claims.min`, "true"},
		{`dyn(1u) == dyn(1u) && dyn(2u) > dyn(1u) && dyn(1.5) < dyn(2.5)`, "true"},
		{`user.claims.score / 0.0 > 1.0`, "true"},
		{`user.claims.score * (0.0 / 0.0) == 1.0`, "not a number"},
		{`user.claims.score * (0.0 / 0.0) < 1.0`, "not a number"},
		{`user.claims.numbers == [1, 2, 3]`, "true"},
		{`2 in user.claims.numbers && 2.0 in user.claims.numbers && !(4 in user.claims.numbers)`, "true"},
		{`int(user.claims.score) == 2 && double(user.claims.level) == 3.0 && int(user.claims.digits) == 5`, "true"},
		{`user.claims.level / 0 == 1`, "division by zero"},
	}, valid())
}

func TestListsAndMapsOfClaims(t *testing.T) {
	const mismatch = "cannot compare"
	checkAll(t, []testCase{
		{`user.claims.groups == ["a", "b"]`, "true"},
		{`user.claims.groups == ["a", "c"]`, "false"},
		{`user.claims.groups != ["a", "c"]`, "true"},
		{`user.claims.groups == ["a"]`, "false"},
		{`user.claims.groups == ["a", 1]`, mismatch},
		{`user.claims.groups == ["x", 1]`, mismatch},
		{`user.claims.groups == [1]`, "false"},
		{`user.claims.groups == "a"`, mismatch + " list with string"},
		{`user.claims.groups == {"a": 1}`, mismatch + " list with map"},
		{`user.claims.none == []`, "true"},
		{`user.claims.mixed == ["a", 1, true, null]`, "true"},
		{`user.claims.mixed == ["a", 1, true, 1]`, mismatch + " null"},
		{`user.claims.nested == [["a"], ["b", "c"]]`, "true"},
		{`user.claims.nested == [["a"], ["b", 1]]`, mismatch},
		{`user.claims.object == {"a": 1, "b": "two", "c": null}`, "true"},
		{`user.claims.object == {"a": 1, "b": "two"}`, "false"},
		{`user.claims.object == {"a": 1, "b": "two", "d": null}`, "false"},
		{`user.claims.object == {"a": 2, "b": "two", "c": null}`, "false"},
		{`user.claims.object == user.claims.other`, mismatch},
		{`user.claims.object != user.claims.other`, mismatch},
		{`user.claims.deep == {"x": {"y": ["z"]}}`, "true"},
		{`"a" in user.claims.groups`, "true"},
		{`"z" in user.claims.groups`, "false"},
		{`1 in user.claims.groups`, mismatch},
		{`!(1 in user.claims.groups)`, mismatch},
		{`"a" in user.claims.mixed`, "true"},
		{`true in user.claims.mixed`, "true"},
		{`null in user.claims.mixed`, "true"},
		{`"z" in user.claims.mixed`, mismatch},
		{`1 in user.claims.none`, "false"},
		{`user.claims.customer_id in ["c-1", "c-2"]`, "true"},
		{`user.claims.customer_id in ["c-2"]`, "false"},
		{`user.claims.level in ["c-2"]`, mismatch},
		{`user.claims.level in []`, "false"},
		{`user.claims.customer_id in params.file`, "false"},
		{`user.claims.level in params.file`, mismatch},
		{`"a" in user.claims.object`, "true"},
		{`"z" in user.claims.object`, "false"},
		{`user.claims.level in user.claims.object`, mismatch},
		{`user.claims.level in user.claims.none`, "false"},
		{`"a" in user.claims.customer_id`, "no list and no map"},
		{`"a" in user.claims.level`, "no list and no map"},
		{`user.claims.digits in {"5": 1}`, "true"},
		{`user.claims.digits in {5: 1}`, mismatch},
		{`["a"] in user.claims.nested`, "true"},
		{`[1] in user.claims.nested`, mismatch},
		{`user.claims.object.exists(k, k == "b")`, "true"},
		{`user.claims.object.map(k, k) == ["a", "b", "c"]`, "true"},
		{`{"b": 1, "a": 2, "c": 3}.map(k, k) == ["a", "b", "c"]`, "true"},
		{`{3: "c", 1: "a", 2: "b"}.map(k, k) == [1, 2, 3]`, "true"},
		{`user.claims.groups + ["c"] == ["a", "b", "c"]`, "true"},
		{`user.claims.groups + user.roles == ["a", "b", "support", "admin"]`, "true"},
		{`user.claims.groups + "c" == "ac"`, "type"},
		{`user.claims.groups.size() == 2 && user.claims.object.size() == 3 && user.claims.customer_id.size() == 3`, "true"},
		{`user.claims.level.size() == 1`, "does not take"},
		{`user.claims.customer_id.exists(x, x == "c")`, "a macro goes through a list or a map, and this is string"},
	}, valid())
}

func TestNull(t *testing.T) {
	checkAll(t, []testCase{
		{`user.claims.nothing == null`, "true"},
		{`user.claims.nothing != null`, "false"},
		{`user.claims.customer_id == null`, "cannot compare string with null: ask for its type() first"},
		{`user.claims.customer_id != null`, "cannot compare"},
		{`user.claims.nothing == "a"`, "cannot compare null with string"},
		{`has(user.claims.nothing)`, "true"},
		{`user.claims.?nothing.hasValue()`, "true"},
		{`user.claims.?nothing.orValue("x") == "x"`, "cannot compare"},
		{`user.claims.missing == null`, "there is no missing"},
	}, valid())
}

func TestPresence(t *testing.T) {
	checkAll(t, []testCase{
		{`has(user.claims.customer_id)`, "true"},
		{`has(user.claims.missing)`, "false"},
		{`has(user.claims.deep.x.y)`, "true"},
		{`has(user.claims.deep.x.z)`, "false"},
		{`has(user.claims.deep.z.y)`, "there is no z"},
		{`has(user.claims.customer_id.x)`, "false"},
		{`has(user.claims.nothing.x)`, "false"},
		{`has(user.claims.groups.x)`, "unsupported index"},
		{`user.claims.?missing.orValue("") == ""`, "true"},
		{`user.claims.?deep.?x.?y.orValue([]) == ["z"]`, "true"},
		{`user.claims.?deep.z.y.orValue("none") == "none"`, "true"},
		{`user.claims.?customer_id.?x.orValue("") == ""`, "true"},
		{`user.claims.?missing.hasValue()`, "false"},
		{`user.claims.?missing.value() == 1`, "optional.none"},
		{`user.claims[?"missing"].orValue(0) == 0`, "true"},
		{`user.claims.groups[?0].orValue("") == "a" && user.claims.groups[?7].orValue("") == ""`, "true"},
		{`user.claims.?groups.orValue([]).exists(g, g == "b")`, "true"},
		{`user.claims.?missing.orValue([]).exists(g, g == "b")`, "false"},
		{`optional.none() == user.claims.?missing`, "true"},
		{`optional.of("c-1") == user.claims.?customer_id`, "true"},
		{`optional.of(1) == user.claims.?customer_id`, "cannot compare"},
		{`optional.of("c-1") == user.claims.?missing`, "false"},
		{`user.claims.groups.first().value() == "a" && user.claims.groups.last().value() == "b"`, "true"},
		{`[user.claims.?missing, user.claims.?level].unwrapOpt() == [3]`, "true"},
		{`optional.unwrap([user.claims.?missing, user.claims.?level]) == [3]`, "true"},
		{`optional.ofNonZeroValue("") == optional.none()`, "true"},
		{`[?user.claims.?missing, ?user.claims.?level] == [3]`, "true"},
		{`{?"a": user.claims.?missing} == {}`, "true"},
	}, valid())
}

// TestOrderDoesNotMatter evaluates each operator with its sides swapped, for every pair of
// claims: the answers must agree, and == must be an error exactly where != is.
func TestOrderDoesNotMatter(t *testing.T) {
	names := []string{"digits", "level", "five", "unsafe", "rounded", "max", "huge", "admin", "nothing", "mixed", "object", "missing"}
	swapped := map[string]string{"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
	for _, a := range names {
		for _, b := range names {
			answers := map[string]string{}
			for operator, other := range swapped {
				answers[operator] = answer(t, fmt.Sprintf("user.claims.%s %s user.claims.%s", a, operator, b))
				if swap := answer(t, fmt.Sprintf("user.claims.%s %s user.claims.%s", b, other, a)); answers[operator] != swap {
					t.Errorf("%s %s %s is %s, and %s the other way round", a, operator, b, answers[operator], swap)
				}
			}
			if e, n := answers["=="], answers["!="]; (e == "error") != (n == "error") || e == n && e != "error" {
				t.Errorf("%s and %s: == is %s, != is %s", a, b, e, n)
			}
			if l, m := answers["<"], answers[">="]; (l == "error") != (m == "error") || l == m && l != "error" {
				t.Errorf("%s and %s: < is %s, >= is %s", a, b, l, m)
			}
		}
	}
}

// answer evaluates a condition over the valid input.
func answer(t *testing.T, text string) string {
	t.Helper()
	holds, err := compile(t, text).Eval(valid())
	if err != nil {
		if strings.Contains(err.Error(), "internal") {
			t.Errorf("%s: %v", text, err)
		}
		return "error"
	}
	return fmt.Sprint(holds)
}
