package admin

import (
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// Readiness is what a process has of what it needs to decide. The zero Readiness is not ready.
type Readiness []Part

// A Part is one of the things that a decision needs.
type Part struct {
	Name   string `json:"name"`
	State  State  `json:"state"`
	Detail string `json:"detail,omitempty"` // what is there, or what is wrong; no secrets
	Remedy string `json:"remedy,omitempty"` // what the operator can do
}

// State is how it is with a part.
type State uint8

// The states. The zero State is Missing.
const (
	Missing  State = iota // nothing can be decided without it
	Degraded              // there, but not as it should be: an update was refused, for one
	OK
)

// String returns the name that the pages show.
func (s State) String() string {
	switch s {
	case OK:
		return "ok"
	case Degraded:
		return "degraded"
	default:
		return "missing"
	}
}

// MarshalText returns the name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// OK says that there are parts, and none is missing.
func (r Readiness) OK() bool {
	for _, p := range r {
		if p.State != OK && p.State != Degraded {
			return false
		}
	}
	return len(r) > 0
}

// indent is a new line below the name of a part.
const indent = "\n          "

// String returns the verdict, and below it each part with its state.
func (r Readiness) String() string {
	var b strings.Builder
	b.WriteString(verdict(r.OK()) + "\n")
	for _, p := range r {
		text := p.Name
		if p.Detail != "" {
			text += ": " + p.Detail
		}
		if p.Remedy != "" {
			text += "\n" + p.Remedy
		}
		fmt.Fprintf(&b, "%-8s  %s\n", p.State, strings.ReplaceAll(text, "\n", indent))
	}
	return b.String()
}

func verdict(ready bool) string {
	if ready {
		return "ready"
	}
	return "not ready"
}

func (c Config) readyz(w http.ResponseWriter, r *http.Request) {
	var now Readiness
	if c.Ready != nil {
		now = c.Ready()
	}
	status := http.StatusOK
	if !now.OK() {
		status = http.StatusServiceUnavailable
	}
	if !wantsJSON(r.Header.Values("Accept")) {
		plain(w, status, now.String())
		return
	}
	document(w, status, struct {
		Ready bool   `json:"ready"`
		Parts []Part `json:"parts"`
	}{now.OK(), append([]Part{}, now...)})
}

// wantsJSON says that the client names JSON, and not plain text as something it likes as much
// or better (RFC 9110 section 12.5.1).
func wantsJSON(accept []string) bool {
	quality := map[string]float64{}
	for _, one := range strings.Split(strings.Join(accept, ","), ",") {
		kind, params, err := mime.ParseMediaType(one)
		if err != nil {
			continue
		}
		quality[kind] = 1
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil {
			quality[kind] = q
		}
	}
	return quality["application/json"] > quality["text/plain"]
}
