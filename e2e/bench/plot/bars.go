package plot

import (
	"fmt"
	"strconv"
)

// Bars are groups of bars side by side. Values[g][s] is that of series s in group g; one that
// is 0 or missing is not drawn.
type Bars struct {
	Chart
	Cut    float64 // 0: nowhere; bars that are higher end here and say how high they are
	Groups []string
	Series []string
	Values [][]float64
}

// SVG draws the bars.
func (b Bars) SVG() []byte {
	out := b.begin()
	most := 0.0
	for _, group := range b.Values {
		for _, v := range group {
			most = max(most, finite(v))
		}
	}
	cut := most
	if b.Cut > 0 {
		cut = min(most, b.Cut)
	}
	at := out.ordinate(cut)
	slot := float64(plotWidth) / float64(max(1, len(b.Groups)))
	thick := slot * 0.84 / float64(max(1, len(b.Series)))
	for g, name := range b.Groups {
		start := left + slot*float64(g) + slot*0.08
		out.text(left+slot*(float64(g)+0.5), top+plotHeight+18, "middle", name, "")
		if g >= len(b.Values) {
			continue
		}
		for s, v := range b.Values[g][:min(len(b.Values[g]), len(b.Series))] {
			if v = finite(v); v <= 0 {
				continue
			}
			x := start + thick*float64(s)
			fmt.Fprintf(out, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s"><title>%s, %s: %s</title></rect>`+"\n",
				number(x), number(at(min(v, cut))), number(thick*0.94), number(at(0)-at(min(v, cut))), color(s),
				escape(name), escape(b.Series[s]), strconv.FormatFloat(v, 'g', 4, 64))
			if v > cut {
				out.text(x+thick/2, at(cut)-4, "middle", strconv.FormatFloat(v, 'f', 1, 64), "")
			}
		}
	}
	out.legend(b.Series)
	return out.end()
}
