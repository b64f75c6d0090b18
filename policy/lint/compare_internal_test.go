package lint

import (
	"strings"
	"testing"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/policy/pattern"
	"github.com/postern/postern/policy/template"
)

// words returns every sequence of one to depth of the letters, behind a prefix.
func sequences(prefix string, letters []string, depth int) []string {
	if depth == 0 {
		return nil
	}
	var all []string
	for _, letter := range letters {
		one := prefix + "/" + letter
		all = append(append(all, one), sequences(one, letters, depth-1)...)
	}
	return all
}

// TestPatternsAgainstBruteForce compares what is said of two patterns with what they match, for
// every two of up to three segments.
func TestPatternsAgainstBruteForce(t *testing.T) {
	ids := append(sequences("spiffe://a", []string{"x", "y", "z"}, 4), sequences("spiffe://b", []string{"x"}, 2)...)
	var patterns []*id
	var matches [][]bool
	for _, text := range append(sequences("spiffe://a", []string{"x", "y", "*", "**"}, 3), "spiffe://b/x", "spiffe://b/**") {
		p, err := pattern.Parse(text)
		if err != nil {
			continue // "**" before the end
		}
		patterns = append(patterns, newID(text))
		var matched []bool
		for _, i := range ids {
			matched = append(matched, p.Match(i))
		}
		matches = append(matches, matched)
	}
	for n, a := range patterns {
		for m, b := range patterns {
			within, meets := true, false
			for i := range ids {
				within = within && (!matches[n][i] || matches[m][i])
				meets = meets || matches[n][i] && matches[m][i]
			}
			if got := a.within(b); got != within {
				t.Fatalf("%s within %s: %v, want %v", a.text, b.text, got, within)
			}
			if got := a.meets(b); got != meets {
				t.Fatalf("%s meets %s: %v, want %v", a.text, b.text, got, meets)
			}
			if meets {
				both := some(a.domain, common(a.segments, b.segments))
				if !parsed(t, a.text).Match(both) || !parsed(t, b.text).Match(both) {
					t.Fatalf("%s and %s do not both match %s", a.text, b.text, both)
				}
			}
		}
	}
}

