package main

import (
	"context"
	"encoding/hex"
	"slices"

	"go.uber.org/zap"

	"github.com/postern/postern/identity/jwtsvid"
	"github.com/postern/postern/identity/provider"
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

func needsJWTBundle(p provider.Status) bool { return p.Kind == jwtsvid.KindName }
