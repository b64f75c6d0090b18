package sds

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/postern/postern/identity/svid"
)

// Names that are no SPIFFE IDs. The first three are those of SPIRE's agent.
const (
	Default = "default" // the workload's own certificate
	RootCA  = "ROOTCA"  // the bundle of its own trust domain
	All     = "ALL"     // every bundle
	Callers = "CALLERS" // every authority, for optional clients
)

// secretType is the only type of resource here.
const secretType = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"

// A resource is one secret, ready to be sent.
type resource struct {
	body    *anypb.Any
	digest  [sha256.Size]byte // of its name and of what is public in it
	expires time.Time         // not sent afterwards; zero: never
}

// A table is what a State has, by name. It is immutable.
type table struct {
	state  State
	byName map[string]resource
	nobody *x509.Certificate
}

// newTable makes every resource of a State, once for all streams.
func newTable(state State, nobody *x509.Certificate) (*table, error) {
	t := &table{state: state, byName: map[string]resource{}, nobody: nobody}
	if i := state.Identity; !i.IsZero() {
		for _, name := range []string{Default, i.id.String()} {
			secret := &tlsv3.Secret{Name: name, Type: &tlsv3.Secret_TlsCertificate{TlsCertificate: &tlsv3.TlsCertificate{
				CertificateChain: inline(i.chainPEM), PrivateKey: inline(i.keyPEM),
			}}}
			if err := t.add(secret, i.Expires(), i.chainPEM); err != nil {
				return nil, err
			}
		}
	}
	all := state.Bundles.All()
	if len(all) == 0 {
		return t, nil
	}
	var heap []*x509.Certificate
	for _, b := range all {
		heap = append(heap, b.Authorities()...)
		names := []string{b.TrustDomain().IDString()}
		if b.TrustDomain() == state.own() {
			names = append(names, RootCA)
		}
		for _, name := range names {
			if err := t.addContext(name, domainOf(b)); err != nil {
				return nil, err
			}
		}
	}
	var domains []domain
	for _, b := range all {
		domains = append(domains, domainOf(b))
	}
	if err := t.addContext(All, domains...); err != nil {
		return nil, err
	}
	return t, t.add(contextSecret(Callers, heapContext(heap)), time.Time{}, encode(heap))
}

// A domain is a trust domain, by name, with the PEM of its authorities.
type domain struct {
	name string
	pem  []byte
}

func domainOf(b svid.Bundle) domain { return domain{b.TrustDomain().Name(), encode(b.Authorities())} }

// addContext adds a validation context for Envoy's SPIFFE validator.
func (t *table) addContext(name string, domains ...domain) error {
	config := &tlsv3.SPIFFECertValidatorConfig{}
	var public []byte
	for _, d := range domains {
		config.TrustDomains = append(config.TrustDomains, &tlsv3.SPIFFECertValidatorConfig_TrustDomain{Name: d.name, TrustBundle: inline(d.pem)})
		public = append(append(append(public, d.name...), '\n'), d.pem...)
	}
	validator, err := pack(config)
	if err != nil {
		return err
	}
	return t.add(contextSecret(name, &tlsv3.CertificateValidationContext{
		CustomValidatorConfig: &corev3.TypedExtensionConfig{Name: "envoy.tls.cert_validator.spiffe", TypedConfig: validator},
	}), time.Time{}, public)
}

func heapContext(heap []*x509.Certificate) *tlsv3.CertificateValidationContext {
	return &tlsv3.CertificateValidationContext{TrustedCa: inline(encode(heap))}
}

func contextSecret(name string, c *tlsv3.CertificateValidationContext) *tlsv3.Secret {
	return &tlsv3.Secret{Name: name, Type: &tlsv3.Secret_ValidationContext{ValidationContext: c}}
}

func (t *table) add(secret *tlsv3.Secret, expires time.Time, public []byte) error {
	body, err := pack(secret)
	if err != nil {
		return err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", secret.GetName())
	h.Write(public)
	r := resource{body: body, expires: expires}
	h.Sum(r.digest[:0])
	t.byName[secret.GetName()] = r
	return nil
}

// pack marshals the same message to the same bytes: Envoy takes other bytes for a change. Its
// error quotes nothing of the message.
func pack(m proto.Message) (*anypb.Any, error) {
	body := &anypb.Any{}
	if err := anypb.MarshalFrom(body, m, proto.MarshalOptions{Deterministic: true}); err != nil {
		return nil, fmt.Errorf("sds: a %s cannot be marshalled", m.ProtoReflect().Descriptor().FullName())
	}
	return body, nil
}

func inline(pem []byte) *corev3.DataSource {
	return &corev3.DataSource{Specifier: &corev3.DataSource_InlineBytes{InlineBytes: pem}}
}

// find returns what is to be sent by a name. Of what is not there, held says that the client has
// one of before: it keeps a certificate, and what it believes is replaced.
func (t *table) find(name string, held bool, at time.Time) (resource, bool) {
	r, ok := t.byName[name]
	switch {
	case ok:
		return r, r.expires.IsZero() || !at.After(r.expires)
	case !held || !trustName(name) || t.state.Bundles.Len() == 0 || name == RootCA && t.state.own().IsZero():
		return resource{}, false
	}
	empty := table{byName: map[string]resource{}}
	if err := empty.addContext(name, domain{nobodyDomain, encode([]*x509.Certificate{t.nobody})}); err != nil {
		return resource{}, false
	}
	return empty.byName[name], true
}

// trustName says that a name can only be that of a bundle.
func trustName(name string) bool {
	if name == RootCA {
		return true
	}
	id, found := strings.CutPrefix(name, "spiffe://")
	if !found {
		return false
	}
	td, err := spiffeid.TrustDomainFromString(id)
	return err == nil && td.Name() == id
}

// version is that of an answer with these resources.
func version(list []resource) string {
	h := sha256.New()
	for _, r := range list {
		h.Write(r.digest[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
