package house_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A page is one document, in lines.
type page struct {
	name  string
	lines []string
}

func document(t *testing.T, name string) page {
	t.Helper()
	return page{name, strings.Split(read(t, filepath.Join(root(), name)), "\n")}
}

// blocks returns the fenced blocks of a language, each with the number of its first line.
func (p page) blocks(language string) map[int]string {
	all, start := map[int]string{}, -1
	for i, line := range p.lines {
		switch {
		case start < 0 && line == "```"+language:
			start = i + 1
		case start >= 0 && line == "```":
			all[start+1] = strings.Join(p.lines[start:i], "\n") + "\n"
			start = -1
		}
	}
	return all
}

// table returns the rows, as cells, of every table whose header has this text.
func (p page) table(t *testing.T, header string) [][]string {
	t.Helper()
	var rows [][]string
	found := false
	for i := 0; i < len(p.lines); i++ {
		if !strings.HasPrefix(p.lines[i], "|") || !strings.Contains(p.lines[i], header) {
			continue
		}
		found = true
		for i += 2; i < len(p.lines) && strings.HasPrefix(p.lines[i], "|"); i++ {
			cells := strings.Split(strings.Trim(p.lines[i], "|"), "|")
			for c := range cells {
				cells[c] = strings.TrimSpace(cells[c])
			}
			rows = append(rows, cells)
		}
	}
	if !found || len(rows) == 0 {
		t.Fatalf("%s has no table %q", p.name, header)
	}
	return rows
}

// codes returns what stands between backquotes.
func codes(cell string) []string {
	var all []string
	for i, part := range strings.Split(cell, "`") {
		if i%2 == 1 {
			all = append(all, part)
		}
	}
	return all
}

// same compares two lists without regard to order, and names what one has and the other has not.
func same(t *testing.T, what string, documented, real []string) {
	t.Helper()
	for _, s := range documented {
		if !slices.Contains(real, s) {
			t.Errorf("%s: %s is documented, and there is no such thing", what, s)
		}
	}
	for _, s := range real {
		if !slices.Contains(documented, s) {
			t.Errorf("%s: %s is not documented", what, s)
		}
	}
	if sorted := slices.Sorted(slices.Values(documented)); len(slices.Compact(sorted)) != len(documented) {
		t.Errorf("%s: something is documented twice", what)
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	for _, name := range pages(t) {
		for _, target := range links(read(t, filepath.Join(root(), name))) {
			if strings.Contains(target, "://") {
				continue
			}
			file, anchor, _ := strings.Cut(target, "#")
			path := filepath.Join(filepath.Dir(name), file)
			if file == "" {
				path = name
			}
			if _, err := os.Stat(filepath.Join(root(), path)); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, filepath.Join(root(), path))), anchor) {
				t.Errorf("%s: %s leads nowhere", name, target)
			}
		}
	}
}

// pages are those that people read, below the module: some at its root, and all in docs.
func pages(t *testing.T) []string {
	t.Helper()
	names := []string{"README.md", "SECURITY.md", "CHANGELOG.md"}
	err := filepath.WalkDir(filepath.Join(root(), "docs"), func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		name, err := filepath.Rel(root(), path)
		names = append(names, name)
		return err
	})
	if err != nil || len(names) < 10 {
		t.Fatal(names, err)
	}
	return names
}

func links(text string) []string {
	var all []string
	for _, part := range strings.Split(text, "](")[1:] {
		target, _, _ := strings.Cut(part, ")")
		all = append(all, target)
	}
	return all
}

// anchors returns those of the headings, as GitHub spells them.
func anchors(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		title, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !ok || !strings.HasPrefix(line, "#") {
			continue
		}
		keep := func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_':
				return r
			}
			return -1
		}
		all = append(all, strings.Map(keep, strings.ToLower(strings.TrimSpace(title))))
	}
	return all
}
