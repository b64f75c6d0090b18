package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/postern/postern/e2e/bench/front"
	"github.com/postern/postern/e2e/bench/load"
	"github.com/postern/postern/e2e/bench/plot"
	"github.com/postern/postern/e2e/bench/sample"
)

// figures draws what was measured, by the name of the file.
func (r *report) figures() map[string][]byte {
	all := map[string][]byte{}
	if len(r.cases(direct)) > 0 {
		all["direct.svg"] = r.drawDirect()
	}
	if len(r.cases(envoyed)) > 0 {
		all["envoy-latency.svg"] = r.drawThrough("Latency that a check adds (median), × the no-op's", p50)
		all["envoy-cpu.svg"] = r.drawThrough("CPU that a check adds to Envoy's own (Envoy and the server), × the no-op's", cpu)
	}
	for _, a := range axes() {
		if len(r.cases(a.part)) > 0 {
			all["grow-"+a.part+".svg"] = r.drawGrowth(a)
		}
	}
	return all
}

// cut ends the bars of OPA-Envoy, which would make all others small.
const cut = 2

func (r *report) drawDirect() []byte {
	bars := plot.Bars{
		Chart:  plot.Chart{Title: "CPU of the server for a check, × the no-op's", X: "16 checks in flight, asked directly", Y: "× no-op"},
		Cut:    cut,
		Series: []string{noop, floor, postern, norecords, opa},
	}
	if len(r.find(direct, caseMTLS, opa).values(cpu)) == 0 {
		bars.Series = bars.Series[:4]
	}
	for _, c := range [][2]string{
		{caseMTLS, "mTLS"}, {caseJWT, "JWT"}, {caseDeny, "deny"}, {caseWhen, "condition"}, {caseManyMTLS, "mTLS 10k"}, {caseManyJWT, "JWT 10k"},
	} {
		base := r.find(direct, c[0], noop)
		var values []float64
		for _, server := range bars.Series {
			values = append(values, sample.Summarize(sample.Ratios(r.find(direct, c[0], server).values(cpu), base.values(cpu))).Median)
		}
		bars.Groups, bars.Values = append(bars.Groups, c[1]), append(bars.Values, values)
	}
	return bars.SVG()
}

func (r *report) drawThrough(title string, of func(load.Round) time.Duration) []byte {
	bars := plot.Bars{Chart: plot.Chart{Title: title, X: "requests in flight, through Envoy", Y: "× no-op"}, Cut: cut}
	for _, server := range []string{noop, floor, postern, norecords, opa, front.Native} { // colors as in the other plot
		if slices.Contains(r.servers(envoyed), server) {
			bars.Series = append(bars.Series, server)
		}
	}
	for _, flight := range flights() {
		for _, c := range [][2]string{{caseMTLS, "mTLS"}, {caseJWT, "JWT"}} {
			name := caseThrough(c[0], flight)
			alone := r.find(envoyed, name, front.Alone)
			base := beyond(r.find(envoyed, name, noop), alone, of)
			var values []float64
			for _, server := range bars.Series {
				values = append(values, sample.Summarize(sample.Ratios(beyond(r.find(envoyed, name, server), alone, of), base)).Median)
			}
			bars.Groups, bars.Values = append(bars.Groups, fmt.Sprintf("%s, %d", c[1], flight)), append(bars.Values, values)
		}
	}
	return bars.SVG()
}

func (r *report) drawGrowth(a axis) []byte {
	lines := plot.Lines{Chart: plot.Chart{Title: "CPU of the server for a check, by " + a.label, X: a.label, Y: "µs"}}
	for _, server := range r.servers(a.part) {
		line := plot.Line{Name: server}
		for _, name := range r.cases(a.part) {
			if c := r.find(a.part, name, server); c != nil {
				line.X = append(line.X, c.X)
				line.Y = append(line.Y, float64(c.summary(cpu).Median)/float64(time.Microsecond))
			}
		}
		lines.Lines = append(lines.Lines, line)
	}
	return lines.SVG()
}
