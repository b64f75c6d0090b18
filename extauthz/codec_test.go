package extauthz_test

import (
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/extauthz"
)

// What does not parse reaches the handler as an empty check, which is denied.
func TestCodecForgivesChecks(t *testing.T) {
	sni := &authv3.CheckRequest{Attributes: &authv3.AttributeContext{TlsSession: &authv3.AttributeContext_TLSSession{Sni: "a.test"}}}
	wire, err := proto.Marshal(sni)
	if err != nil {
		t.Fatal(err)
	}
	for i := range wire {
		if string(wire[i:i+1]) == "." {
			wire[i] = 0xff // an SNI that is not UTF-8
		}
	}
	for name, data := range map[string][]byte{"an SNI that is not UTF-8": wire, "garbage": {0xff, 0xff}, "cut off": wire[:len(wire)-1]} {
		got := &authv3.CheckRequest{Attributes: &authv3.AttributeContext{}}
		if err := extauthz.Codec().Unmarshal(slice(data), got); err != nil || got.GetAttributes() != nil {
			t.Errorf("%s: %v, %v", name, got, err)
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

// An answer that cannot be marshalled, or that would be empty on the wire, which Envoy takes
// for an allow, leaves as a refusal.
func TestCodecNeverSendsAnEmptyAnswer(t *testing.T) {
	for name, answer := range map[string]*authv3.CheckResponse{
		"nil":   nil,
		"empty": {},
		"not UTF-8": {HttpResponse: &authv3.CheckResponse_DeniedResponse{DeniedResponse: &authv3.DeniedHttpResponse{
			Status: &typev3.HttpStatus{Code: 403}, Body: "\xff",
		}}},
		"a nil inside": {HttpResponse: (*authv3.CheckResponse_DeniedResponse)(nil)},
	} {
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

func slice(b []byte) mem.BufferSlice { return mem.BufferSlice{mem.SliceBuffer(b)} }
