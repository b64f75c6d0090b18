package differential_test

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/postern/postern/identity"
	"github.com/postern/postern/identity/reason"
)

const (
	workload      = "spiffe://shop.test/ns/shop/sa/app"
	callerWeb     = "spiffe://shop.test/ns/shop/sa/web"
	callerAdmin   = "spiffe://shop.test/ns/ops/sa/admin"
	callerShort   = "spiffe://shop.test/ns/shop"
	callerDeep    = "spiffe://shop.test/ns/shop/sa/web/blue"
	callerPartner = "spiffe://partner.test/ns/shop/sa/web"
	anyone        = "anyone"
)

const (
	maxOnboarding = 90 * 24 * time.Hour // the documentation's bound
	fresh         = 5 * time.Minute     // the shorter maxAge
)

// When every set is compiled.
var start = time.Date(2026, 10, 1, 11, 59, 59, 500_000_000, time.UTC)

// The vocabulary is small, so that what is generated meets often.
var (
	callers        = []string{callerWeb, callerAdmin, callerShort, callerDeep, callerPartner, "spiffe://shop.test/web"}
	callerPatterns = []string{
		callerWeb, callerAdmin, callerDeep, callerPartner, "spiffe://shop.test/**", "spiffe://shop.test/ns/shop/**",
		"spiffe://shop.test/ns/*/sa/*", "spiffe://shop.test/ns/*/sa/web", "spiffe://shop.test/*/shop/**",
		"spiffe://partner.test/*/*/*/web", "spiffe://shop.test/*",
	}
	workloadPatterns = []string{ // all but the last match the workload
		workload, "spiffe://shop.test/ns/*/sa/app", "spiffe://shop.test/ns/shop/**", "spiffe://shop.test/**",
		"spiffe://shop.test/ns/shop/sa/other",
	}
	providerNames = []string{"idp-a", "idp-b"}

	literals     = []string{"a", "b", "c", "a b", "é", "s.A", "M"}
	variables    = []string{"x", "y", "z"}
	services     = []string{"s.A", "s.B"}
	grpcMethods  = []string{"M", "N"}
	methods      = []string{"GET", "POST", "DELETE"}
	hosts        = []string{"h1.test", "h2.test", "10.0.0.1"}
	contentTypes = []string{
		"application/grpc", "application/grpc", "application/grpc", "application/grpc+proto", "application/grpc+json",
		"application/grpc+", "application/grpc;charset=utf-8", "application/grpc ; a=b", "Application/GRPC", "application/grpc-web",
		"application/grpc-web+proto", "application/json", "application/grpc, application/grpc", "application/grpcx", "",
	}
	queries = []string{
		"", "", "", "?", "?q=1", "?q=2&q=1", "?r=1", "?q=a%20b", "?q", "?q=%31&r=2", "?%71=1", "?q=1;r=2", "?q=%zz", "?r=%z&q=1",
		"?q=1+2", "?q=%FF", "?q=%2B", "?q=1&&q=2", "?=1", "?q=1=2", "?q=1" + strings.Repeat("&z=1", maxParameters-1), "?q=1" + strings.Repeat("&z=1", maxParameters),
	}

	headerNames  = []string{"x-a", "x-b"}
	headerValues = []string{"1", "2", "1,2"}
	sentValues   = []string{"1", "2", "3", "", "1,2", "1 , 2", "3,2", "2\t,3", ",", "1,", "\xff", "1\xff", "é", "1,2,1,2"}

	sources = []string{"10.0.0.0/8", "10.1.2.3/32", "192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0", "::/0"}
	peers   = []netip.Addr{
		netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("10.9.9.9"), netip.MustParseAddr("192.0.2.7"),
		netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db9::1"),
		netip.MustParseAddr("::ffff:10.1.2.3"), {},
	}

	subjects  = []string{"alice", "bob"}
	clients   = []string{"app", "cli"}
	audiences = []string{"shop-api", "pay-api"}
	scopes    = []string{"r", "w", "p"}
	roles     = []string{"admin", "desk"}
	acrs      = []string{"pwd", "mfa", "hwk"}
	amrs      = []string{"pwd", "otp", "hwk"}

	actors = []identity.Actor{ // who acts for a user, some of them callers
		{Subject: callerWeb}, {Subject: callerAdmin, Client: "app"}, {Subject: "a", Issuer: "https://idp-a.test/"}, {Subject: "alice", Issuer: "b", Client: "a"},
	}
	actorFields = []string{"subject", "subject", "issuer", "client"}

	claimNames  = []string{"level", "name", "tags", "m"}
	claimValues = []any{ // of every type of JSON
		nil, true, false, "", "a", "b", "é", "ab",
		json.Number("0"), json.Number("1"), json.Number("3"), json.Number("-1"), json.Number("3.5"), json.Number("3.0"), json.Number("1e2"),
		json.Number("9007199254740993"), json.Number("9007199254740992"),
		json.Number("9007199254740994"), json.Number("9007199254740993.0"), json.Number("9007199254740992.0"), json.Number("-0"), json.Number("9223372036854775807"), json.Number("9223372036854775808"),
		json.Number("18446744073709551616"), json.Number("1e400"),
		[]any{}, []any{"a"}, []any{"a", "b"}, []any{"b", json.Number("1")}, []any{json.Number("1"), "a"},
		[]any{json.Number("1"), json.Number("3")}, []any{nil, true}, []any{json.Number("18446744073709551616"), "a"},
		map[string]any{}, map[string]any{"k": "a"}, map[string]any{"k": json.Number("3"), "a": true},
		map[string]any{"k": map[string]any{"k": "b"}}, map[string]any{"k": nil},
		[]any{[]any{"a"}}, strings.Repeat("a", 300), slices.Repeat([]any{"b"}, 30), []any{"a", json.Number("1")}, map[string]any{"k": []any{"a", "b"}},
	}
)

// faults are reasons for which a credential is refused, of each class.
var faults = []reason.Code{
	reason.CredentialDuplicate, reason.TokenMalformed, reason.TokenTooLarge, reason.TokenHeader, reason.TokenType, reason.TokenAlgorithm,
	reason.TokenKeyUnknown, reason.TokenSignature, reason.TokenIssuer, reason.TokenAudience, reason.TokenClaims, reason.TokenExpired,
	reason.TokenNotYetValid, reason.TokenLifetime, reason.TokenBinding, reason.TokenRevoked, reason.TokenRevoked,
	reason.KeysUnavailable, reason.KeysPending,
}
