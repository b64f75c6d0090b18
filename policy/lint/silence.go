package lint

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/policy/syntax"
)

// mark is how a comment begins that silences findings.
const mark = "postern:allow"

// A silence is a comment that silences findings of some codes in one line.
type silence struct {
	at     syntax.Position
	line   int // in which findings are silenced; 0 for none
	codes  []Code
	reason string
	fault  string // what keeps it from working; "" when nothing does
	used   bool
}

// silencesIn finds the comments of a text. They are looked for in lines, not in YAML: a comment is
// what follows a # that stands alone or behind a space.
func silencesIn(source string, text []byte) []*silence {
	if !bytes.Contains(text, []byte(mark)) {
		return nil
	}
	lines := strings.Split(string(text), "\n")
	var all []*silence
	for n, line := range lines {
		before, words, found := strings.Cut(line, mark)
		hash := strings.TrimRight(before, " ")
		if !found || !strings.HasSuffix(hash, "#") || len(hash) > 1 && hash[len(hash)-2] != ' ' {
			continue
		}
		s := &silence{at: syntax.Position{Source: source, Line: n + 1, Column: len(hash)}, line: n + 1}
		if strings.TrimSpace(hash) == "#" {
			s.line = nextContent(lines, n+1)
		}
		s.read(words)
		all = append(all, s)
	}
	return all
}

// nextContent returns the number, from 1, of the line that comments directly above it are about,
// the first of which is at n, from 0; 0 when there is none.
func nextContent(lines []string, n int) int {
	for ; n < len(lines); n++ {
		switch line := strings.TrimSpace(lines[n]); {
		case line == "" || line == "---":
			return 0
		case line[0] != '#':
			return n + 1
		}
	}
	return 0
}

// read takes in the codes, with commas between them, and the reason.
func (s *silence) read(text string) {
	names, reason, _ := strings.Cut(strings.TrimSpace(text), " ")
	for strings.HasSuffix(names, ",") {
		var next string
		next, reason, _ = strings.Cut(strings.TrimSpace(reason), " ")
		names += next
		if next == "" {
			break
		}
	}
	names = strings.TrimSuffix(names, ":")
	s.reason = strings.TrimSpace(reason)
	for name := range strings.SplitSeq(names, ",") {
		code := Code(name)
		if _, known := checkOf(code); !known {
			s.fault = fmt.Sprintf("%q is no code of a finding: write # %s CODE: why", name, mark)
			return
		}
		if !silenceable(code) {
			s.fault = fmt.Sprintf("%s cannot be silenced", code)
			return
		}
		s.codes = append(s.codes, code)
	}
	if s.reason == "" {
		s.fault = fmt.Sprintf("say why this is meant so: write # %s %s: why", mark, names)
	}
}

// silenceable says that a comment may silence a code.
func silenceable(code Code) bool {
	return code != Invalid && code != BadSilence && code != UnusedSilence
}

// silence divides findings into those that stay and those that comments silence, and adds what is
// wrong with the comments.
func (r *runner) silence(findings []*Finding, all []*silence) *Report {
	report := &Report{}
	type place struct {
		source string
		line   int
	}
	at := map[place][]*silence{}
	for _, s := range all {
		if s.fault == "" && s.line > 0 {
			p := place{s.at.Source, s.line}
			at[p] = append(at[p], s)
		}
	}
	for _, f := range findings {
		near := slices.Concat(at[place{f.Position.Source, f.Position.Line}], at[place{f.around.Source, f.around.Line}])
		i := slices.IndexFunc(near, func(s *silence) bool { return slices.Contains(s.codes, f.Code) })
		if i < 0 {
			report.Findings = append(report.Findings, *f)
			continue
		}
		near[i].used = true
		f.Reason = near[i].reason
		report.Silenced = append(report.Silenced, *f)
	}
	for _, s := range all {
		r.judge(s, report)
	}
	report.Findings, report.Silenced = sorted(report.Findings), sorted(report.Silenced)
	return report
}

// judge adds what is wrong with a comment.
func (r *runner) judge(s *silence, report *Report) {
	f := Finding{Position: s.at, around: s.at}
	looked := !slices.ContainsFunc(s.codes, func(c Code) bool { return !r.looksFor(c) })
	switch {
	case s.fault != "":
		f.Code, f.Severity, f.Message = BadSilence, Warning, s.fault
	case !s.used && looked && !r.partial:
		f.Code, f.Severity, f.Message = UnusedSilence, Info, "there is nothing to silence in the line below, or beside this: take the comment out"
	default:
		return
	}
	if r.looksFor(f.Code) {
		report.Findings = append(report.Findings, f)
	}
}
