package plot_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/postern/postern/e2e/bench/plot"
)

// elements returns how many of each there are, and all text. What is no XML fails the test.
func elements(t *testing.T, svg []byte) (counts map[string]int, texts []string) {
	t.Helper()
	counts = map[string]int{}
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return counts, texts
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			counts[token.Name.Local]++
		case xml.CharData:
			texts = append(texts, string(token))
		}
	}
}

func TestBars(t *testing.T) {
	b := plot.Bars{
		Chart:  plot.Chart{Title: "cost", X: "case", Y: "ratio"},
		Groups: []string{"mTLS", "JWT"}, Series: []string{"no-op", "floor", "Postern"},
		Values: [][]float64{{1, 0.7, 0.78}, {1, 0, 0.8}},
	}
	counts, texts := elements(t, b.SVG())
	if want := 1 + 3 + 5; counts["rect"] != want { // the background, the legend, and the bars but for the 0
		t.Errorf("%d rectangles, want %d", counts["rect"], want)
	}
	for _, want := range []string{"cost", "case", "ratio", "mTLS", "JWT", "no-op", "floor", "Postern", "mTLS, Postern: 0.78", "0.2", "1"} {
		if !slices.Contains(texts, want) {
			t.Errorf("no text %q among %q", want, texts)
		}
	}
	if !bytes.Equal(b.SVG(), b.SVG()) {
		t.Error("one chart, two pictures")
	}
}

// One bar that is far higher than the others does not make them too small to see.
func TestCut(t *testing.T) {
	b := plot.Bars{Groups: []string{"g"}, Series: []string{"low", "high"}, Values: [][]float64{{1, 12.64}}}
	for cut, want := range map[float64]struct {
		texts []string
		low   string
	}{
		0:  {[]string{"15"}, `height="20"`},
		2:  {[]string{"12.6", "2", "1.5"}, `height="150"`},
		20: {[]string{"15"}, `height="20"`},
	} {
		b.Cut = cut
		_, texts := elements(t, b.SVG())
		for _, text := range want.texts {
			if !slices.Contains(texts, text) {
				t.Errorf("cut %v: no %q among %q", cut, text, texts)
			}
		}
		if !strings.Contains(string(b.SVG()), want.low) {
			t.Errorf("cut %v: no bar of %s in\n%s", cut, want.low, b.SVG())
		}
	}
}

func TestLines(t *testing.T) {
	l := plot.Lines{Lines: []plot.Line{
		{Name: "no-op", X: []float64{10, 1000}, Y: []float64{50, 52}},
		{Name: "Postern", X: []float64{10, 100, 1000, 5}, Y: []float64{40, 41, 43}},
	}}
	counts, texts := elements(t, l.SVG())
	if counts["polyline"] != 2 || counts["circle"] != 5 {
		t.Errorf("%d lines and %d points", counts["polyline"], counts["circle"])
	}
	for _, want := range []string{"10", "100", "1000", "no-op", "Postern", "20", "60"} {
		if !slices.Contains(texts, want) {
			t.Errorf("no text %q among %q", want, texts)
		}
	}
	// On a logarithmic axis 100 is in the middle of 10 and 1000.
	for _, x := range []string{`cx="70"`, `cx="325"`, `cx="580"`} {
		if !strings.Contains(string(l.SVG()), x) {
			t.Errorf("no point at %s", x)
		}
	}
}

// What cannot be drawn is left out, and the picture is one all the same.
func TestOddCharts(t *testing.T) {
	hostile := plot.Chart{Title: `</title><script>"&'`, X: "a\xffb", Y: "<"}
	odd := []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, 0, math.MaxFloat64, 1e-300}
	for name, svg := range map[string][]byte{
		"no bars":     plot.Bars{Chart: hostile}.SVG(),
		"odd bars":    plot.Bars{Groups: []string{"<g>"}, Series: []string{"&", "b"}, Values: [][]float64{odd}}.SVG(),
		"few values":  plot.Bars{Groups: []string{"a", "b"}, Series: []string{"s", "t"}, Values: [][]float64{{1}}}.SVG(),
		"no lines":    plot.Lines{Chart: hostile}.SVG(),
		"one point":   plot.Lines{Lines: []plot.Line{{X: []float64{7}, Y: []float64{0}}}}.SVG(),
		"odd points":  plot.Lines{Lines: []plot.Line{{X: odd, Y: odd}, {X: []float64{1, 2}}}}.SVG(),
		"many series": plot.Bars{Series: strings.Split(strings.Repeat("s,", 40), ",")}.SVG(),
	} {
		counts, _ := elements(t, svg)
		if counts["svg"] != 1 || counts["script"] != 0 || bytes.Contains(svg, []byte("NaN")) || bytes.Contains(svg, []byte("Inf")) {
			t.Errorf("%s:\n%s", name, svg)
		}
	}
}

func ExampleBars() {
	svg := plot.Bars{
		Chart:  plot.Chart{Title: "CPU of a check", X: "case", Y: "× no-op"},
		Groups: []string{"mTLS"}, Series: []string{"no-op", "Postern"}, Values: [][]float64{{1, 0.75}},
	}.SVG()
	for line := range strings.Lines(string(svg)) {
		if strings.Contains(line, "mTLS, ") {
			fmt.Print(line)
		}
	}
	// Output:
	// <rect x="110.8" y="44" width="201.3" height="300" fill="#0072b2"><title>mTLS, no-op: 1</title></rect>
	// <rect x="325" y="119" width="201.3" height="225" fill="#d55e00"><title>mTLS, Postern: 0.75</title></rect>
}
