package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// promise is how soon an edited policy is in force, and slow how soon it is on a machine that is busy, which
// the demo then says.
const (
	promise = time.Second
	slow    = 10 * promise
)

// The edits that the demo makes, one after the other, in the policy of orders.
func grantBatch() edit {
	const mobile = "spiffe://shop.test/ns/shop/sa/mobile]"
	return edit{"orders.yaml", mobile, strings.TrimSuffix(mobile, "]") + ", " + batchID + "]"}
}

func slip() edit { return edit{"orders.yaml", "scopes: orders:read}", "scope: orders:read}"} }

func (e edit) undo() edit { return edit{e.file, e.to, e.from} }

// editPolicy grants batch what it was refused in the table.
func (d *demo) editPolicy(ctx context.Context) error {
	d.title("Editing a policy")
	c, err := d.mesh.apply(grantBatch())
	if err != nil {
		return err
	}
	d.showChange(c)
	o, took, err := d.until(ctx, d.batch(), func(o outcome) bool { return o.status == 200 })
	if err != nil {
		return err
	}
	d.check(o.status == 200 && took < slow, "%s, for batch: 403, and 200 after %s by %s", d.batch().line, promised(took), o.record.Rule)
	return nil
}

// promised says how long something took, and that it was too long where it was.
func promised(took time.Duration) string {
	if took <= promise {
		return millis(took)
	}
	return fmt.Sprintf("%s (%s is promised, and kept by a machine that is not busy)", millis(took), seconds(promise))
}

// batch is what the edits are about.
func (d *demo) batch() request {
	return request{as: "batch", to: "orders", line: "GET /orders/1001", tokens: d.tokens["alice"]}
}

// until sends a request again and again until its outcome is as wanted, or until that has taken
// far too long. It returns the last outcome.
func (d *demo) until(ctx context.Context, r request, wanted func(outcome) bool) (outcome, time.Duration, error) {
	begun := time.Now()
	for {
		o, err := d.mesh.send(ctx, r)
		if took := time.Since(begun); err != nil || wanted(o) || took > 2*slow {
			return o, took, err
		}
	}
}

// breakPolicy makes a slip that would leave a rule without its condition, were it ignored.
func (d *demo) breakPolicy(ctx context.Context) error {
	d.title("Breaking it")
	good, err := d.mesh.send(ctx, d.batch())
	if err != nil {
		return err
	}
	c, err := d.mesh.apply(slip())
	if err != nil {
		return err
	}
	d.showChange(c)
	where := fmt.Sprintf("orders.yaml:%d:%d: ", c.line, c.column)
	page, took, err := d.untilReady(ctx, func(page string) bool { return strings.Contains(page, where) })
	if err != nil {
		return err
	}
	for _, l := range strings.Split(strings.TrimSpace(page), "\n") {
		d.line("    %s", d.in(dim, l))
	}
	d.check(strings.Contains(page, where) && took < slow, "/readyz says where it is wrong after %s", promised(took))
	for _, r := range []struct {
		who    string
		send   request
		status int
	}{
		{"batch", d.batch(), 200},
		{"alice", request{to: "web", line: "GET /account/orders/1001", tokens: d.tokens["alice"]}, 200},
		{"bob", request{to: "web", line: "POST /account/orders", tokens: d.tokens["bob"]}, 403},
	} {
		o, err := d.mesh.send(ctx, r.send)
		if err != nil {
			return err
		}
		d.check(o.status == r.status && o.record.PolicyDigest == good.record.PolicyDigest,
			"the last good policy decides, digest %.12s: %s, for %s: %d", o.record.PolicyDigest, r.send.line, r.who, o.status)
	}
	return nil
}

func (d *demo) showChange(c change) {
	d.line("  orders.yaml, line %d", c.line)
	d.line("  %s", d.in(red, "- "+c.before))
	d.line("  %s", d.in(green, "+ "+c.after))
}

// mendPolicy takes both edits back.
func (d *demo) mendPolicy(ctx context.Context) error {
	d.title("Mending it, and taking the first edit back")
	for _, e := range []edit{slip().undo(), grantBatch().undo()} {
		if _, err := d.mesh.apply(e); err != nil {
			return err
		}
	}
	o, took, err := d.until(ctx, d.batch(), func(o outcome) bool { return o.status == 403 })
	if err != nil {
		return err
	}
	d.check(o.status == 403 && took < slow, "%s, for batch: %d again after %s, %s", d.batch().line, o.status, promised(took), o.record.Reason)
	page, _, err := d.untilReady(ctx, func(page string) bool { return !strings.Contains(page, "degraded") })
	if err != nil {
		return err
	}
	d.check(!strings.Contains(page, "degraded"), "/readyz is content")
	return nil
}

// untilReady asks orders' Postern for /readyz until the page is as wanted. Postern is ready all
// the time: another status is an error.
func (d *demo) untilReady(ctx context.Context, wanted func(page string) bool) (string, time.Duration, error) {
	begun := time.Now()
	for {
		page, err := d.mesh.orders.page(ctx, "/readyz")
		if took := time.Since(begun); err != nil || wanted(page) || took > 2*slow {
			return page, took, err
		}
		time.Sleep(5 * time.Millisecond)
	}
}
