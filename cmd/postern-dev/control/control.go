// Package control lets a developer, or a test, rotate keys on demand.
package control

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/postern/postern/cmd/postern-dev/authority"
	"github.com/postern/postern/cmd/postern-dev/form"
	"github.com/postern/postern/cmd/postern-dev/oidc"
)

// maxOverlap bounds lead and keep.
const maxOverlap = 24 * time.Hour

// A Control rotates what it holds.
type Control struct {
	Authority *authority.Authority
	Keys      *oidc.Keys
	Home      spiffeid.TrustDomain // whose CA rotates when nobody says
}

// Register adds to mux, with parameters in the query:
//
//	POST /dev/rotate-keys   ?lead=30s&keep=1h   the identity provider's signing key
//	POST /dev/rotate-ca     ?trust_domain=shop.test&lead=30s&keep=1h   a trust domain's CA and JWT key
//	POST /dev/rotate-svids  every X.509-SVID
//
// lead is how long the new one is published before its first use, keep how long the old one
// is published after its last. With keep=0s whatever it signed fails from then on.
func (c *Control) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /dev/rotate-keys", c.rotateKeys)
	mux.HandleFunc("POST /dev/rotate-ca", c.rotateCA)
	mux.HandleFunc("POST /dev/rotate-svids", c.rotateSVIDs)
}

func (c *Control) rotateKeys(w http.ResponseWriter, r *http.Request) {
	values, err := form.Query(r, "lead", "keep")
	if err != nil {
		refuse(w, err)
		return
	}
	lead, keep, err := overlap(values, c.Keys.Lead(), c.Keys.Keep())
	if err != nil {
		refuse(w, err)
		return
	}
	kid, err := c.Keys.Rotate(lead, keep)
	if err != nil {
		refuse(w, err)
		return
	}
	answer(w, map[string]string{"rotated": "keys", "kid": kid, "lead": lead.String(), "keep": keep.String()})
}

func (c *Control) rotateCA(w http.ResponseWriter, r *http.Request) {
	values, err := form.Query(r, "trust_domain", "lead", "keep")
	if err != nil {
		refuse(w, err)
		return
	}
	lead, keep, err := overlap(values, c.Keys.Lead(), c.Authority.Overlap())
	if err != nil {
		refuse(w, err)
		return
	}
	domain := c.Home
	if name := values.Get("trust_domain"); name != "" {
		if domain, err = spiffeid.TrustDomainFromString(name); err != nil {
			refuse(w, err)
			return
		}
	}
	if err := c.Authority.RotateCA(domain, lead, keep); err != nil {
		refuse(w, err)
		return
	}
	answer(w, map[string]string{"rotated": "ca", "trust_domain": domain.Name(), "lead": lead.String(), "keep": keep.String()})
}

func (c *Control) rotateSVIDs(w http.ResponseWriter, r *http.Request) {
	if _, err := form.Query(r); err != nil {
		refuse(w, err)
		return
	}
	if err := c.Authority.RotateSVIDs(); err != nil {
		refuse(w, err)
		return
	}
	answer(w, map[string]string{"rotated": "svids"})
}

func overlap(values form.Values, leadDefault, keepDefault time.Duration) (lead, keep time.Duration, err error) {
	if lead, err = values.Duration("lead", leadDefault, 0, maxOverlap); err != nil {
		return 0, 0, err
	}
	keep, err = values.Duration("keep", keepDefault, 0, maxOverlap)
	return lead, keep, err
}

func answer(w http.ResponseWriter, body map[string]string) { write(w, http.StatusOK, body) }

func refuse(w http.ResponseWriter, err error) {
	write(w, http.StatusBadRequest, map[string]string{"error": "invalid_request", "error_description": err.Error()})
}

func write(w http.ResponseWriter, code int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
