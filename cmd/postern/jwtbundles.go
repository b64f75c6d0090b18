package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/postern/postern/extauthz/admin"
	"github.com/postern/postern/identity/jwtsvid"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/provider/trustdomain"
	"github.com/postern/postern/identity/trust"
)

// A bundleSource is where both kinds of bundles come from.
type bundleSource interface {
	trust.Source
	trust.JWTSource
}

// runJWTBundles feeds JWT bundles to the providers. Readiness does not depend on them, as it depends
// on no issuer.
func (s *sidecar) runJWTBundles(ctx context.Context) error {
	return s.source.RunJWT(ctx, func(next trust.JWTState) {
		before := s.jwt.Swap(&next)
		if before.Bundles != next.Bundles {
			s.users.Trust(next.Bundles)
		}
		s.reportJWTBundles(*before, next)
	})
}

// reportJWTBundles says what changed, and is loud about what is wrong where some provider needs it.
func (s *sidecar) reportJWTBundles(before, after trust.JWTState) {
	say := s.log.Debug
	if slices.ContainsFunc(s.users.Current().Status(), needsJWTBundle) {
		say = s.log.Warn
	}
	for _, p := range added(before.Problems, after.Problems) {
		say("JWT bundles: the last good ones serve, if there are any", zap.String("problem", p))
	}
	if before.Bundles == after.Bundles {
		return
	}
	for _, d := range after.Bundles.Domains() {
		if !slices.Contains(before.Bundles.Domains(), d) {
			s.log.Info("JWT bundle", jwtBundleFields(d)...)
		}
	}
}

func jwtBundleFields(d jwtsvid.Domain) []zap.Field {
	fields := []zap.Field{zap.String("trust_domain", d.Name), zap.Int("keys", d.Keys), zap.String("digest", hex.EncodeToString(d.Digest[:]))}
	if !d.Until.IsZero() {
		fields = append(fields, zap.Time("stale_from", d.Until))
	}
	return fields
}

func needsJWTBundle(p provider.Status) bool { return p.Kind == trustdomain.KindName }

// jwtParts says how the JWT bundles are, where some provider needs them. They are never missing: what
// fails without them is JWT-SVIDs, and nothing else.
func (s *sidecar) jwtParts() []admin.Part {
	var needed, wrong []string
	for _, p := range s.users.Current().Status() {
		if !needsJWTBundle(p) {
			continue
		}
		needed = append(needed, p.Keys.Issuer)
		if p.Keys.Error != "" {
			wrong = append(wrong, fmt.Sprintf("%s, for %s: %s", p.Keys.Issuer, p.Name, p.Keys.Error))
		}
	}
	switch {
	case len(needed) == 0:
		return nil
	case len(wrong) > 0:
		return []admin.Part{{
			Name: "JWT bundles", State: admin.Degraded, Detail: strings.Join(append(wrong, s.jwt.Load().Problems...), "; "),
			Remedy: "have the Workload API serve the trust domain's JWT bundle, or give a SPIFFE bundle (JSON) with its keys; until then its JWT-SVIDs get 503",
		}}
	}
	return []admin.Part{{Name: "JWT bundles", State: admin.OK, Detail: strings.Join(needed, ", ")}}
}
