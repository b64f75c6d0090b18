package report

import (
	"encoding/xml"
	"io"
	"strings"

	"github.com/postern/postern/policy/suite"
)

// JUnit writes the results in the XML that CI systems read: a testsuite for each document.
func JUnit(w io.Writer, results []suite.Result) error {
	root := junitRoot{Name: "postern test"}
	for i := range results {
		r := &results[i]
		c := junitCase{
			Name: strings.TrimPrefix(r.Name, r.Suite+": "), Class: r.Suite,
			File: r.Position().Source, Line: r.Position().Line,
		}
		s := root.suite(r.Suite)
		root.Tests++
		s.Tests++
		if !r.Passed() {
			root.Failures++
			s.Failures++
			text := append([]string{r.Position().String()}, Reasons(r)...)
			c.Failure = &junitFailure{Difference(r), "unexpected decision", strings.Join(text, "\n")}
		}
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(root); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

type junitRoot struct {
	XMLName  xml.Name      `xml:"testsuites"`
	Name     string        `xml:"name,attr"`
	Tests    int           `xml:"tests,attr"`
	Failures int           `xml:"failures,attr"`
	Suites   []*junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr"`
	Failure *junitFailure `xml:"failure"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// suite returns the testsuite of a document. Results of one document come together.
func (r *junitRoot) suite(name string) *junitSuite {
	if n := len(r.Suites); n > 0 && r.Suites[n-1].Name == name {
		return r.Suites[n-1]
	}
	s := &junitSuite{Name: name}
	r.Suites = append(r.Suites, s)
	return s
}
