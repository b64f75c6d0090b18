package curl

// A use is what an option has to do with a request.
type use uint8

const (
	unknown use = iota
	shapes      // the request
	refused     // it shapes the request, by what is not known or has no place here
	nothing     // it does not shape the request
)

// An option is one of curl's, by its long name.
type option struct {
	name  string
	use   use
	value bool // it takes one
}

// longName returns the long name of a short option, "" when it is not known.
func longName(short byte) string {
	names := map[byte]string{
		'X': "request", 'H': "header", 'b': "cookie", 'd': "data", 'F': "form", 'G': "get", 'I': "head", 'T': "upload-file",
		'A': "user-agent", 'e': "referer", 'r': "range", '0': "http1.0", 'g': "globoff", 'E': "cert",
		'u': "user", 'n': "netrc", 'K': "config", ':': "next",
		'o': "output", 'w': "write-out", 'm': "max-time", 'x': "proxy", 'c': "cookie-jar", 'D': "dump-header", 'U': "proxy-user",
		'y': "speed-time", 'Y': "speed-limit",
		'k': "insecure", 's': "silent", 'S': "show-error", 'v': "verbose", 'i': "include", 'L': "location", 'f': "fail",
		'N': "no-buffer", '#': "progress-bar", 'O': "remote-name", 'J': "remote-header-name", '4': "ipv4", '6': "ipv6", '1': "tlsv1",
		'Z': "parallel", 'j': "junk-session-cookies", 'q': "disable", 'R': "remote-time",
	}
	return names[short]
}

// find returns what is known of an option by its long name.
func find(name string) option {
	switch name {
	case "request", "header", "cookie", "data", "data-ascii", "data-raw", "data-binary", "data-urlencode", "json",
		"form", "form-string", "url", "url-query", "request-target", "user-agent", "referer", "upload-file", "range", "oauth2-bearer", "cert":
		return option{name, shapes, true}
	case "get", "head", "http2", "http2-prior-knowledge", "http1.0", "http1.1", "compressed", "path-as-is", "globoff":
		return option{name, shapes, false}
	case "user", "config", "aws-sigv4", "delegation":
		return option{name, refused, true}
	case "next", "netrc", "netrc-optional", "http3", "http3-only", "http0.9":
		return option{name, refused, false}
	case "output", "write-out", "max-time", "connect-timeout", "retry", "retry-delay", "retry-max-time", "resolve", "connect-to",
		"cacert", "capath", "key", "cert-type", "key-type", "pass", "proxy", "proxy-user", "noproxy", "cookie-jar", "unix-socket",
		"abstract-unix-socket", "interface", "ciphers", "tls13-ciphers", "curves", "tls-max", "limit-rate", "trace", "trace-ascii",
		"stderr", "dump-header", "local-port", "dns-servers", "proto", "proto-default", "proto-redir", "keepalive-time", "speed-limit",
		"speed-time", "max-redirs", "max-filesize", "pinnedpubkey", "expect100-timeout", "output-dir", "crlfile", "parallel-max",
		"happy-eyeballs-timeout-ms", "rate", "engine", "egd-file", "socks5", "socks5-hostname":
		return option{name, nothing, true}
	case "insecure", "silent", "show-error", "verbose", "include", "show-headers", "location", "fail", "fail-with-body", "fail-early", "no-buffer",
		"progress-bar", "no-progress-meter", "remote-name", "remote-header-name", "remote-time", "create-dirs", "ipv4", "ipv6", "tcp-nodelay", "no-keepalive",
		"ssl-reqd", "tlsv1", "tlsv1.0", "tlsv1.1", "tlsv1.2", "tlsv1.3", "retry-connrefused", "retry-all-errors", "parallel", "raw", "no-alpn",
		"junk-session-cookies", "disable", "no-sessionid", "ssl-no-revoke", "tcp-fastopen", "http2-no-prior-knowledge", "location-trusted",
		"basic", "anyauth", "styled-output", "no-styled-output", "trace-time", "trace-ids", "cert-status", "false-start", "ca-native", "proxy-insecure":
		return option{name, nothing, false}
	}
	return option{name: name}
}

// refusal says why an option is refused.
func refusal(name string) string {
	switch name {
	case "user", "netrc", "netrc-optional":
		return "a password has no place here, and no IdentityProvider reads one: leave it out, and name a user"
	case "next":
		return "this begins a second request: give one"
	case "config":
		return "it names a file with more options: write them out"
	case "aws-sigv4":
		return "what it would sign the request with is not known: leave it out"
	default:
		return "a request of that kind is not read: leave it out"
	}
}
