package condition_test

import (
	"os"
	"strings"
	"testing"

	"github.com/postern/postern/policy/condition"
)

// TestTheCatalogIsWhole holds that every function has a description and can be used: one whose
// cost is not known would be refused wherever it stands.
func TestTheCatalogIsWhole(t *testing.T) {
	values := map[string]string{
		"string": `user.subject`, "int": `1`, "uint": `1u`, "double": `1.5`, "bool": `true`, "bytes": `b"a"`, "timestamp": `request.time`, "duration": `duration("1s")`,
		"net.IP": `source.ip`, "net.CIDR": `cidr("10.0.0.0/8")`, "dyn": `user.claims`, "list(A)": `user.roles`, "map(A, B)": `user.claims`, "A": `user.subject`, "V": `user.subject`,
		"list(V)": `user.roles`, "optional_type(V)": `optional.of("a")`, "list(optional_type(V))": `[optional.of("a")]`,
		"google.protobuf.Timestamp": `request.time`, "google.protobuf.Duration": `duration("1s")`,
	}
	seen := map[string]bool{}
	for _, f := range condition.Functions() {
		if f.Doc == "" || len(f.Forms) == 0 || seen[f.Name] {
			t.Errorf("%+v has no description or no form, or is there twice", f)
		}
		seen[f.Name] = true
		for _, form := range f.Forms {
			if strings.Contains(form, "CONDITION") || strings.Contains(form, "VALUE") || strings.Contains(form, "OPTIONAL") || f.Name == "has" {
				continue // a macro
			}
			text := use(t, f.Name, form, values)
			if _, err := condition.NewCompiler().Compile(text, nil); err != nil {
				t.Errorf("%s, as %s: %v", form, text, err)
			}
		}
	}
	for _, name := range []string{"header", "query", "has", "exists", "startsWith", "matches", "containsIP", "orValue", "getHours"} {
		if !seen[name] {
			t.Errorf("%s is not there", name)
		}
	}
}

// use writes a condition that uses a form of a function.
func use(t *testing.T, name, form string, values map[string]string) string {
	t.Helper()
	call, _, _ := strings.Cut(form, " -> ")
	target, list, _ := strings.Cut(call, name+"(")
	var args []string
	depth, start := 0, 0
	list = strings.TrimSuffix(list, ")")
	for i, r := range list + "," {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0 && i > start:
			of := strings.TrimSpace(list[start:i])
			start = i + 1
			value, ok := values[of]
			switch {
			case !ok:
				t.Errorf("%s: no value of type %s", form, of)
			case name == "matches" && len(args) == 1 || name == "matches" && target != "", name == "header", name == "query":
				value = `"x"`
			case strings.HasPrefix(name, "get"):
				value = `"UTC"`
			}
			args = append(args, value)
		}
	}
	if name == "matches" && target == "" {
		args = []string{`user.subject`, `"x"`}
	}
	if of := strings.TrimSuffix(target, "."); of != "" {
		if values[of] == "" {
			t.Errorf("%s: no value of type %s", form, of)
		}
		target = values[of] + "."
	}
	return "dyn(" + target + name + "(" + strings.Join(args, ", ") + `)) == "a"`
}

// TestTheManualNamesEverything holds that the package's documentation has every variable.
func TestTheManualNamesEverything(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range condition.Variables() {
		group, field, _ := strings.Cut(v.Name, ".")
		if v.Type == "" || v.Doc == "" || !strings.Contains(string(text), v.Name) && !strings.Contains(string(text), "."+field) {
			t.Errorf("%s.%s: type %q, %q", group, field, v.Type, v.Doc)
		}
		if _, err := condition.NewCompiler().Compile("dyn("+v.Name+`) == "a"`, nil); err != nil {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
	condition.Variables()[0].Name = "changed"
	condition.Functions()[0].Name = "changed"
	if condition.Variables()[0].Name != "request.method" || condition.Functions()[0].Name == "changed" {
		t.Error("whoever asks can change the lists")
	}
}
