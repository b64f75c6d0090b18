package envoy

import (
	"encoding/json"
	"strconv"
	"time"
)

// text is a value from outside. The templates can only print it between quotes, as a JSON
// string, which YAML reads alike (YAML 1.2 section 1.3). Their data holds no other strings.
type text struct{ value string }

func (t text) String() string {
	quoted, err := json.Marshal(t.value)
	if err != nil {
		return `""`
	}
	return string(quoted)
}

// quote returns s to be printed between quotes, and nil, which a template takes for false, for "".
func quote(s string) *text {
	if s == "" {
		return nil
	}
	return &text{s}
}

// seconds prints a duration as Envoy reads it.
type seconds struct{ value time.Duration }

func (s seconds) String() string {
	return strconv.FormatFloat(s.value.Seconds(), 'f', -1, 64) + "s"
}

type addressView struct {
	Host, Path *text
	Port       uint16
}

type trustView struct{ Domain, File *text }

// A secretView is what is delivered to Envoy: from a file that it watches, or by Postern.
type secretView struct {
	Name, File *text
	Timeout    string // without File: how long Envoy waits for it at its start, 0s for ever
}

// tlsView is what both directions of TLS need. The secrets are nil where Envoy reads files once.
type tlsView struct {
	SVID, Key, Bundle, SVIDDir  *text
	Trust                       []trustView
	IdentitySecret, TrustSecret *secretView
}

type limitsView struct {
	AuthzTimeout, Timeout, MaxStreamDuration, MaxConnectionDuration seconds
	MaxConnections                                                  int
}

type view struct {
	tlsView
	limitsView
	Workload, Admin, SDS       *text
	Listen, App, Authz         addressView
	OptionalClients, WebSocket bool
	ClientCA, ClientCADir      *text
	AppProtocol                string // one of three constants
	CORS                       []*text
	Upstreams                  []upstreamView
}

type upstreamView struct {
	tlsView
	limitsView
	Listener               *text
	Listen, Address        addressView
	Discovery              string // STATIC or STRICT_DNS
	Authority, SNI, Server *text
}
