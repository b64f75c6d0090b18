package admin

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config is what the pages show. The functions may be called at any time from several
// goroutines and must not wait.
type Config struct {
	Ready    func() Readiness
	Snapshot func() any          // anything that encodes as JSON, without secrets; New alone calls it
	Keys     func() []byte       // a JWK Set of public keys; nil: there is none to show
	Gatherer prometheus.Gatherer // required
	Addr     string              // the address that New is served at; its host is one that requests may name
}

// index lists the pages, one a line.
const index = `/healthz    200 while the process lives
/readyz     whether it can decide, and what is missing
/metrics    for Prometheus
/jwks.json  the keys that verify assertions for the workload
/snapshot   what is loaded, as JSON
`

// New returns a handler with every page.
func New(c Config) http.Handler {
	pages := c.status()
	pages.HandleFunc("GET /snapshot", c.snapshot)
	pages.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, index) })
	return secured(ownHost(c.Addr, pages))
}

// Status returns a handler with /healthz, /readyz, /metrics and /jwks.json alone. It takes any Host.
func Status(c Config) http.Handler {
	ready := c.Ready
	c.Ready = func() Readiness {
		var parts Readiness
		for _, p := range ready() { // details name files and quote documents
			parts = append(parts, Part{Name: p.Name, State: p.State})
		}
		return parts
	}
	return secured(c.status())
}

// Server returns a server for a handler, with limits on what a client may make it wait for.
func Server(handler http.Handler) *http.Server {
	s := &http.Server{
		Handler:                      handler,
		ReadHeaderTimeout:            5 * time.Second,
		ReadTimeout:                  10 * time.Second,
		WriteTimeout:                 30 * time.Second,
		IdleTimeout:                  5 * time.Second,
		MaxHeaderBytes:               16 << 10,
		DisableGeneralOptionsHandler: true,
	}
	s.SetKeepAlivesEnabled(false) // an idle connection is one that nobody else can have
	return s
}

// status returns the pages of Status. A pattern with GET also takes HEAD; to other methods
// ServeMux answers 405.
func (c Config) status() *http.ServeMux {
	pages := http.NewServeMux()
	pages.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	pages.HandleFunc("GET /readyz", c.readyz)
	pages.Handle("GET /metrics", promhttp.HandlerFor(c.Gatherer, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.ContinueOnError, // one bad series must not hide the others
		MaxRequestsInFlight: 8,
	}))
	pages.HandleFunc("GET /jwks.json", c.keys)
	return pages
}

// keys shows public keys, which a client may keep for a while: a key is published long before
// its first use, and one that is not known is a reason to ask again.
func (c Config) keys(w http.ResponseWriter, _ *http.Request) {
	if c.Keys == nil {
		plain(w, http.StatusNotFound, "there are no keys to show\n")
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json") // RFC 7517 section 8.5.2
	w.Header().Set("Cache-Control", "max-age=60")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(c.Keys()) // the client may be gone
}

func (c Config) snapshot(w http.ResponseWriter, _ *http.Request) {
	if c.Snapshot == nil {
		plain(w, http.StatusNotFound, "there is no snapshot to show\n")
		return
	}
	document(w, http.StatusOK, c.Snapshot())
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the client may be gone
}

// document answers with indented JSON. It is encoded whole first, so that a client never
// takes half of it for all.
func document(w http.ResponseWriter, status int, of any) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // nosniff keeps browsers from reading it as a page
	e.SetIndent("", "  ")
	if err := e.Encode(of); err != nil {
		plain(w, http.StatusInternalServerError, "this cannot be shown as JSON\n")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // the client may be gone
}
