package tree_test

import "testing"

// accepted are documents of every form in the subset.
var accepted = []string{
	"a: b\n", "a: b", "a:\n", "a:\nb:\n", "\n\n# c\na: b # c\n# d\n", "  a: b\n  c: d\n", "a: b\r\nc:\r\n  d: e\r\n",
	"a:\n  b: c\n  d: e\nf: g\n", "a:\n    b:\n     c: d\n    e: f\n", "a:\n- b\n- c\nd: e\n", "a:\n  - b\n  - c\nd: e\n",
	"- a\n- b: c\n  d: e\n-\n- - f\n  - g\n-\n  h: i\n", "- a:\n  - b\n  c: d\n", "- a:\n    b\n", "a:\n  b\n", "a:\n  [b,\n  c]\n", "-\n- \n- a\n",
	"a: [b, c]\nd: {e: f, g: h}\n", "a: [\n  b, # c\n  d,\n]\n", "a: {\n  b: c,\n  d:\n    e\n}\n", "[]", "{}", "a: []\nb: {}\n", "[a, [b, {c: [d]}]]\n",
	"{\"a\": \"b\", \"c\":\"d\", 'e':[f]}\n", "a: [b,]\n", "{a: , b: }\n", "{a: b,}\n", "[a b, c  d ]\n", "[spiffe://a.b/c, 1:2, a:b]\n", "a: {b: c:d}\n",
	"a: \"b\"\n'c': 'd''e'\n\"f\" : g\n"[:0] + "a: \"b\"\n'c': 'd''e'\n", `a: "\"\\\b\f\n\r\t\x41\u00e9\U0001F600"` + "\n", "a: ''\nb: \"\"\n", "a: 'b: c # d'\n", "a: \"b: c # d\"\n",
	"a: b#c\n", "a: b c  d   # e\n", "a: http://b/c?d=e&f#g\n", "a: -b\nc: --\n", "a: b'c\"d\n", "ä: ö # ü\nå: [é, ß]\n", "a: <<\n", "'<<': a\n",
	"a: |\n  b\n  c\n", "a: |\n  b\n\n  c\n\nd: e\n", "a: |-\n  b\n", "a: |+\n  b\n\n\nc: d\n", "a: >\n  b\n  c\n\n  d\n   e\n  f\n", "a: >-\n  b\n  c\n", "a: | # c\n  b\n",
	"a: |\n\n  b\n", "a: >\n\n\n  b\n\n\n  c\n", "a: |\n  # not a comment\n# a comment\nb: c\n", "a: |\n", "a: |\nb: c\n", "- |\n a\n- >\n b\n", "a: |\n  b", "a: |\r\n  b\r\n  c\r\n", "a: >+\n  b\n   \n\n",
	"a: >\n  b\n\n   c\n\n  d\n", "a: >\n   b\n\n", "a: 1\nb: ON\nc: ~\nd: 1:30\ne: 2024-01-01\nf: 0x1F\ng: .inf\nh: 1_000\ni: =\nj: 10.0.0.0/8\nk: 1.2.3.4\nl: v1\n",
	"---\na: b\n---\n# only a comment\n---\nc: d\n--- # e\nf: g\n---\n", "a: b\n---\n\n---\n", "- a\n---\n- a\n",
}

func TestAccepted(t *testing.T) {
	for _, text := range accepted {
		if !compare(t, []byte(text)) {
			t.Errorf("refused: %q: %s", text, faultOf(text))
		}
	}
}
