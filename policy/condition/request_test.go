package condition_test

import (
	"strings"
	"testing"

	"github.com/postern/postern/policy/condition"
)

func TestHeaders(t *testing.T) {
	checkAll(t, []testCase{
		{`header("x-tenant") == ["blue", "red"]`, "true"},
		{`header("x-tenant").exists(v, v == "red")`, "true"},
		{`"red" in header("x-tenant")`, "true"},
		{`header("x-absent") == []`, "true"},
		{`header("x-absent").size() == 0`, "true"},
		{`header("x-absent")[0] == "a"`, "index out of bounds"},
		{`header("x-empty") == [""]`, "true"},
		{`header("x-bad") == []`, "the header x-bad is not UTF-8"},
		{`header("x-bad").size() > 0`, "the header x-bad is not UTF-8"},
		{`header("x-many") == []`, "more than 128 values"},
		{`header("x-long") == []`, "more than 128 values or 65536 bytes"},
	}, valid())
}

func TestQueries(t *testing.T) {
	checkAll(t, []testCase{
		{`query("download") == ["1"]`, "true"},
		{`query("tag") == ["a", "b c", "é"]`, "true"},
		{`query("empty") == [""]`, "true"},
		{`query("absent") == []`, "true"},
		{`query("TAG") == []`, "true"},
	}, valid())
	for _, c := range []struct{ query, want string }{
		{"", "false"}, {"a=1", "true"}, {"%61=%31", "true"}, {"&&a=1&", "true"}, {"a=1&b", "true"}, {"b=&a=1", "true"},
		{"a", "false"}, {"a=", "false"}, {"a=1=1", "false"}, {"a=1&a=1", "false"}, {"a=+1", "false"}, {"a%3D1", "false"}, {"=1", "false"},
		{"a=1;b=2", "semicolon"}, {"a=1&b=%3B", "true"}, {"b=%zz&a=1", "escape"}, {"a=1&%", "escape"}, {"a=1&b=%4", "escape"},
		{"a=1&b=%ff", "UTF-8"}, {"a=1&%c3=1", "UTF-8"}, {"a=1&b=%c3%a9", "true"},
		{strings.Repeat("b&", 127) + "a=1", "true"}, {strings.Repeat("b&", 128) + "a=1", "128 parameters"},
		{"a=1&b=" + strings.Repeat("x", condition.MaxQuery), "8192 bytes"},
	} {
		in := valid()
		in.Query = c.query
		if t.Failed() {
			return
		}
		check(t, `query("a") == ["1"]`, c.want, in)
		if !t.Failed() {
			continue
		}
		t.Errorf("for the query %.60s", c.query)
	}
}
