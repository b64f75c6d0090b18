package schema_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/postern/postern/policy/schema"
	"github.com/postern/postern/policy/syntax"
)

// examples returns every document that the documentation shows and the demo ships.
func examples(t testing.TB) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	root := "../.."
	for _, pattern := range []string{"e2e/demo/policies/*.yaml", "cmd/postern/starter/[a-z]*.yaml"} {
		for _, name := range glob(t, filepath.Join(root, pattern)) {
			found[name] = read(t, name)
		}
	}
	for _, pattern := range []string{"README.md", "docs/*.md", "docs/*/*.md"} {
		for _, name := range glob(t, filepath.Join(root, pattern)) {
			for i, block := range strings.Split(string(read(t, name)), "\n```yaml\n")[1:] {
				text, _, _ := strings.Cut(block, "\n```")
				if strings.Contains(text, "apiVersion: "+syntax.Grammar().APIVersion) {
					found[name+"#"+string(rune('a'+i))] = []byte(text + "\n")
				}
			}
		}
	}
	return found
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestExamples(t *testing.T) {
	s, documents := all(t), 0
	for name, text := range examples(t) {
		for _, in := range instances(text) {
			documents++
			if err := s.Validate(in.value); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			one, err := schema.Kind(in.value.(map[string]any)["kind"].(string))
			if err != nil {
				t.Fatal(err)
			}
			if err := compile(t, one).Validate(in.value); err != nil {
				t.Errorf("%s: by the schema of its kind: %v", name, err)
			}
		}
	}
	if documents < 12 {
		t.Errorf("%d documents", documents)
	}
}

// TestKind holds that the schema of one kind takes no document of another.
func TestKind(t *testing.T) {
	g := syntax.Grammar()
	for _, k := range g.Kinds {
		text, err := schema.Kind(k.Name)
		if err != nil {
			t.Fatal(err)
		}
		s := compile(t, text)
		for name, example := range examples(t) {
			for _, in := range instances(example) {
				if same := in.value.(map[string]any)["kind"] == k.Name; (s.Validate(in.value) == nil) != same {
					t.Errorf("%s by the schema of %s", name, k.Name)
				}
			}
		}
	}
	_, err := schema.Kind("ServicePolcy")
	const want = `there is no kind "ServicePolcy": the kinds are ServicePolicy, MeshPolicy, IdentityProvider, Revocation, PolicyTest`
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	if _, other := schema.OpenAPI("ServicePolcy"); other == nil || other.Error() != want {
		t.Errorf("got %v", other)
	}
}

// TestDescriptions holds that whoever hovers over a field is told something.
func TestDescriptions(t *testing.T) {
	sentence := regexp.MustCompile(`^(\p{Lu}|` + "`" + `).{5,200}\.$`)
	names := map[string]bool{}
	for _, o := range syntax.Grammar().Objects() {
		if names[o.What] || o.What == "" || !sentence.MatchString(o.Says) {
			t.Errorf("%q says %q, or stands there twice", o.What, o.Says)
		}
		names[o.What] = true
		for _, f := range o.Fields {
			if !sentence.MatchString(f.Says) {
				t.Errorf("%s of %s says %q", f.Name, o.What, f.Says)
			}
		}
	}
	if len(names) < 25 {
		t.Errorf("%d objects", len(names))
	}
}

// TestDefaults holds that what is written for a default is taken in its place.
func TestDefaults(t *testing.T) {
	shapes, defaults := map[string]any{}, map[string]any{} // by path
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if d, ok := v["default"]; ok {
				shapes[path], defaults[path] = v, d
			}
			for name, below := range v {
				walk(path+"/"+name, below)
			}
		case []any:
			for i, below := range v {
				walk(path+"/"+strconv.Itoa(i), below)
			}
		}
	}
	whole := decode(t, schema.All()).(map[string]any)
	walk("", whole)
	one := compile(t, encode(t, map[string]any{"$defs": whole["$defs"], "properties": shapes}))
	if err := one.Validate(defaults); err != nil || len(defaults) == 0 {
		t.Errorf("of %d defaults: %v", len(defaults), err)
	}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func decode(t testing.TB, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
