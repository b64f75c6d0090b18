package extauthz_test

import (
	"strings"
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/extauthz"
)

// What does not parse is denied, whatever could be read of it.
func TestCodecForgivesChecks(t *testing.T) {
	w := newWorld(t)
	wire, err := proto.Marshal(check(t, w, "", func(a *authv3.AttributeContext) { a.TlsSession = &authv3.AttributeContext_TLSSession{Sni: "a.test"} }))
	if err != nil {
		t.Fatal(err)
	}
	if r := w.handle(t, wire); !allowed(r) {
		t.Fatalf("the whole check: %v", r)
	}
	bad := []byte(strings.Replace(string(wire), "a.test", "a.tes\xff", 1)) // an SNI that is not UTF-8
	for name, data := range map[string][]byte{"an SNI that is not UTF-8": bad, "garbage": {0xff, 0xff}, "cut off": wire[:len(wire)-1], "nothing": nil} {
		r := w.handle(t, data)
		wantReason(t, r, "bad_request")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestCodecIsStrictWithOthers(t *testing.T) {
	if err := extauthz.Codec().Unmarshal(slice([]byte{0xff}), &healthv1.HealthCheckRequest{}); err == nil {
		t.Error("garbage parsed as a health check")
	}
	data, err := extauthz.Codec().Marshal(&healthv1.HealthCheckResponse{Status: healthv1.HealthCheckResponse_SERVING})
	if err != nil || data.Len() == 0 {
		t.Errorf("%v, %v", data, err)
	}
}

// What is no answer, or would be empty on the wire, which Envoy takes for an allow, leaves as a
// refusal.
func TestCodecNeverSendsAnEmptyAnswer(t *testing.T) {
	for name, answer := range map[string]any{"none": extauthz.NoReply(), "empty": extauthz.ReplyOf(nil)} {
		data, err := extauthz.Codec().Marshal(answer)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got authv3.CheckResponse
		if err := proto.Unmarshal(data.Materialize(), &got); err != nil || got.GetStatus().GetCode() != 7 {
			t.Errorf("%s: sent %v, %v", name, &got, err)
		}
	}
}

// TestAnswersOnTheWire holds that an answer is, byte for byte, what generated code writes for it.
func TestAnswersOnTheWire(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]*authv3.CheckRequest{
		"anyone":           check(t, w, ""),
		"a caller":         check(t, w, web, setPath("/orders/1")),
		"a refusal":        check(t, w, orders, setPath("/orders/1")),
		"not canonical":    check(t, w, web, setPath("//")),
		"not, and by gRPC": check(t, w, web, setPath("//"), addHeader("content-type", "application/grpc")),
	} {
		wire, err := proto.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		sent := w.Handle(t.Context(), wire)
		r := &authv3.CheckResponse{}
		if err := proto.Unmarshal(sent, r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want, err := proto.MarshalOptions{Deterministic: true}.Marshal(r)
		if err != nil || string(want) != string(sent) || len(r.ProtoReflect().GetUnknown()) > 0 {
			t.Errorf("%s: sent %q, want %q, %v", name, sent, want, err)
		}
	}
}

// handle answers a check by its bytes.
func (w *world) handle(t testing.TB, wire []byte) *authv3.CheckResponse {
	t.Helper()
	r := &authv3.CheckResponse{}
	if err := proto.Unmarshal(w.Handle(t.Context(), wire), r); err != nil {
		t.Fatal(err)
	}
	return r
}

func slice(b []byte) mem.BufferSlice { return mem.BufferSlice{mem.SliceBuffer(b)} }
