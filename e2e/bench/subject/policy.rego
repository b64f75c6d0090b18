# What the benchmark's policies of Postern grant, for OPA-Envoy.
package postern

import rego.v1

default allow := false

http := input.attributes.request.http

caller := input.attributes.source.principal

path := split(trim_prefix(http.path, "/"), "/")

allow if {
	http.method == "GET"
	path[0] == "mtls"
	caller == data.bench.web
}

allow if {
	http.method == "GET"
	path[0] == "jwt"
	caller == data.bench.web
	scoped
}

allow if {
	http.method == "GET"
	path[0] == "owned"
	caller == data.bench.web
	scoped
	user.customer_id == path[1]
}

scoped if data.bench.scope in split(user.scope, " ")

# Envoy sends header fields raw: a list whose values are base64 in JSON.
authorization := value if {
	some field in http.headerMap.headers
	field.key == "authorization"
	value := base64.decode(field.rawValue)
}

user := claims if {
	[valid, _, claims] := io.jwt.decode_verify(trim_prefix(authorization, "Bearer "), {
		"cert": data.bench.jwks,
		"iss": data.bench.issuer,
		"aud": data.bench.audience,
	})
	valid
}
