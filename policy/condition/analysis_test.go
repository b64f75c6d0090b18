package condition_test

import (
	"strings"
	"testing"

	"github.com/postern/postern/policy/condition"
)

func TestOutcomes(t *testing.T) {
	get := map[string]condition.Domain{"request.method": {Values: []string{"GET"}, Known: true}}
	both := map[string]condition.Domain{"request.method": {Values: []string{"GET", "POST"}, Known: true}}
	sure := map[string]condition.Domain{"request.method": {Known: true}, "user.acr": {Known: true}}
	for _, tc := range []struct {
		text    string
		domains map[string]condition.Domain
		want    string // of T, F and E
	}{
		{`true`, nil, "T"},
		{`false`, nil, "F"},
		{`!false`, nil, "T"},
		{`true && false`, nil, "F"},
		{`1 == 1`, nil, "T"},
		{`1 == 2 || "a" == "b"`, nil, "F"},
		{`1 != 2`, nil, "T"},
		{`request.method == "GET"`, get, "T"},
		{`"GET" != request.method`, get, "F"},
		{`request.method == "GET"`, both, "TF"},
		{`request.method in ["GET", "POST", "PUT"]`, both, "T"},
		{`request.method in ["PUT"]`, both, "F"},
		{`request.method in []`, nil, "FE"},
		{`request.method == "GET"`, sure, "TF"},
		{`request.method == "GET"`, nil, "TFE"},
		{`request.method == "GET" && request.method == "PUT"`, sure, "F"},
		{`request.method == "GET" && request.method == "PUT"`, nil, "FE"},
		{`request.method == "GET" || request.method != "GET"`, sure, "T"},
		{`request.method != "GET" || request.method != "PUT"`, sure, "T"},
		{`user.acr == "a" && user.subject == "s"`, sure, "TFE"},
		{`user.subject == "s" && false`, nil, "F"},
		{`user.subject == "s" || true`, nil, "T"},
		{`user.subject == "s" ? true : true`, nil, "TE"},
		{`request.method == "GET" ? user.acr == "a" : false`, get, "TFE"},
		{`request.method == "PUT" ? user.acr == "a" : false`, get, "F"},
		{`user.claims.a == "x" && user.claims.a == "y"`, nil, "FE"},
		{`user.claims.a == "x" && user.claims.b == "y"`, nil, "TFE"},
		{`has(user.claims.a) && !has(user.claims.a)`, nil, "TFE"}, // too much to see through
		{`size(header("x")) >= 0`, nil, "TFE"},
		{`["a"].exists(x, x == "b")`, nil, "TFE"},
		{`request.method == request.host`, get, "TFE"},
		{`request.method < "A"`, get, "TFE"},
		{`(request.method == "GET") == true`, get, "TFE"},
	} {
		c, err := condition.NewCompiler().Compile(tc.text, nil)
		if err != nil {
			t.Fatalf("%s: %v", tc.text, err)
		}
		if got := letters(c.Outcomes(tc.domains)); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.text, got, tc.want)
		}
	}
}

func letters(o condition.Outcomes) string {
	text := ""
	for letter, is := range map[string]bool{"T": o.Holds, "F": o.Fails, "E": o.Errs} {
		if is {
			text += letter
		}
	}
	var sorted strings.Builder
	for _, letter := range "TFE" {
		if strings.ContainsRune(text, letter) {
			sorted.WriteRune(letter)
		}
	}
	return sorted.String()
}

// TestWhatIsMeteredMayErr: a meter stops an evaluation as a whole, so that "|| true" is no help.
func TestWhatIsMeteredMayErr(t *testing.T) {
	c, err := condition.NewCompiler().Compile(`header("a").exists(a, header("b").exists(b, header("c").exists(d, a + b == d))) || true`, nil)
	if err != nil {
		t.Fatal(err)
	}
	many := strings.Split(strings.Repeat("x,", 60), ",")
	_, err = c.Eval(&condition.Input{Method: "GET", Host: "a", Headers: condition.HeaderFunc(func(string) []string { return many })})
	if err == nil {
		t.Fatal("the condition is not expensive enough to be stopped")
	}
	if got := letters(c.Outcomes(nil)); got != "TE" {
		t.Errorf("%s, want TE", got)
	}
}

// TestManyVariablesAreNotTriedForEver compares more variables than can be tried.
func TestManyVariablesAreNotTriedForEver(t *testing.T) {
	var parts []string
	for _, name := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
		parts = append(parts, `user.claims.`+name+` == "1"`)
	}
	c, err := condition.NewCompiler().Compile(strings.Join(parts, " && "), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := letters(c.Outcomes(nil)); got != "TFE" {
		t.Errorf("%s", got)
	}
}
