package tree_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/deploy/envoy/tree"
)

func parse(t testing.TB, text string) *tree.Node {
	t.Helper()
	root, err := tree.Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestPositionsAndPaths(t *testing.T) {
	root := parse(t, "a:\n- b: 1\n- {c.d: x, e: [2, 3]}\n")
	for _, tc := range []struct {
		n    *tree.Node
		want string
	}{
		{root, "1:1 "},
		{root.Get("a"), "2:1 a"},
		{root.Get("a").List()[0].Get("b"), "2:6 a[0].b"},
		{root.Get("a").List()[1].Get("c.d"), `3:9 a[1]["c.d"]`},
		{root.Get("a").List()[1].Get("e").List()[1], "3:19 a[1].e[1]"},
		{root.Get("none", "at", "all"), "0:0 "},
	} {
		line, column := tc.n.Position()
		if got := fmt.Sprintf("%d:%d %s", line, column, tc.n.Path()); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
}

func TestFieldsAreFoundByEverySpelling(t *testing.T) {
	for _, text := range []string{"failure_mode_allow: true", "failureModeAllow: true", `{"failure_mode_allow": true}`, "{failureModeAllow: {value: true}}"} {
		if !parse(t, text).Get("failure_mode_allow").True() {
			t.Errorf("%s: not found", text)
		}
	}
	if n := parse(t, "accept_http_10: true").Get("acceptHttp10"); !n.True() || !n.Named("accept_http_10") {
		t.Error("accept_http_10 is not found as acceptHttp10")
	}
}

func TestBooleans(t *testing.T) {
	for text, want := range map[string]string{
		"true": "true known", "True": "true known", "TRUE": "true known", "yes": "true known", "y": "true known", "On": "true known",
		"false": "false known", "no": "false known", "N": "false known", "off": "false known",
		`"true"`: "true known", `'false'`: "false known", `"yes"`: "true unknown", `"n"`: "false unknown",
		"1": "false unknown", "null": "false unknown", "[true]": "false unknown", "{value: on}": "true known", "maybe": "false unknown",
	} {
		value, known := parse(t, "x: "+text).Get("x").Bool()
		got := map[bool]string{true: "true", false: "false"}[value] + map[bool]string{true: " known", false: " unknown"}[known]
		if got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	absent := parse(t, "{}").Get("x")
	if absent.True() || !absent.False() {
		t.Error("what is absent is not false")
	}
	if unreadable := parse(t, "x: maybe").Get("x"); unreadable.True() || unreadable.False() {
		t.Error("what cannot be read is taken for true or false")
	}
}

func TestNumbersDurationsEnums(t *testing.T) {
	root := parse(t, `{a: 5, b: "6", c: 1.5s, d: 200ms, e: "0s", f: -1s, g: x, h: 3, i: SANITIZE_SET, j: [1], k: {value: 7}, l: 1h2s}`)
	for name, want := range map[string]float64{"a": 5, "b": 6, "k": 7} {
		if got, known := root.Get(name).Number(); !known || got != want {
			t.Errorf("%s: %v, %v", name, got, known)
		}
	}
	for name, want := range map[string]time.Duration{"c": 1500 * time.Millisecond, "e": 0, "f": -time.Second} {
		if got, known := root.Get(name).Duration(); !known || got != want {
			t.Errorf("%s: %v, %v", name, got, known)
		}
	}
	for _, name := range []string{"d", "g", "j", "l", "absent"} {
		if got, known := root.Get(name).Duration(); known {
			t.Errorf("%s is read as the duration %s", name, got)
		}
		if got, known := root.Get(name).Number(); known {
			t.Errorf("%s is read as the number %v", name, got)
		}
	}
	if !root.Get("h").Is("SANITIZE_SET", 3) || !root.Get("i").Is("SANITIZE_SET", 3) || root.Get("a").Is("SANITIZE_SET", 3) || root.Get("absent").Is("SANITIZE", 0) {
		t.Error("an enum is read wrongly")
	}
}

func TestAny(t *testing.T) {
	for text, want := range map[string]string{
		`{"@type": type.googleapis.com/a.B, x: 1}`: "a.B 1",
		`{"@type": a.B, x: 1}`:                     "a.B 1",
		`{"@type": type.googleapis.com/xds.type.v3.TypedStruct, type_url: type.googleapis.com/a.B, value: {x: 1}}`: "a.B 1",
		`{"@type": type.googleapis.com/udpa.type.v1.TypedStruct, typeUrl: a.B, value: {x: 1}}`:                     "a.B 1",
		`{x: 1}`: " 1",
	} {
		name, value := parse(t, text).Any()
		if got := name + " " + value.Get("x").Text(); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestAliasesAreExpanded(t *testing.T) {
	root := parse(t, "a: &x {b: 1}\nc: *x\n")
	if got := root.Get("c", "b"); got.Text() != "1" || got.Path() != "c.b" {
		t.Errorf("%q at %q", got.Text(), got.Path())
	}
}

func TestNilNodes(t *testing.T) {
	var n *tree.Node
	n.Walk(func(*tree.Node) { t.Error("there is something to visit") })
	if n.Get("a") != nil || n.List() != nil || n.Fields() != nil || n.Text() != "" || n.Key() != "" || n.Parent() != nil || n.Named("") {
		t.Error("a nil node holds something")
	}
}

func TestWhatIsRefused(t *testing.T) {
	bomb := "a0: &a0 [x]\n"
	for i := 1; i < 12; i++ {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	for name, tc := range map[string]struct{ text, wrong string }{
		"nothing":                {"", "empty"},
		"a comment":              {"# nothing", "empty"},
		"two documents":          {"a: 1\n---\nb: 2\n", "more than one document"},
		"a key twice":            {"a: 1\nb: 2\na: 3\n", `f.yaml:3:1: "a" is given twice`},
		"two spellings":          {"fail_open: false\nfailOpen: true\n", "f.yaml:2:1"},
		"a merge key":            {"a: &x {b: 1}\nc: {<<: *x}\n", "merge keys"},
		"a key that is a list":   {"? [a]\n: 1\n", "plain name"},
		"a tag":                  {"a: !!str true\n", "the tag !!str"},
		"an alias to itself":     {"a: &a [*a]\n", "too deep"},
		"too deep":               {strings.Repeat("[", 200) + strings.Repeat("]", 200), "too deep"},
		"a bomb":                 {bomb, "too much"},
		"broken":                 {"a: [", "f.yaml"},
		"an alias of nothing":    {"a: *b\n", "f.yaml"},
		"too long":               {strings.Repeat("#", tree.MaxBytes+1), "at most"},
		"bytes that are no text": {"a: \xff\n", "f.yaml"},
	} {
		root, err := tree.Parse("f.yaml", []byte(tc.text))
		if root != nil || err == nil || !strings.Contains(err.Error(), tc.wrong) {
			t.Errorf("%s: %v, want %q", name, err, tc.wrong)
		}
	}
}

// FuzzParse: what was read is read again from its own JSON, to the same JSON.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"a: 1", `{"a": [true, "true", null, 1.5]}`, "a: &x [y]\nb: *x", "n: yes\nm: 'no'", "a: 0x10\nb: 1_000\nc: .inf\nd: 1e3",
		"a: |\n  text\n", "? a\n: b", "- - -", "a: 2001-01-01", "\"@type\": a/b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		root, err := tree.Parse("f.yaml", []byte(text))
		if err != nil {
			if root != nil {
				t.Error("an error and a tree")
			}
			return
		}
		once := root.JSON()
		again, err := tree.Parse("f.json", once)
		if err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		if twice := again.JSON(); string(twice) != string(once) {
			t.Errorf("%s became %s", once, twice)
		}
	})
}

func Example() {
	root, err := tree.Parse("envoy.yaml", []byte("static_resources:\n  listeners:\n  - name: inbound\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	name := root.Get("staticResources", "listeners").List()[0].Get("name")
	line, column := name.Position()
	fmt.Printf("%d:%d %s %s\n", line, column, name.Path(), name.Text())
	// Output: 3:11 static_resources.listeners[0].name inbound
}
