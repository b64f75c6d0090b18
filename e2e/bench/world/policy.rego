# The rules that are asked for, as Policies writes them for Postern. They name the path in the
# place where OPA can index rules by it.
package postern

import rego.v1

default allow := false

allow if {
	input.parsed_path[0] == "mtls"
	input.parsed_path[1] == "orders"
	count(input.parsed_path) == 3
	from_web
}

allow if {
	input.parsed_path[0] == "jwt"
	input.parsed_path[1] == "orders"
	count(input.parsed_path) == 3
	from_web
	data.bench.scope in scopes
}

allow if {
	input.parsed_path[0] == "owned"
	input.parsed_path[2] == "orders"
	count(input.parsed_path) == 3
	from_web
	data.bench.scope in scopes
	user.customer_id == input.parsed_path[1]
}

from_web if {
	input.attributes.request.http.method == "GET"
	input.attributes.source.principal == data.bench.web
}

scopes := split(user.scope, " ")

authorization := input.attributes.request.http.headers.authorization

user := claims if {
	[valid, _, claims] := io.jwt.decode_verify(trim_prefix(authorization, "Bearer "), {
		"cert": data.bench.jwks,
		"iss": data.bench.issuer,
		"aud": data.bench.audience,
	})
	valid
}
