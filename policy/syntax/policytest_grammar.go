package syntax

import (
	"slices"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
	"github.com/postern/postern/policy/syntax/grammar"
)

// What the tables of PolicyTest say of strings.
var (
	idText         = &grammar.Scalar{Pattern: `^spiffe://[a-z0-9._-]+(/[A-Za-z0-9._-]+)+$`, Longest: maxText}
	castText       = &grammar.Scalar{Pattern: "^(" + labelPattern + `|spiffe://.*)$`, Longest: maxText, Examples: []string{nobody}}
	lineText       = &grammar.Scalar{Pattern: `^[^ ]+ .`, Longest: maxText, Examples: []string{"GET /"}}
	fullCallText   = &grammar.Scalar{Pattern: "^" + identPattern + `(\.` + identPattern + ")*/" + identPattern + "$", Longest: maxText}
	addressText    = &grammar.Scalar{Pattern: `^[0-9a-f.:]+$`, Longest: maxText}
	uuidText       = &grammar.Scalar{Pattern: uuid.String(), Longest: maxText}
	sentText       = &grammar.Scalar{Pattern: `^([^ ](.*[^ ])?)?$`, Longest: maxText, Empty: true}
	credentialText = &grammar.Scalar{Enum: namesOf(isBadCredential)}
	reasonText     = &grammar.Scalar{Enum: namesOf(isAnswer)}
	verdictText    = &grammar.Scalar{Enum: []string{allow, deny}}
	statusScalar   = &grammar.Scalar{Form: grammar.Integer, Least: leastStatus, Most: mostStatus}
)

// namesOf returns the names of the reasons that are so, sorted as they are declared.
func namesOf(is func(reason.Code) bool) []string {
	var names []string
	for i := range reason.Count {
		if code := reason.Code(i); is(code) {
			names = append(names, code.String())
		}
	}
	return names
}

// all is what a token's user has of one kind: there may be none.
func all(text *grammar.Scalar) grammar.Value {
	return grammar.Value{List: &grammar.List{Of: scalar(text), Unique: true}}
}

var policyTestShape = shapeOf(grammar.Object{
	What: "the spec of a PolicyTest",
	Says: "Requests to one workload, and what must come of them. The sidecar does not look at it.",
	Fields: []grammar.Field{
		{Name: "workload", Need: grammar.Required, Value: scalar(idText), Says: "The SPIFFE ID of the workload whose policy decides."},
		{Name: "time", Default: "2026-01-01T00:00:00Z", Value: scalar(timeScalar), Says: "The time of every request that names no other."},
		{Name: "host", Default: "host.invalid", Value: scalar(anyText), Says: "The host of every request that names no other."},
		{Name: "callers", Value: mapOf(labelText, textOr(idText, testCallerShape)), Says: "Names for SPIFFE IDs, which the tests use."},
		{Name: "users", Value: mapOf(labelText, mapping(testUserShape)), Says: "Names for users, which the tests use."},
		{Name: "tests", Need: grammar.Required, Value: grammar.Value{List: &grammar.List{Of: mapping(testShape), Least: 1}}, Says: "What is asked, and what must come of it."},
	},
})

var testActorShape = shapeOf(grammar.Object{
	What: "an actor",
	Says: "One who acts for the user (`act`, RFC 8693 section 4.1).",
	Fields: []grammar.Field{
		{Name: "subject", Need: grammar.Required, Value: scalar(anyText), Says: "The actor's subject."},
		{Name: "issuer", Value: scalar(anyText), Says: "Who speaks of the actor (`iss`)."},
		{Name: "client", Value: scalar(anyText), Says: "The actor's client (`client_id`)."},
	},
}).calls(map[string]string{"sub": "subject", "iss": "issuer", "client_id": "client"})

var testCallerShape = shapeOf(grammar.Object{
	What: "a caller",
	Says: "A workload that calls.",
	Fields: []grammar.Field{
		{Name: "id", Need: grammar.Required, Value: scalar(idText), Says: "Its SPIFFE ID, as a certificate proved it."},
		{Name: "serial", Value: scalar(serialText), Says: "The serial number of that certificate, for a Revocation to find."},
	},
})

var testUserShape = shapeOf(grammar.Object{
	What: "a user",
	Says: "What came of looking for a credential: a user who was proven, or a credential that is bad.",
	Fields: []grammar.Field{
		{Name: "provider", Value: scalar(subdomainText), Says: "The IdentityProvider that proves the user. Required of a user who was proven and is like nobody."},
		{Name: "like", Value: scalar(labelText), Says: "A user that stands above: this one has all of it but what it names itself."},
		{Name: "credential", Value: scalar(credentialText), Says: "Why the credential is bad: a reason. Nothing but the provider stands beside it."},
		{Name: "subject", Value: scalar(anyText), Says: "The user's subject. Left out: the user's name here."},
		{Name: "client", Value: scalar(anyText), Says: "The user's client."},
		{Name: "audiences", Value: all(anyText), Says: "All audiences of the token. Left out: the first that the provider takes."},
		{Name: "scopes", Value: all(scopeText), Says: "All scopes of the user."},
		{Name: "roles", Value: all(anyText), Says: "All roles of the user."},
		{Name: "acr", Value: scalar(acrText), Says: "The class of the login."},
		{Name: "amr", Value: all(anyText), Says: "All methods of the login."},
		{Name: "authAge", Value: scalar(durationScalar), Says: "How long before the request the login was. Left out: the token does not say."},
		{Name: "tokenAge", Default: "0s", Value: scalar(durationScalar), Says: "How long before the request the token was issued."},
		{Name: "bound", Value: scalar(boundText), Says: "What the token is bound to: `mtls`, the certificate of the caller. Without a caller it is refused (`token_binding`)."},
		{Name: "actors", Value: grammar.Value{List: &grammar.List{Of: mapping(testActorShape), Most: identity.MaxActors}}, Says: "Who acts for the user, the current one first, at most 4."},
		{Name: "keyID", Value: scalar(anyText), Says: "The `kid` of the key that signed the token."},
		{Name: "claims", Value: mapOf(anyText, grammar.Value{}), Says: "Claims of the token, as JSON has them. Those that the fields above say need not be repeated."},
	},
	Some: []string{"provider", "like", "credential"},
}).calls(map[string]string{"sub": "subject", "aud": "audiences", "kid": "keyID", "act": "actors", "cnf": "bound", "client_id": "client"})

