package main

import (
	"context"
	"fmt"
	"strings"
)

// columns returns the heads of the table.
func columns() []string {
	return []string{"who", "to", "request", "expected", "got", "by", "reason", "rule"}
}

// lastColumn, the rule, is as wide as it needs to be.
const lastColumn = 7

// showTable sends every example and shows a row for each.
func (d *demo) showTable(ctx context.Context) error {
	d.title("Requests (by: who decided; reason and rule: from its decision record)")
	all := examples()
	widths := widthsOf(all)
	d.line("%s", d.in(bold, row(widths, columns())))
	for _, e := range all {
		e.send.tokens = d.tokens[e.token]
		o, err := d.mesh.send(ctx, e.send)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		differs := e.differs(o, err)
		cells := []string{e.who, e.send.to, e.send.line, statusText(e.status), statusText(o.status), o.by, o.record.Reason, o.record.because()}
		if err != nil {
			cells[4], cells[5], cells[6], cells[7] = "error", "-", "-", "-"
		}
		text := row(widths, cells)
		if differs != "" {
			text += "  <-- " + differs
		}
		d.tally.note(differs == "", fmt.Sprintf("%s, %s %s: %s", e.who, e.send.to, e.send.line, differs))
		d.line("%s", d.paint(text, widths, e, differs))
	}
	return nil
}

// differs says in what an outcome is not as expected, "" when it is.
func (e example) differs(o outcome, err error) string {
	if err != nil {
		return err.Error()
	}
	var all []string
	for _, c := range []struct{ what, want, got string }{
		{"status", statusText(e.status), statusText(o.status)},
		{"decided by", e.by, o.by},
		{"reason", e.reason, o.record.Reason},
		{"rule", e.rule, o.record.RuleName},
		{"user at the app", e.user, o.saw.User},
	} {
		if c.want != c.got {
			all = append(all, fmt.Sprintf("%s %q, expected %q", c.what, c.got, c.want))
		}
	}
	return strings.Join(all, "; ")
}

func statusText(status int) string {
	if status == 0 {
		return "refused"
	}
	return fmt.Sprint(status)
}

// widthsOf returns how wide each column is, from what is expected in it.
func widthsOf(all []example) []int {
	widths := make([]int, lastColumn)
	widen := func(cells []string) {
		for i := range widths {
			widths[i] = max(widths[i], len(cells[i]))
		}
	}
	widen(columns())
	for _, e := range all {
		widen([]string{e.who, e.send.to, e.send.line, statusText(e.status), statusText(e.status), e.by, e.reason})
	}
	return widths
}

func row(widths []int, cells []string) string {
	var b strings.Builder
	for i, w := range widths {
		cell := cells[i]
		if cell == "" {
			cell = "-"
		}
		fmt.Fprintf(&b, "%-*s  ", w, cell)
	}
	last := cells[lastColumn]
	if last == "" {
		last = "-"
	}
	return b.String() + last
}

// paint colours what was got: it is as expected, or it is not.
func (d *demo) paint(text string, widths []int, e example, differs string) string {
	if differs != "" {
		return d.in(red, text)
	}
	from := 0
	for _, w := range widths[:4] {
		from += w + 2
	}
	to := from + widths[4]
	colour := green
	if e.status == 0 || e.status >= 400 {
		colour = yellow
	}
	return text[:from] + d.in(colour, text[from:to]) + text[to:]
}

// showHeaders shows what an app learns of who calls, and that nobody else can tell it that.
func (d *demo) showHeaders(ctx context.Context) error {
	d.title("What the orders app was told, by headers that no client can set")
	for _, send := range []request{
		{to: "web", line: "GET /account/orders/1001", tokens: d.tokens["alice"]},
		{as: "mobile", to: "orders", line: "GET /orders/1001", header: "x-postern-user: carol", tokens: d.tokens["alice"]},
	} {
		o, err := d.mesh.send(ctx, send)
		if err != nil {
			return err
		}
		caller := webID
		if send.as != "" {
			caller = mobileID
			d.line("  and when the client itself sends %s:", send.header)
		}
		saw := o.saw
		d.check(saw.Caller == caller && saw.User == "alice" && saw.Provider == "shop-idp" && saw.Scopes == "orders:read orders:write",
			"x-postern-caller: %s, x-postern-user: %s, x-postern-provider: %s, x-postern-scopes: %s",
			saw.Caller, saw.User, saw.Provider, saw.Scopes)
	}
	return nil
}
