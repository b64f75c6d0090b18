package admin

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// secured keeps browsers and caches from making more of a page than it is.
func secured(pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		pages.ServeHTTP(w, r)
	})
}

// ownHost refuses requests for a host that is not ours.
func ownHost(addr string, pages http.Handler) http.Handler {
	own := hostOf(addr)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isOurs(r.Host, own) {
			plain(w, http.StatusMisdirectedRequest, "this Host is not served here: use localhost or the IP address\n")
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// isOurs says that an authority names an address, localhost, which browsers resolve
// themselves, or our own host. No name server has a say in where these lead.
func isOurs(authority, own string) bool {
	host := hostOf(authority)
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	switch {
	case host == "", strings.ContainsAny(authority, "[]"): // brackets are for addresses
		return false
	default:
		return host == "localhost" || host == own
	}
}

// hostOf returns the host of an authority, in lower case, without port, brackets or trailing
// dot.
func hostOf(authority string) string {
	host, _, err := net.SplitHostPort(authority)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(authority, "["), "]")
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}
