package format_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/postern/postern/policy/format"
	"github.com/postern/postern/policy/syntax"
	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

// TestScrambled writes each document of the corpus in other ways, with its fields in another order
// and with comments, and holds that the form says the same, and has each comment where it was.
func TestScrambled(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	g := syntax.Grammar()
	for name, text := range corpus(t) {
		want := documents(t, text)
		for range 1 + *tries/2_000 {
			s := &scrambler{random: random}
			for i, n := range nodes(t, text) {
				if i > 0 {
					s.b.WriteString("---\n")
				}
				s.fields(n, shapeOf(g, n), 0, "", "")
			}
			scrambled := s.b.String()
			if !reflect.DeepEqual(documents(t, scrambled), want) {
				t.Fatalf("%s: the test wrote another document:\n%s", name, scrambled)
			}
			got := source(t, name, scrambled)
			if !reflect.DeepEqual(documents(t, got), want) {
				t.Fatalf("%s:\n%s\nsays something else than\n%s", name, got, scrambled)
			}
			if comments := format.Remarks(got); !slices.Equal(inPlace(comments), inPlace(s.comments)) {
				t.Fatalf("%s:\n%s\nhas comments\n%q, want\n%q, from\n%s", name, got, comments, s.comments, scrambled)
			}
		}
	}
}

// inPlace sorts comments. Those above the first field of a document are the document's. What is
// beside an item in brackets may be above one in lines, and what is below a list in brackets below the
// last item of one in lines, which stands in the same column.
func inPlace(comments []format.Remark) []string {
	var all []string
	for _, c := range comments {
		if c.Place == "above /apiVersion" {
			c.Place = "document"
		}
		if strings.HasSuffix(c.Place, "/-") {
			c.Place = strings.Replace(c.Place, "beside ", "above ", 1)
			if strings.HasPrefix(c.Place, "below ") {
				c.Place = strings.TrimSuffix(c.Place, "/-")
			}
		}
		all = append(all, c.Place+" "+c.Text)
	}
	slices.Sort(all)
	return all
}

// A scrambler writes documents, and notes where its comments belong.
type scrambler struct {
	random   *rand.Rand
	b        strings.Builder
	comments []format.Remark
}

// chance is true once in n times.
func (s *scrambler) chance(n int) bool { return s.random.IntN(n) == 0 }

func (s *scrambler) comment(place string) string {
	c := fmt.Sprintf("# %d", len(s.comments))
	s.comments = append(s.comments, format.Remark{Place: place, Text: c})
	return c
}

// fields writes a mapping; lead stands before its first field.
func (s *scrambler) fields(n *tree.Node, v grammar.Value, column int, path, lead string) {
	order := make([]int, len(n.Items)/2)
	for i := range order {
		order[i] = 2 * i
	}
	if v.Object != nil {
		s.random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	for i, at := range order {
		key, value := &n.Items[at], &n.Items[at+1]
		name := path + "/" + key.Text
		place := "above " + name
		if path == "" && i == 0 {
			place = "document"
		}
		s.above(place, column, lead, i == 0)
		s.b.WriteString(s.spell(key, false) + ":")
		if s.value(value, below(v, key.Text), column, name, true) && i == len(order)-1 && path != "" {
			s.under(name, column)
		}
		lead = ""
	}
}

// above writes comments, and then what stands before a key or dash.
func (s *scrambler) above(place string, column int, lead string, first bool) {
	space := strings.Repeat(" ", column)
	if lead == "" {
		lead = space
	}
	if !first && s.chance(5) {
		s.b.WriteString(strings.Repeat("\n", 1+s.random.IntN(2)))
	}
	for s.chance(5) {
		s.b.WriteString(lead + s.comment(place) + "\n")
		lead = space
	}
	s.b.WriteString(lead)
}

// beside ends a line, often with a comment, which may go on below, if that is no place in which an
// entry could begin: to the right of least.
func (s *scrambler) beside(path string, least int) {
	if !s.chance(4) {
		s.b.WriteString("\n")
		return
	}
	text := s.b.String()
	column := len(text) - strings.LastIndex(text, "\n") - 1
	gap := 1 + s.random.IntN(4)
	s.b.WriteString(strings.Repeat(" ", gap) + s.comment("beside "+path) + "\n")
	for column > least && s.chance(4) {
		s.b.WriteString(strings.Repeat(" ", column+gap) + s.comment("beside "+path) + "\n")
	}
}

// under writes comments below an entry that is the last of its block.
func (s *scrambler) under(path string, column int) {
	for s.chance(5) {
		s.b.WriteString(strings.Repeat(" ", column) + s.comment("below "+path) + "\n")
	}
}

// value writes what stands behind a colon or a dash. It is true when that holds no other entries
// that a comment below could belong to.
func (s *scrambler) value(n *tree.Node, v grammar.Value, column int, path string, inField bool) bool {
	deeper := column + 1 + s.random.IntN(4)
	lead := "" // behind a dash something follows at once
	switch {
	case n.Kind == tree.Nothing:
		s.beside(path, deeper)
		return true
	case n.Kind == tree.Scalar || len(n.Items) == 0 || s.chance(3):
		text := s.flow(n, v)
		s.b.WriteString(" " + text)
		s.beside(path, deeper)
		return !strings.Contains(text, "\n")
	case inField:
		s.beside(path, deeper)
	default:
		deeper++
		lead = strings.Repeat(" ", deeper-column-1)
	}
	if n.Kind == tree.Mapping {
		s.fields(n, v, deeper, path, lead)
		return false
	}
	if inField && s.chance(2) {
		deeper = column
	}
	s.items(n, v, deeper, path, lead, deeper > column)
	return false
}

func (s *scrambler) items(n *tree.Node, v grammar.Value, column int, path, lead string, indented bool) {
	for i := range n.Items {
		name := path + "/-"
		s.above("above "+name, column, lead, i == 0)
		s.b.WriteString("-")
		if s.value(&n.Items[i], below(v, ""), column, name, false) && indented && i == len(n.Items)-1 {
			s.under(name, column)
		}
		lead = ""
	}
}

// flow writes a value on one line, or in brackets over several.
func (s *scrambler) flow(n *tree.Node, v grammar.Value) string {
	var parts []string
	switch n.Kind {
	case tree.Nothing:
		return ""
	case tree.Scalar:
		return s.spell(n, true)
	case tree.List:
		for i := range n.Items {
			parts = append(parts, s.flow(&n.Items[i], below(v, "")))
		}
	case tree.Mapping:
		for key, value := range n.Fields() {
			parts = append(parts, s.spell(key, true)+": "+s.flow(value, below(v, key.Text)))
		}
		if v.Object != nil {
			s.random.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		}
	}
	comma := []string{",", ", ", " ,  ", ",\n\n "}[s.random.IntN(4)]
	text := strings.Join(parts, comma)
	if len(parts) > 0 && s.chance(3) {
		text += comma
	}
	if n.Kind == tree.List {
		return "[" + text + "]"
	}
	return "{ " + text + "}"
}

// spell writes a scalar with quotes, or without them where it had none.
func (s *scrambler) spell(n *tree.Node, inFlow bool) string {
	plain := !n.Quoted && (!inFlow || !strings.ContainsAny(n.Text, ",[]{}?"))
	switch {
	case plain && (tree.TypeOf(n.Text) != tree.String || s.chance(2)):
		return n.Text
	case s.chance(2) && !strings.Contains(n.Text, "\n"):
		return "'" + strings.ReplaceAll(n.Text, "'", "''") + "'"
	}
	return strconv.Quote(n.Text)
}