func parsed(t *testing.T, text string) pattern.Pattern {
	t.Helper()
	p, err := pattern.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPathsAgainstBruteForce does the same for path templates.
func TestPathsAgainstBruteForce(t *testing.T) {
	segments := []string{"x", "y", "z", ""}
	var paths [][]string
	var templates []template.Template
	var matches [][]bool
	for _, text := range sequences("", segments, 4) {
		if !strings.Contains(text, "//") {
			paths = append(paths, strings.Split(text[1:], "/"))
		}
	}
	for _, text := range sequences("", []string{"x", "y", "", "{v}", "{r...}"}, 3) {
		for i := strings.Count(text, "{v}"); i > 1; i-- {
			text = strings.Replace(text, "{v}", "{v"+strings.Repeat("i", i)+"}", 1)
		}
		tpl, err := template.Parse(text)
		if err != nil {
			continue
		}
		templates = append(templates, tpl)
		var matched []bool
		for _, one := range paths {
			matched = append(matched, tpl.Match(one))
		}
		matches = append(matches, matched)
	}
	if len(templates) < 50 || len(paths) < 100 {
		t.Fatalf("%d templates, %d paths", len(templates), len(paths))
	}
	for n, a := range templates {
		for m, b := range templates {
			within, meets := true, false
			for i := range paths {
				within = within && (!matches[n][i] || matches[m][i])
				meets = meets || matches[n][i] && matches[m][i]
			}
			if got := a.Within(b); got != within {
				t.Fatalf("%s within %s: %v, want %v", a, b, got, within)
			}
			if got := a.Overlaps(b); got != meets {
				t.Fatalf("%s meets %s: %v, want %v", a, b, got, meets)
			}
		}
	}
}

// TestManyCallers takes the other way through sets, which large ones go.
func TestManyCallers(t *testing.T) {
	w := &world{known: map[string]*id{}}
	var few, many []*id
	for _, text := range sequences("spiffe://a", []string{"x", "y", "z"}, 3) {
		many = append(many, w.id(text))
	}
	few = append(few, many[3], many[7])
	small, large := newIDSet(few), newIDSet(many)
	wide := newIDSet([]*id{w.id("spiffe://a/**")})
	other := newIDSet([]*id{w.id("spiffe://b/x"), w.id("spiffe://a/x/*/z/z")})
	if large.exact == nil || !small.within(large) || large.within(small) || !large.within(wide) || wide.within(large) || other.within(large) {
		t.Error("within is wrong")
	}
	if !small.meets(large) || !large.meets(wide) || !wide.meets(large) || other.meets(large) || !other.meets(wide) {
		t.Error("meets is wrong")
	}
}

// TestAreas compares where routes and guardrails hold.
func TestAreas(t *testing.T) {
	paths := func(texts ...string) (all []template.Template) {
		for _, text := range texts {
			p, err := template.Parse(text)
			if err != nil {
				t.Fatal(text)
			}
			all = append(all, p)
		}
		return all
	}
	for name, tc := range map[string]struct {
		route, guard  area
		within, meets bool
	}{
		"everything":          {area{paths: paths("/a"), methods: []string{"GET"}}, area{}, true, true},
		"method":              {area{paths: paths("/a"), methods: []string{"GET"}}, area{methods: []string{"GET", "POST"}}, true, true},
		"some methods":        {area{paths: paths("/a"), methods: []string{"GET", "PUT"}}, area{methods: []string{"GET", "POST"}}, false, true},
		"other method":        {area{paths: paths("/a"), methods: []string{"PUT"}}, area{methods: []string{"GET"}}, false, false},
		"any method":          {area{paths: paths("/a")}, area{methods: []string{"GET"}}, false, true},
		"host":                {area{paths: paths("/a"), hosts: []string{"a"}}, area{hosts: []string{"a", "b"}}, true, true},
		"any host":            {area{paths: paths("/a")}, area{hosts: []string{"a"}}, false, true},
		"other host":          {area{paths: paths("/a"), hosts: []string{"c"}}, area{hosts: []string{"a"}}, false, false},
		"path":                {area{paths: paths("/a/b")}, area{paths: paths("/a/{x}")}, true, true},
		"wider path":          {area{paths: paths("/a/{x}")}, area{paths: paths("/a/b")}, false, true},
		"other path":          {area{paths: paths("/b")}, area{paths: paths("/a/{x...}")}, false, false},
		"a call as http":      {area{paths: paths("/s.S/M"), methods: []string{"POST"}, call: true}, area{paths: paths("/s.S/{m}")}, true, true},
		"service":             {area{paths: paths("/s.S/M", "/s.S/N"), call: true}, area{service: "s.S"}, true, true},
		"some calls":          {area{paths: paths("/s.S/M", "/s.S/N"), call: true}, area{service: "s.S", calls: []string{"M"}}, false, true},
		"every call":          {area{paths: paths("/s.S/{m}"), call: true}, area{service: "s.S", calls: []string{"M"}}, false, true},
		"other service":       {area{paths: paths("/s.T/M"), call: true}, area{service: "s.S"}, false, false},
		"http at a service":   {area{paths: paths("/s.S/M/x")}, area{service: "s.S"}, true, true},
		"deeper than a call":  {area{paths: paths("/s.S/M/x")}, area{service: "s.S", calls: []string{"M"}}, false, true},
		"http over a service": {area{paths: paths("/{x}/M")}, area{service: "s.S"}, false, true},
		"rest over a call":    {area{paths: paths("/{x...}")}, area{service: "s.S", calls: []string{"M"}}, false, true},
		"one segment":         {area{paths: paths("/{x}")}, area{service: "s.S", calls: []string{"M"}}, false, false},
		"calls alone":         {area{paths: paths("/s.S/M")}, area{service: "s.S", call: true}, false, true},
	} {
		if got := tc.route.within(&tc.guard); got != tc.within {
			t.Errorf("%s: within is %v", name, got)
		}
		if got := tc.route.meets(&tc.guard); got != tc.meets {
			t.Errorf("%s: meets is %v", name, got)
		}
	}
}

func TestWords(t *testing.T) {
	for name, want := range map[string]string{
		"user_id": "user id", "userId": "user id", "userID": "user id", "customer-accounts": "customer accounts", "X": "x", "a.b": "a b", "_a_": "a", "": "",
	} {
		if got := strings.Join(words(name), " "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestPositions(t *testing.T) {
	for _, text := range []string{"incident.yaml:7:5", "a:b.yaml:12:34"} {
		if got := positionOf(text).String(); got != text {
			t.Errorf("%s is read as %s", text, got)
		}
	}
	for _, text := range []string{"", "x", "Revocation/x:spec.entries[0]", "a.yaml:7", "a.yaml:0:5"} {
		if p := positionOf(text); p.Line != 0 || p.Source != text {
			t.Errorf("%q is read as %+v", text, p)
		}
	}
}

// subsets returns every subset of the words that has at least so many.
func subsets(least int, words ...string) [][]string {
	var all [][]string
	for bits := range 1 << len(words) {
		var one []string
		for i, word := range words {
			if bits>>i&1 == 1 {
				one = append(one, word)
			}
		}
		if len(one) >= least {
			all = append(all, one)
		}
	}
	return all
}

// matches returns every match over three values.
func matches() []match {
	var all []match
	for _, want := range subsets(1, "1", "2", "3") {
		all = append(all, match{false, want}, match{true, want})
	}
	return all
}

// heldBy says what a match means: docs/policy.md.
func (m *match) heldBy(have []string) bool {
	if m.all {
		return subset(m.want, have)
	}
	return intersects(m.want, have)
}

func TestMatchesAgainstBruteForce(t *testing.T) {
	for _, a := range matches() {
		for _, b := range matches() {
			want := true
			for _, have := range subsets(0, "1", "2", "3", "4") {
				want = want && (!a.heldBy(have) || b.heldBy(have))
			}
			if got := a.implies(&b); got != want {
				t.Errorf("%v implies %v: %v, want %v", a, b, got, want)
			}
		}
	}
	if (*match)(nil).implies(&match{false, []string{"1"}}) {
		t.Error("nothing implies something")
	}
}

// holds says what a demand on a header means: strict, no other value is tolerated.
func (h header) holds(have []string, strict bool) bool {
	if h.present != nil {
		return *h.present == (len(have) > 0)
	}
	return h.match.heldBy(have) && (!strict || subset(have, h.match.want))
}

func TestHeadersAgainstBruteForce(t *testing.T) {
	yes, no := true, false
	headers := []header{{present: &yes}, {present: &no}}
	for _, m := range matches() {
		headers = append(headers, header{match: &m})
	}
	for _, a := range headers {
		for _, b := range headers {
			for _, strict := range []bool{true, false} {
				want, apart := true, true
				for _, have := range subsets(0, "1", "2", "3", "4") {
					want = want && (!a.holds(have, strict) || b.holds(have, false))
					apart = apart && !(a.holds(have, true) && b.holds(have, true))
				}
				if got := a.within(b, strict, false); got != want {
					t.Errorf("%v (strict %v) within %v: %v, want %v", a, strict, b, got, want)
				}
				if got := a.apart(b); got != apart {
					t.Errorf("%v apart %v: %v, want %v", a, b, got, apart)
				}
			}
			want := true
			for _, have := range subsets(0, "1", "2", "3", "4") {
				want = want && (!a.holds(have, true) || b.holds(have, true))
			}
			if got := a.within(b, true, true); got != want {
				t.Errorf("%v within %v, both strict: %v, want %v", a, b, got, want)
			}
			if a.match != nil && b.match != nil && a.within(b, false, true) {
				t.Errorf("%v is said to be within the stricter %v", a, b)
			}
		}
	}
}

func TestUsersAreComparedFieldByField(t *testing.T) {
	one, two := &match{false, []string{"1"}}, &match{false, []string{"1", "2"}}
	a := user{providers: []string{"p"}, maxAge: 5}
	if !(&a).within(nil) || (*user)(nil).within(&a) || !(*user)(nil).within(nil) || !a.within(&a) {
		t.Error("no user is compared wrongly")
	}
	for i := range a.single {
		small, large := a, a
		small.single[i], large.single[i] = one, two
		if !small.within(&large) || large.within(&small) || a.within(&small) || !small.within(&a) {
			t.Errorf("single %d", i)
		}
		other := a
		other.single[i] = &match{false, []string{"3"}}
		if !small.apart(&other) || small.apart(&large) || small.apart(&a) || small.apart(nil) {
			t.Errorf("single %d apart", i)
		}
	}
	for i := range a.several {
		small, large := a, a
		small.several[i], large.several[i] = one, two
		if !small.within(&large) || large.within(&small) || a.within(&small) || !small.within(&a) || small.apart(&large) {
			t.Errorf("several %d", i)
		}
	}
	older, ageless, elsewhere := a, a, a
	older.maxAge, ageless.maxAge, elsewhere.providers = 6, 0, []string{"p", "q"}
	if !a.within(&older) || older.within(&a) || !a.within(&ageless) || ageless.within(&a) {
		t.Error("maxAge")
	}
	bound, other := a, a
	bound.bound, other.bound = identity.BoundMTLS, identity.BoundMTLS+1
	if !bound.within(&a) || a.within(&bound) || !bound.within(&bound) || bound.within(&other) {
		t.Error("bound")
	}
	if bound.apart(&a) || a.apart(&bound) || bound.apart(&bound) || !bound.apart(&other) {
		t.Error("bound apart")
	}
	if !a.within(&elsewhere) || elsewhere.within(&a) || a.apart(&elsewhere) || !a.apart(&user{providers: []string{"q"}}) {
		t.Error("providers")
	}
}
