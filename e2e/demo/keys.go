package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// keyLead is how long the issuer publishes its next key before it signs with it. Postern asks for
// keys every 30 s in these policies (and never more often), so that it knows the key by then.
const keyLead = 33 * time.Second

// A nextKey is a key that was published and does not sign yet.
type nextKey struct {
	id   string
	from time.Time // when it signs
}

// publishNextKey begins a rotation of the issuer's keys. It comes early, since there is time to
// wait for, and ends in rotateKeys.
func (d *demo) publishNextKey(ctx context.Context) error {
	out, err := d.mesh.tool(ctx, "postern-dev", "rotate", "keys", "--dir", d.mesh.path("dev"), "--lead", keyLead.String())
	if err != nil {
		return err
	}
	var rotated struct {
		ID string `json:"kid"`
	}
	if err := json.Unmarshal([]byte(out), &rotated); err != nil {
		return err
	}
	d.next = nextKey{id: rotated.ID, from: time.Now().Add(keyLead)}
	return nil
}

// rotateKeys waits until the new key signs, and sends tokens of both.
func (d *demo) rotateKeys(ctx context.Context) error {
	d.title("Rotating the issuer's keys, under traffic")
	old := d.tokens["alice"][0]
	err := d.step("waiting until Postern has asked for the keys again, as it does every 30 s", func() error {
		for _, s := range []*service{d.mesh.web, d.mesh.orders} {
			if err := d.awaitKey(ctx, s); err != nil {
				return err
			}
		}
		return sleep(ctx, time.Until(d.next.from))
	})
	if err != nil {
		return err
	}
	fresh, err := d.mesh.login(ctx, "alice")
	if err != nil {
		return err
	}
	d.check(keyID(fresh) == d.next.id && keyID(old) != d.next.id, "alice logs in again: her token is signed by %s", keyID(fresh))
	for _, t := range []struct{ what, token string }{
		{"her new token, of the new key", fresh},
		{"her token from before, of the old key, which is published until what it signed has expired", old},
	} {
		o, err := d.mesh.send(ctx, request{to: "web", line: "GET /account/orders/1001", tokens: []string{t.token}})
		if err != nil {
			return err
		}
		d.check(o.status == 200, "GET /account/orders/1001, %s: %d, %s", t.what, o.status, o.record.Reason)
	}
	return nil
}

// awaitKey waits until a Postern has the new key.
func (d *demo) awaitKey(ctx context.Context, s *service) error {
	return await(ctx, s.postern, func() error {
		ids, err := s.keyIDs(ctx)
		if err == nil && !slices.Contains(ids, d.next.id) {
			err = fmt.Errorf("%s knows only the keys %s", s.name, strings.Join(ids, ", "))
		}
		return err
	})
}

// keyIDs returns the keys that Postern has of the issuer. It is an error when it has none.
func (s *service) keyIDs(ctx context.Context) ([]string, error) {
	page, err := s.page(ctx, "/snapshot")
	if err != nil {
		return nil, err
	}
	var snapshot struct {
		Providers []struct {
			Keys struct {
				IDs []string `json:"key_ids"`
			} `json:"keys"`
		} `json:"providers"`
	}
	if err := json.Unmarshal([]byte(page), &snapshot); err != nil {
		return nil, err
	}
	if len(snapshot.Providers) != 1 || len(snapshot.Providers[0].Keys.IDs) == 0 {
		return nil, errors.New("the issuer's keys are not there yet")
	}
	return snapshot.Providers[0].Keys.IDs, nil
}
