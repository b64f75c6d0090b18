package plot

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Line is a series of points. X and Y have one length; what one has more is left out.
type Line struct {
	Name string
	X, Y []float64
}

// Lines are curves over a logarithmic axis, whose marks are the X of the points. A point whose
// X is not above 0 is left out.
type Lines struct {
	Chart
	Lines []Line
}

// SVG draws the lines.
func (l Lines) SVG() []byte {
	out := l.begin()
	var marks []float64
	most := 0.0
	names := make([]string, len(l.Lines))
	for i, line := range l.Lines {
		names[i] = line.Name
		for _, p := range line.points() {
			marks, most = append(marks, p[0]), max(most, p[1])
		}
	}
	aty := out.ordinate(most)
	slices.Sort(marks)
	marks = slices.Compact(marks)
	atx := abscissa(marks)
	for _, x := range marks {
		out.line(atx(x), top+plotHeight, atx(x), top+plotHeight+5, "#222")
		out.text(atx(x), top+plotHeight+18, "middle", strconv.FormatFloat(x, 'f', -1, 64), "")
	}
	for i, line := range l.Lines {
		var way strings.Builder
		for _, p := range line.points() {
			fmt.Fprintf(&way, "%s,%s ", number(atx(p[0])), number(aty(p[1])))
			fmt.Fprintf(out, `<circle cx="%s" cy="%s" r="3" fill="%s"/>`+"\n", number(atx(p[0])), number(aty(p[1])), color(i))
		}
		fmt.Fprintf(out, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.TrimSpace(way.String()), color(i))
	}
	out.legend(names)
	return out.end()
}

func (l Line) points() [][2]float64 {
	var all [][2]float64
	for i := range min(len(l.X), len(l.Y)) {
		if x := finite(l.X[i]); x > 0 {
			all = append(all, [2]float64{x, finite(l.Y[i])})
		}
	}
	return all
}

// abscissa returns where on the logarithmic axis a value is. A single mark is in the middle.
func abscissa(marks []float64) func(float64) float64 {
	if len(marks) < 2 {
		return func(float64) float64 { return left + plotWidth/2 }
	}
	first, last := math.Log(marks[0]), math.Log(marks[len(marks)-1])
	return func(v float64) float64 { return left + plotWidth*(math.Log(v)-first)/(last-first) }
}
