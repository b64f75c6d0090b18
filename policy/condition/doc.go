// Package condition compiles and evaluates the conditions of policies: expressions of CEL
// (https://cel.dev) over one request, who makes it, and for whom.
//
// # Variables
//
//	request.method              string
//	request.host                string             in lower case, without port
//	request.path                list(string)       decoded segments; a trailing slash is a last one that is empty
//	request.id                  string
//	request.time                timestamp
//	params.NAME                 string             a variable of the route's path; list(string) for {NAME...}
//	caller.id                   string             a SPIFFE ID
//	caller.trust_domain         string
//	caller.segments             list(string)       of the SPIFFE ID's path
//	user.provider               string
//	user.subject, .client, .acr string             an error when the credential has none
//	user.auth_time              timestamp          an error when the credential has none
//	user.audiences, .scopes,    list(string)       empty when the credential has none
//	user.roles, .amr
//	user.actors                 list(map(string, string))  each with subject, issuer and client
//	user.claims                 map(string, dyn)   what the issuer sent
//	source.ip                   net.IP             IPv4 as IPv4; an error when it is not known
//
// Who acts for the user is the first of user.actors; the others say by whom that went, and nothing
// should depend on them (RFC 8693 section 4.1). All three members are always there, "" where
// the credential does not say.
//
// They are names of their own, not fields of values: a name that does not exist is an error
// when the condition is loaded. Without a caller everything of caller is an error, and without
// a user everything of user, in has() and .? too.
//
// # Functions
//
// header("x-name") has the values of a header and query("name") the decoded values of a
// parameter, both list(string) and empty when absent. The name is written out, so that it is
// known which headers a condition reads. Headers with credentials, those that can be forged and
// pseudo-headers are refused. A header that is not UTF-8 is an error, and so is a query that
// programs read in different ways: one with an invalid escape, a semicolon, or anything but
// UTF-8 when decoded, or with more than MaxParameters parameters.
//
// There are the standard functions and macros of CEL, optional values (.?, [?], orValue and so
// on, version 2 of the extension), and addresses (net.IP and net.CIDR, version 1). No other
// extension is there: none of strings, lists, sets, math, regex or encoders. Functions returns
// all that there are. The pattern of matches() and the time zone of getHours() and its like
// are written out, and what is written out is checked when the condition is loaded: patterns,
// time zones, cidr("…"), ip("…"), timestamp("…"), duration("…"). The time zones are part of
// the program, for machines and images that have none.
//
// # Types
//
// A condition is bool. What has a static type is compared as CEL does, and two static types
// that differ are an error when the condition is loaded. Wherever a value comes from a claim,
// or from dyn(), comparing it (==, !=, <, <=, >, >=, in) with a value of another type is an
// error, where CEL would say false:
//
//	claim         compared with    is
//	"5"           5                an error
//	5             5.0              true: numbers compare as numbers
//	9007199254740993  9007199254740992.0   an error: beyond 2^53-1 rounding could decide
//	null          null             true
//	null          "a"              an error; ask type(user.claims.x) == null_type
//	missing       anything         an error; ask has(user.claims.x), or user.claims.?x.orValue("")
//	["a"]         ["a", 1]         false: other sizes, and maps with other keys, differ
//	["a"]         [1]              an error: elements in one place have different types
//	"a" in        ["a", 1]         true: it is there
//	"b" in        ["a", 1]         an error: it is not, and 1 cannot be compared
//
// A number of JSON without a fraction and an exponent is an int, and an error when it does not
// fit 64 bits; another is a double, and an error when it is not finite. has() is false below
// a text, a number, true, false and null, and .? has no value there: below a list, which has no
// fields but elements, both are an error. Macros go through the keys of a map in sorted order. A
// key is a text, a number, true or false, and a condition has at most four maps whose keys
// another map, or a macro over one, may have made.
//
// && and || do without an error on either side when the other decides: false && ERROR is
// false, true || ERROR is true. So do all() and exists().
//
// # Cost
//
// A condition has at most MaxText bytes and MaxDepth levels, and one evaluation costs at most
// MaxCost units. When a condition is compiled its cost is estimated for what the largest
// request can have. If that is within the limit it is evaluated as it is. If only requests
// that are larger than usual cost more, it is evaluated with a meter, and costing more is an
// error for which nothing makes up. If it costs more for a usual request, of lists of 24
// elements and texts of 256 bytes, it is refused: two lists inside one another are usually
// fine, and three are not.
package condition
