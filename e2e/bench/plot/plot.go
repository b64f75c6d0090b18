// Package plot draws the figures of a benchmark as SVG: bars that compare, and lines that show
// how a cost grows. It knows just what those two need, so the module needs no library for it.
//
// A picture looks the same on a light page and on a dark one: it brings its own background.
// The same chart gives the same bytes.
package plot

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Chart is what is drawn, with words for its axes. Texts may hold anything.
type Chart struct {
	Title string
	X, Y  string // what the axes are; Y has its unit
}

// The measures of a picture, in pixels.
const (
	width, height            = 810, 400
	left, right, top, bottom = 70, 230, 44, 56
	plotWidth, plotHeight    = width - left - right, height - top - bottom
)

// canvas collects elements.
type canvas struct{ strings.Builder }

// colors are told apart by people who see few colors, too (Okabe and Ito).
func color(i int) string {
	colors := [...]string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#777777", "#000000"}
	return colors[i%len(colors)]
}

func (c Chart) begin() *canvas {
	out := &canvas{}
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="12" fill="#222" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(out, "<title>%s</title>\n", escape(c.Title))
	fmt.Fprintf(out, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	out.text(left, 24, "start", c.Title, ` font-size="15"`)
	out.text(left+plotWidth/2, height-12, "middle", c.X, "")
	middle := float64(top + plotHeight/2)
	out.text(18, middle, "middle", c.Y, fmt.Sprintf(` transform="rotate(-90 18 %s)"`, number(middle)))
	return out
}

func (o *canvas) end() []byte {
	o.WriteString("</svg>\n")
	return []byte(o.String())
}

func (o *canvas) text(x, y float64, anchor, text, more string) {
	fmt.Fprintf(o, `<text x="%s" y="%s" text-anchor="%s"%s>%s</text>`+"\n", number(x), number(y), anchor, more, escape(text))
}

func (o *canvas) line(x1, y1, x2, y2 float64, color string) {
	fmt.Fprintf(o, `<line x1="%s" y1="%s" x2="%s" y2="%s" stroke="%s"/>`+"\n", number(x1), number(y1), number(x2), number(y2), color)
}

// legend names the series at the right.
func (o *canvas) legend(names []string) {
	for i, name := range names {
		y := float64(top + 10 + 18*i)
		fmt.Fprintf(o, `<rect x="%d" y="%s" width="12" height="12" fill="%s"/>`+"\n", left+plotWidth+14, number(y-10), color(i))
		o.text(left+plotWidth+32, y, "start", name, "")
	}
}

// ordinate draws the axis from 0 to at least most, and returns where a value is.
func (o *canvas) ordinate(most float64) func(float64) float64 {
	step := round(most / 5)
	count := math.Max(1, math.Ceil(most/step-1e-9))
	at := func(v float64) float64 { return top + plotHeight*(1-v/(step*count)) }
	for i := range int(count) + 1 {
		v := step * float64(i)
		o.line(left, at(v), left+plotWidth, at(v), "#ddd")
		o.text(left-8, at(v)+4, "end", strconv.FormatFloat(v, 'g', 6, 64), "")
	}
	return at
}

// round returns the least of 1, 2, 5, 10, … (and of 0.1, 0.2, 0.5, …) that is not below v, and 1
// for what is no size.
func round(v float64) float64 {
	if !(v > 0) || math.IsInf(v, 0) {
		return 1
	}
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, factor := range []float64{1, 2, 5} {
		if v <= unit*factor*(1+1e-9) {
			return unit * factor
		}
	}
	return unit * 10
}

// number writes a coordinate: a tenth of a pixel is enough.
func number(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(strings.ToValidUTF8(text, "?"))
}

// finite replaces what cannot be drawn by 0: no benchmark measures anything beyond 1e15.
func finite(v float64) float64 {
	if math.IsNaN(v) || math.Abs(v) > 1e15 {
		return 0
	}
	return v
}
