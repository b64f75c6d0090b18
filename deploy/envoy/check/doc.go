// Package check names every setting of an Envoy configuration that weakens Postern.
//
// Read takes a bootstrap or the answer of Envoy's /config_dump, as YAML or JSON; Run holds it
// against the table that Rules returns. Each Finding says where the setting stands, what it
// permits and what to write instead. The rules are one small function each, a file a theme:
//
//	rules_tls.go      who may come in, and how that is proven
//	rules_xfcc.go     the header that carries the certificate chain
//	rules_http.go     how a request is read before Postern sees it
//	rules_authz.go    how Postern is asked, and what happens when it cannot be
//	rules_filters.go  what runs before and after the check
//	rules_routes.go   what a route changes
//	rules_secrets.go  which credentials go where
//	rules_process.go  what is outside the listeners, and what a file cannot show
//
// Where a rule cannot judge a setting it reports it: a value that it cannot read is never taken
// for the safe one.
package check
