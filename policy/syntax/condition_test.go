package syntax_test

import (
	"strings"
	"testing"

	"github.com/postern/postern/policy/syntax"
)

// TestCondition holds where a condition stands, in every way to write one, and that it is plain
// only where an offset in its text is one in the file.
func TestCondition(t *testing.T) {
	const frame = "apiVersion: postern.dev/v1alpha1\nkind: ServicePolicy\nmetadata: {name: a, namespace: b}\nspec:\n  workloads: [spiffe://a.test/b]\n  deny:\n"
	for _, tc := range []struct {
		name, text string
		at, want   string
		plain      bool
	}{
		{"plain", "  - when: request.method == \"GET\"\n", "7:11", `request.method == "GET"`, true},
		{"behind other fields", "  - callers: [anyone]\n    when:   a == 'b'\n", "8:13", `a == 'b'`, true},
		{"behind bytes of UTF-8", "  - {name: a, headers: {x-a: ö}, when: a}\n", "7:41", "a", true},
		{"before a comment", "  - when: a == b  # c\n", "7:11", "a == b", true},
		{"before spaces", "  - when: a == b  \n", "7:11", "a == b", true},
		{"with a hash that is no comment", "  - when: a#b == c\n", "7:11", "a#b == c", true},
		{"on a line of its own", "  - when:\n      a == b\n", "8:7", "a == b", true},
		{"in brackets", "  - {when: a == b , shadow: true}\n", "7:12", "a == b", true},
		{"behind quotes", "  - \"when\": a == b\n", "7:13", "a == b", true},
		{"with a carriage return", "  - when: a == b\r\n", "7:11", "a == b", true},
		{"at the end of the file", "  - when: a == b", "7:11", "a == b", true},
		{"single quotes", "  - when: 'a == ''b'''\n", "7:11", "a == 'b'", false},
		{"single quotes around nothing special", "  - when: 'a == b'\n", "7:11", "a == b", false},
		{"double quotes", "  - when: \"a == \\\"b\\\"\"\n", "7:11", `a == "b"`, false},
		{"an escape that is a new line", "  - when: \"a ==\\nb\"\n", "7:11", "a ==\nb", false},
		{"a block", "  - when: |\n      a ==\n        b\n", "7:11", "a ==\n  b", false},
		{"a block with its last lines", "  - when: |+\n      a\n\n\n", "7:11", "a", false},
		{"a block without its last line", "  - when: |-\n      a\n", "7:11", "a", false},
		{"a block of carriage returns", "  - when: |\r\n      a ==\r\n      b\r\n", "7:11", "a ==\nb", false},
		{"a folded block", "  - when: >\n      a ==\n      b\n", "7:11", "a == b", false},
		{"a folded block of one line", "  - when: >-\n      a\n", "7:11", "a", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			documents := parse(t, frame+tc.text)
			all := conditions(documents[0])
			if len(all) != 1 {
				t.Fatalf("%d conditions", len(all))
			}
			got := all[0]
			if at := strings.TrimPrefix(got.Position.String(), "shop.yaml:"); at != tc.at || got.Text != tc.want || got.Plain != tc.plain {
				t.Errorf("got %q at %s, plain: %v", got.Text, at, got.Plain)
			}
			checkPlain(t, frame+tc.text, all)
		})
	}
}

// conditions returns every condition of a document.
func conditions(d syntax.Document) (all []*syntax.Condition) {
	add := func(rules ...syntax.Rule) {
		for _, r := range rules {
			if r.When != nil {
				all = append(all, r.When)
			}
		}
	}
	if p := d.ServicePolicy; p != nil {
		add(p.Deny...)
		for _, r := range p.Routes {
			add(r.Allow...)
			add(r.Deny...)
		}
	}
	if p := d.MeshPolicy; p != nil {
		for _, g := range p.Guardrails {
			if g.Deny != nil {
				add(*g.Deny)
			} else {
				add(*g.Require)
			}
		}
	}
	return all
}

// checkPlain holds that a plain condition stands in the text byte by byte from its position on.
func checkPlain(t *testing.T, text string, all []*syntax.Condition) {
	t.Helper()
	lines := strings.Split(text, "\n")
	for _, c := range all {
		line := lines[c.Position.Line-1]
		if c.Plain && !strings.HasPrefix(line[min(len(line), c.Position.Column-1):], c.Text) {
			t.Errorf("%v: %q does not stand there: %s", c.Position, c.Text, line)
		}
	}
}