var testShape = shapeOf(grammar.Object{
	What: "a test",
	Says: "One request and what must come of it, or what several cases have in common.",
	Fields: append([]grammar.Field{
		{Name: "name", Need: grammar.Required, Value: scalar(anyText), Says: "What it shows, in words; unique in its document."},
	}, append(slices.Clone(caseFields),
		grammar.Field{Name: "cases", Value: grammar.Value{List: &grammar.List{Of: mapping(caseShape), Least: 1}}, Says: "A table: each is a test of its own, with what it names in place of what is said here."},
	)...),
})

var caseShape = shapeOf(grammar.Object{
	What: "a case",
	Says: "One row of a table: what differs from the test that it stands in.",
	Fields: append([]grammar.Field{
		{Name: "name", Value: scalar(anyText), Says: "What is special about it; unique in its table."},
	}, caseFields...),
})

// caseFields are those of a test and of a case.
var caseFields = []grammar.Field{
	{Name: "request", Value: textOr(lineText, testRequestShape), Says: "`GET /orders/7`, or `grpc shop.v1.Payments/Charge`, or a mapping. In a case it replaces what it names."},
	{Name: "caller", Default: nobody, Value: scalar(castText), Says: "One of `callers`, a SPIFFE ID, or `none`."},
	{Name: "user", Default: nobody, Value: textOr(castText, testUserShape), Says: "One of `users`, a user written out, or `none`."},
	{Name: "time", Value: scalar(timeScalar), Says: "The time of the request."},
	{Name: "expect", Value: textOr(verdictText, expectShape), Says: "`allow`, `deny`, or a mapping."},
}

var testRequestShape = shapeOf(grammar.Object{
	What: "a request",
	Says: "What a request says. It has a method and a path, or it is a gRPC call.",
	Fields: []grammar.Field{
		{Name: "method", Value: scalar(anyText), Says: "Its method."},
		{Name: "path", Value: scalar(anyText), Says: "Its path, with its query, as it is sent."},
		{Name: "grpc", Value: scalar(fullCallText), Says: "The call in place of method and path, as in `shop.v1.Payments/Charge`: a `POST` over HTTP/2 of the content-type `application/grpc`."},
		{Name: "host", Value: scalar(anyText), Says: "Its host."},
		{Name: "headers", Value: testHeadersValue, Says: "Its headers. Credentials are said by `user`."},
		{Name: "http2", Value: scalar(booleanScalar), Says: "Whether it is sent over HTTP/2. Left out: true for a gRPC call, else false."},
		{Name: "upgrade", Value: scalar(anyText), Says: "The protocol that it asks to switch to: `websocket`."},
		{Name: "source", Value: scalar(addressText), Says: "The address that it comes from. Left out: not known, so that a deny that names a source denies."},
		{Name: "id", Value: scalar(uuidText), Says: "Its `x-request-id`."},
	},
	Some: []string{"method", "path", "grpc", "host", "headers", "http2", "upgrade", "source", "id"},
}).refuses(map[string]string{
	"query": "is a part of path: /orders?limit=5",
	"body":  "is not seen by any policy",
})

var testHeadersValue = mapOf(headerText, grammar.Value{
	Scalar: sentText, List: &grammar.List{Of: scalar(sentText), Least: 1},
})

var expectShape = shapeOf(grammar.Object{
	What: "expect",
	Says: "What must come of a request. What is not named may be anything.",
	Fields: []grammar.Field{
		{Name: "decision", Value: scalar(verdictText), Says: "`allow` or `deny`. A reason and a status say it, too."},
		{Name: "reason", Value: scalar(reasonText), Says: "The reason, as records have it."},
		{Name: "rule", Value: scalar(anyText), Says: "The rule that decides: its name, its place or the end of that (`orders.yaml:14:5`), or `none`."},
		{Name: "route", Value: scalar(anyText), Says: "The name of the route that the request goes to, or `none`."},
		{Name: "status", Value: scalar(statusScalar), Says: "The HTTP status of the answer; `200` for what is allowed."},
		{Name: "shadow", Value: scalar(verdictText), Says: "What the decision would be if the rules with `shadow` were enforced."},
	},
	Some: []string{"decision", "reason", "rule", "route", "status", "shadow"},
})
