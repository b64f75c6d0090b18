package extauthz_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"

	"github.com/postern/postern/identity/mint"
)

// No client can set the headers that tell the upstream who was verified: each is overwritten
// or removed, and never both, since Envoy removes last.
func TestIdentityHeaders(t *testing.T) {
	w := newWorld(t)
	for caller, want := range map[string]map[string]string{
		"":  {},
		web: {"x-postern-caller": web},
	} {
		ok := w.ask(t, check(t, w, caller, addHeader("x-postern-user", "forged"))).GetOkResponse()
		removed := ok.GetHeadersToRemove()
		for _, name := range []string{"x-postern-caller", "x-postern-user", "x-postern-provider", "x-postern-scopes", "x-postern-assertion"} {
			set := ""
			for _, h := range ok.GetHeaders() {
				if h.GetHeader().GetKey() == name {
					set = h.GetHeader().GetValue()
				}
			}
			if set != want[name] || (set == "") != slices.Contains(removed, name) {
				t.Errorf("caller %q: %s is set to %q; removed are %q", caller, name, set, removed)
			}
		}
	}
}

// The scopes of a user are one header, with a space between two.
func TestScopesAreOneHeader(t *testing.T) {
	w := newRevokedWorld(t)
	many := strings.TrimSpace(strings.Repeat("orders:read ", 100))
	for name, tc := range map[string]struct {
		claim any
		want  string
	}{
		"none":         {"", ""},
		"one":          {"orders:read", "orders:read"},
		"several":      {"orders:read orders:pay profile", "orders:read orders:pay profile"},
		"an array":     {[]string{"orders:read", "orders:pay"}, "orders:read orders:pay"},
		"a long value": {many, many},
	} {
		ok := w.ask(t, w.with(t, "/mine", mint.Set("scope", tc.claim))).GetOkResponse()
		got := ""
		for _, h := range ok.GetHeaders() {
			if h.GetHeader().GetKey() == "x-postern-scopes" {
				got = h.GetHeader().GetValue()
			}
		}
		if ok == nil || got != tc.want || slices.Contains(ok.GetHeadersToRemove(), "x-postern-scopes") != (tc.want == "") {
			t.Errorf("%s: %q, want %q; removed are %q", name, got, tc.want, ok.GetHeadersToRemove())
		}
	}
}

func TestRefusalBody(t *testing.T) {
	w := newWorld(t)
	r := w.ask(t, check(t, w, "", setPath("/x")))
	var got map[string]string
	if err := json.Unmarshal([]byte(bodyOf(r)), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got["error"] != "forbidden" || got["reason"] != "no_route" || got["request_id"] != w.last(t).RequestID {
		t.Errorf("body %v", got)
	}
	if headerOf(r, "content-type") != "application/json" || headerOf(r, "cache-control") != "no-store" {
		t.Errorf("headers %v", r.GetDeniedResponse().GetHeaders())
	}
}

// A gRPC client reads 7 (PERMISSION_DENIED) where 400 would become 13 (INTERNAL).
func TestStatusForGRPC(t *testing.T) {
	w := newWorld(t)
	for contentType, want := range map[string]int32{
		"application/grpc": 403, "application/grpc+proto": 403, "application/json": 400, "application/grpc-web": 400,
	} {
		r := w.ask(t, check(t, w, "", setPath("//x"), addHeader("content-type", contentType)))
		if got := int32(r.GetDeniedResponse().GetStatus().GetCode()); got != want {
			t.Errorf("%s: status %d, want %d", contentType, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	w := newWorld(t)
	w.refuse = true
	r := w.ask(t, check(t, w, ""))
	if r.GetDeniedResponse().GetStatus().GetCode() != 503 || headerOf(r, "retry-after") != "1" || r.GetStatus().GetCode() != 14 {
		t.Errorf("got %v", r)
	}
}

func headerOf(r *authv3.CheckResponse, name string) string {
	for _, h := range r.GetDeniedResponse().GetHeaders() {
		if h.GetHeader().GetKey() == name {
			return h.GetHeader().GetValue()
		}
	}
	return ""
}
