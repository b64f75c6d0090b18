//go:build !race && !e2e_twice

package extauthz_test

import (
	"context"
	"testing"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/extauthz/record"
	"github.com/postern/postern/identity/revocation"
)

// nothing keeps no record and counts nothing.
type nothing struct{ discard }

func (nothing) Keep(context.Context, *record.Record) bool { return true }

// TestTheHotPathTakesNoMemory: from the bytes of a check to those of its answer, a caller and a user
// who were verified before cost none, and neither does a refusal.
func TestTheHotPathTakesNoMemory(t *testing.T) {
	w := newRevokedWorld(t)
	w.current.Update(func(s *extauthz.Snapshot) { s.Revoked = &revocation.List{} })
	server := extauthz.New(extauthz.Config{Current: w.current, Records: nothing{}, Metrics: nothing{}, Log: zap.NewNop(), Now: time.Now})
	uuid := addHeader("x-request-id", "0b7f2d0e-8f8f-4b9e-9d5e-0d6f2b1b7a11")
	with := func(c *authv3.CheckRequest) *authv3.CheckRequest {
		uuid(c.GetAttributes())
		likeEnvoy(c.GetAttributes())
		return c
	}
	for name, c := range map[string]*authv3.CheckRequest{
		"anyone":          with(check(t, w.world, "")),
		"a caller":        with(check(t, w.world, web)),
		"a user":          with(w.with(t, "/mine")),
		"a user's scopes": with(w.with(t, "/either")),
		"an id of ours":   check(t, w.world, web),
		"a refusal":       with(check(t, w.world, web, setPath("/elsewhere"))),
	} {
		t.Run(name, func(t *testing.T) {
			if r := w.ask(t, c); allowed(r) != (name != "a refusal") {
				t.Fatal(r)
			}
			wire, err := proto.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			slice, ctx := mem.BufferSlice{mem.SliceBuffer(wire)}, t.Context()
			if n := testing.AllocsPerRun(200, func() {
				if !server.Decide(ctx, slice) {
					t.Fatal("left to generated code")
				}
			}); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}
