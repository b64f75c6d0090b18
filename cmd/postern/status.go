package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/postern/postern/extauthz/admin"
	"github.com/postern/postern/extauthz/metrics"
	"github.com/postern/postern/identity/age"
	"github.com/postern/postern/identity/provider"
	"github.com/postern/postern/identity/trust"
)

// readiness says what is there of what a decision needs. It never depends on an issuer, which
// fails its own tokens and nothing else.
func (s *sidecar) readiness() admin.Readiness {
	parts := admin.Readiness{s.policyPart(), s.revocationPart(), s.trustPart(), s.servingPart(), s.recordPart()}
	return slices.Concat(parts, s.secrets.parts(), s.jwtParts())
}

func (s *sidecar) policyPart() admin.Part {
	const mend = "mend the documents; they are read again when they change"
	switch p := s.policy.known.Load(); {
	case p.digest == "" && p.err != nil:
		return admin.Part{Name: "policies", State: admin.Missing, Detail: p.err.Error(), Remedy: mend}
	case p.digest == "" && p.workload.IsZero():
		return admin.Part{
			Name: "policies", State: admin.Missing, Detail: "the workload to protect is not known yet",
			Remedy: "give --workload, or register this process with the Workload API",
		}
	case p.digest == "":
		return admin.Part{Name: "policies", State: admin.Missing, Detail: "not read yet"}
	case p.err != nil:
		detail := fmt.Sprintf("the newest were refused, and digest %.12s decides: %v", p.digest, p.err)
		return admin.Part{Name: "policies", State: admin.Degraded, Detail: detail, Remedy: mend}
	case p.unprotected:
		return admin.Part{
			Name: "policies", State: admin.Degraded, Detail: fmt.Sprintf("digest %.12s: no policy protects %s", p.digest, p.workload),
			Remedy: "name the workload in the workloads of a ServicePolicy; until then only onboarding lets a request in",
		}
	default:
		return admin.Part{Name: "policies", State: admin.OK, Detail: fmt.Sprintf("digest %.12s", p.digest)}
	}
}

func (s *sidecar) trustPart() admin.Part {
	state := s.trust.Load()
	lacks := state.Lacks(time.Now())
	switch {
	case slices.ContainsFunc(lacks, func(l string) bool { return strings.HasSuffix(l, trust.Unchosen) }):
		return admin.Part{
			Name: "trust bundles", State: admin.Missing, Detail: strings.Join(lacks, "; "),
			Remedy: "give --workload, with the identity of the workload that is protected",
		}
	case len(lacks) > 0:
		return admin.Part{
			Name: "trust bundles", State: admin.Missing, Detail: strings.Join(lacks, "; "),
			Remedy: "bring the Workload API or the bundle's file back; --workload-api and --trust-bundle say where they are looked for",
		}
	case len(state.Problems) > 0:
		return admin.Part{Name: "trust bundles", State: admin.Degraded, Detail: strings.Join(state.Problems, "; ")}
	default:
		return admin.Part{Name: "trust bundles", State: admin.OK, Detail: fmt.Sprintf("%d trust domains", state.Bundles.Len())}
	}
}

func (s *sidecar) servingPart() admin.Part {
	if s.draining.Load() {
		return admin.Part{Name: "serving", State: admin.Missing, Detail: "draining: the process was told to stop"}
	}
	return admin.Part{Name: "serving", State: admin.OK, Detail: s.flags.listen}
}

// recordPart is never missing: without requests no record would show that they are written again.
func (s *sidecar) recordPart() admin.Part {
	err := s.records.Losing()
	if err == nil {
		return admin.Part{Name: "records", State: admin.OK, Detail: s.flags.record}
	}
	remedy := "make room where they go, or have them read sooner, and send SIGHUP if the file was replaced; the next records show whether it helped"
	if s.flags.recordRequired {
		remedy += "; a request whose record is lost is refused"
	}
	return admin.Part{Name: "records", State: admin.Degraded, Detail: s.flags.record + ": being lost: " + err.Error(), Remedy: remedy}
}

