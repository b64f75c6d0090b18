package workloadapi

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// checkHeader demands the security header of the SPIFFE Workload Endpoint specification,
// section 6.1: what makes some other program send a request cannot add it.
func checkHeader(ctx context.Context) error {
	if slices.Equal(metadata.ValueFromIncomingContext(ctx, "workload.spiffe.io"), []string{"true"}) {
		return nil
	}
	return status.Error(codes.InvalidArgument, "security header missing from request: workload.spiffe.io: true")
}

func demandHeader(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := checkHeader(ctx); err != nil {
		return nil, err
	}
	return next(ctx, request)
}

func demandStreamHeader(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := checkHeader(stream.Context()); err != nil {
		return err
	}
	return next(server, stream)
}
