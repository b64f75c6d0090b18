package main

import "slices"

// An example is one request of the table, and what must come of it.
type example struct {
	who    string
	send   request
	token  string // whose, or which: a name of tokens
	status int    // 0: the handshake is refused
	by     string // who decides
	reason string
	rule   string // the name of the rule that decides; "" for none
	user   string // whom the app must take it for; "" where none is reached or nobody is named
}

// examples are the rows of the table. The policies that decide are in the folder policies.
func examples() []example {
	return slices.Concat(atTheFrontDoor(), withBadTokens(), atOrders())
}

// atTheFrontDoor are people's: web calls orders for them, and passes their token on.
func atTheFrontDoor() []example {
	return []example{
		{who: "alice", send: request{to: "web", line: "GET /account/orders/1001"}, token: "alice",
			status: 200, by: "orders", reason: "allowed", rule: "person-reads", user: "alice"},
		{who: "alice", send: request{to: "web", line: "POST /account/orders"}, token: "alice",
			status: 201, by: "orders", reason: "allowed", rule: "person-orders", user: "alice"},
		{who: "bob, may only read", send: request{to: "web", line: "POST /account/orders"}, token: "bob",
			status: 403, by: "orders", reason: "not_granted"},
		{who: "alice, no admin", send: request{to: "web", line: "GET /account/orders/export"}, token: "alice",
			status: 403, by: "orders", reason: "not_granted"},
		{who: "carol, admin", send: request{to: "web", line: "GET /account/orders/export"}, token: "carol",
			status: 200, by: "orders", reason: "allowed", rule: "admin-exports", user: "carol"},
		{who: "alice", send: request{to: "web", line: "POST /account/orders/1001/refund"}, token: "alice",
			status: 403, by: "orders", reason: "not_granted"},
		{who: "carol, by password", send: request{to: "web", line: "POST /account/orders/1001/refund"}, token: "carol, by password",
			status: 401, by: "orders", reason: "step_up_required"},
		{who: "carol, an hour ago", send: request{to: "web", line: "POST /account/orders/1001/refund"}, token: "carol, an hour ago",
			status: 401, by: "orders", reason: "step_up_required"},
		{who: "carol, by MFA, now", send: request{to: "web", line: "POST /account/orders/1001/refund"}, token: "carol",
			status: 201, by: "orders", reason: "allowed", rule: "fresh-login-refunds", user: "carol"},
		{who: "nobody", send: request{to: "web", line: "GET /account/orders/1001"},
			status: 401, by: "web", reason: "credential_missing"},
		{who: "nobody", send: request{to: "web", line: "GET /healthz"},
			status: 200, by: "web", reason: "allowed", rule: "probes"},
	}
}

// withBadTokens are those of a client that got hold of something, or made it.
func withBadTokens() []example {
	return []example{
		{who: "alice, expired", send: request{to: "web", line: "GET /account/orders/1001"}, token: "expired",
			status: 401, by: "web", reason: "token_expired"},
		{who: "alice, for billing", send: request{to: "web", line: "GET /account/orders/1001"}, token: "for another audience",
			status: 401, by: "web", reason: "token_audience"},
		{who: "alice, forged key", send: request{to: "web", line: "GET /account/orders/1001"}, token: "forged",
			status: 401, by: "web", reason: "token_signature"},
		{who: "alice, alg none", send: request{to: "web", line: "GET /account/orders/1001"}, token: "alg none",
			status: 401, by: "web", reason: "token_malformed"},
		{who: "alice and carol", send: request{to: "web", line: "GET /account/orders/1001"}, token: "two",
			status: 401, by: "web", reason: "credential_duplicate"},
	}
}

// atOrders are workloads at orders itself.
func atOrders() []example {
	return []example{
		{who: "mobile for alice", send: request{as: "mobile", to: "orders", line: "GET /orders/1001"}, token: "alice",
			status: 200, by: "orders", reason: "allowed", rule: "person-reads", user: "alice"},
		{who: "mobile, says carol", send: request{as: "mobile", to: "orders", line: "GET /orders/1001", header: "x-postern-user: carol"}, token: "alice",
			status: 200, by: "orders", reason: "allowed", rule: "person-reads", user: "alice"},
		{who: "mobile for carol", send: request{as: "mobile", to: "orders", line: "GET /orders/export"}, token: "carol",
			status: 403, by: "orders", reason: "caller_not_granted"},
		{who: "mobile, x-debug: 1", send: request{as: "mobile", to: "orders", line: "GET /orders/1001", header: "x-debug: 1"}, token: "alice",
			status: 403, by: "orders", reason: "denied_by_rule", rule: "no-debugging"},
		{who: "mobile for alice", send: request{as: "mobile", to: "orders", line: "DELETE /orders/1001"}, token: "alice",
			status: 403, by: "orders", reason: "no_route"},
		{who: "mobile for alice", send: request{as: "mobile", to: "orders", line: "GET /orders/1001;x=/export"}, token: "alice",
			status: 400, by: "orders", reason: "bad_path"},
		{who: "batch, alice's token", send: request{as: "batch", to: "orders", line: "GET /orders/1001"}, token: "alice",
			status: 403, by: "orders", reason: "caller_not_granted"},
		{who: "intruder, as web", send: request{as: "intruder", to: "orders", line: "GET /orders/1001"}, token: "alice",
			by: "Envoy", reason: "unknown certificate"},
		{who: "no certificate", send: request{to: "orders", line: "GET /orders/1001"}, token: "alice",
			by: "Envoy", reason: "certificate required"},
	}
}
