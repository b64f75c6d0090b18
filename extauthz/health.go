package extauthz

import (
	"context"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// Health is grpc.health.v1 for the authorizer, under its own name and under "". It asks at
// every call, so that what goes stale with time is seen as well.
type Health struct {
	healthv1.UnimplementedHealthServer
	Ready func() bool // may be called at any time from several goroutines
}

// Check says whether requests can be decided. While they cannot, they are refused.
func (h Health) Check(_ context.Context, q *healthv1.HealthCheckRequest) (*healthv1.HealthCheckResponse, error) {
	if s := q.GetService(); s != "" && s != authv3.Authorization_ServiceDesc.ServiceName {
		return nil, status.Error(codes.NotFound, "no such service")
	}
	return &healthv1.HealthCheckResponse{Status: h.status()}, nil
}

func (h Health) status() healthv1.HealthCheckResponse_ServingStatus {
	if h.Ready() {
		return healthv1.HealthCheckResponse_SERVING
	}
	return healthv1.HealthCheckResponse_NOT_SERVING
}