// reportTrust is loud about what changed.
func (s *sidecar) reportTrust(before, after trust.State) {
	for _, p := range added(before.Problems, after.Problems) {
		s.log.Warn("trust bundles: the last good ones serve", zap.String("problem", p))
	}
	for _, m := range added(before.Missing, after.Missing) {
		s.log.Warn("trust bundles: not ready", zap.String("missing", m))
	}
	if before.Bundles == after.Bundles {
		return
	}
	for _, d := range after.Bundles.Domains() {
		fields := []zap.Field{
			zap.String("trust_domain", d.Name), zap.Int("authorities", d.Authorities), zap.String("digest", hex.EncodeToString(d.Digest[:])),
		}
		if !d.Until.IsZero() {
			fields = append(fields, zap.Time("stale_from", d.Until))
		}
		s.log.Info("trust bundle", fields...)
	}
}

// added returns what is in after and not in before.
func added(before, after []string) []string {
	known := map[string]bool{}
	for _, s := range before {
		known[s] = true
	}
	var all []string
	for _, s := range after {
		if !known[s] {
			all = append(all, s)
		}
	}
	return all
}

// snapshot is what is loaded, for /snapshot. It holds no secret.
func (s *sidecar) snapshot() any {
	type bundle struct {
		TrustDomain string    `json:"trust_domain"`
		Authorities int       `json:"authorities"`
		Digest      string    `json:"digest"`
		StaleFrom   time.Time `json:"stale_from,omitzero"`
	}
	out := struct {
		Version   string            `json:"version"`
		Workload  string            `json:"workload"`
		Digest    string            `json:"policy_digest"`
		LoadedAt  time.Time         `json:"policy_loaded_at,omitzero"`
		Policies  []string          `json:"policies"`
		Files     []string          `json:"files"`
		Routes    int               `json:"routes"`
		Rules     int               `json:"rules"`
		Bundles   []bundle          `json:"trust_bundles"`
		Providers []provider.Status `json:"providers"`
		Errors    []string          `json:"errors,omitempty"`

		Revocations revocationSnapshot `json:"revocations"`
	}{
		Version: buildVersion(), Workload: s.protected(), Revocations: s.revocationSnapshot(),
		Policies: []string{}, Files: []string{}, Bundles: []bundle{}, Providers: []provider.Status{}, // never null
	}
	if now := s.current.Load(); now != nil && now.Policy != nil {
		out.Digest = now.Digest
		out.Policies = append(out.Policies, now.Policy.Policies()...)
		out.Routes, out.Rules = now.Policy.Size()
		out.Providers = append(out.Providers, now.Users.Status()...)
	}
	for _, d := range s.trust.Load().Bundles.Domains() {
		out.Bundles = append(out.Bundles, bundle{d.Name, d.Authorities, hex.EncodeToString(d.Digest[:]), d.Until})
	}
	known := s.policy.known.Load()
	out.LoadedAt = known.at
	out.Files = append(out.Files, known.files...)
	if known.err != nil {
		out.Errors = lines(known.err)
	}
	return out
}

func (s *sidecar) bundleMetrics() []metrics.Bundle {
	var all []metrics.Bundle
	for _, d := range s.trust.Load().Bundles.Domains() {
		stale := !d.Until.IsZero() && age.Reached(d.Until, time.Now())
		all = append(all, metrics.Bundle{TrustDomain: d.Name, Authorities: d.Authorities, Stale: stale})
	}
	return all
}

func (s *sidecar) keyMetrics() []metrics.Keys {
	var all []metrics.Keys
	for _, p := range s.users.Current().Status() {
		if k := p.Keys; k != nil {
			all = append(all, metrics.Keys{Provider: p.Name, Keys: k.Keys, Had: k.FetchedAt, Fetched: k.Fetched, Failed: k.Failures})
		}
	}
	return all
}

// newLogger logs lines of JSON to out, and never a request's contents.
func newLogger(level zapcore.Level, out io.Writer) *zap.Logger {
	encoder := zap.NewProductionEncoderConfig()
	encoder.EncodeTime = zapcore.ISO8601TimeEncoder
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(encoder), zapcore.Lock(zapcore.AddSync(out)), level))
}
