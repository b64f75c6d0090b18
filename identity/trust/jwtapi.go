package trust

import (
	"context"
	"fmt"
	"time"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
)

// RunJWT is JWTSource.RunJWT. It has a connection of its own and keeps trying for as long as ctx
// lives: an agent that does not serve JWT bundles today may be replaced by one that does.
//
// It asks the Workload API itself, since go-spiffe's client drops the bundles of all trust domains
// for one that it cannot parse, and parses with less care than keys are read with elsewhere.
func (w *WorkloadAPI) RunJWT(ctx context.Context, push func(JWTState)) error {
	target, err := workloadapi.TargetFromAddress(w.config.Addr)
	if err != nil {
		return fmt.Errorf("the Workload API %q: %w", w.config.Addr, err)
	}
	conn, err := grpc.NewClient(target, append(dialing(), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		return fmt.Errorf("the Workload API %q: %w", w.config.Addr, err)
	}
	defer conn.Close()
	watch := newJWTWatcher(w.config, push)
	watch.push()
	for retry := (retries{}).NewBackoff(); ; {
		err := follow(ctx, workload.NewSpiffeWorkloadAPIClient(conn), func(r *workload.JWTBundlesResponse) {
			retry.Reset()
			watch.update(r.GetBundles())
		})
		if ctx.Err() != nil {
			return nil
		}
		watch.lost(err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retry.Next()):
		}
	}
}

// follow reads one stream of JWT bundles to its end, and returns why it ended.
func follow(ctx context.Context, client workload.SpiffeWorkloadAPIClient, update func(*workload.JWTBundlesResponse)) error {
	ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(ctx, "workload.spiffe.io", "true"))
	defer cancel()
	stream, err := client.FetchJWTBundles(ctx, &workload.JWTBundlesRequest{})
	if err != nil {
		return err
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			return err
		}
		update(response)
	}
}

// dialing says how an agent is reached.
func dialing() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithNoProxy(), // an agent is on this machine
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: ping, Timeout: 20 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: lastRetry, Backoff: backoff.Config{
			BaseDelay: firstRetry, Multiplier: 2, Jitter: 0.2, MaxDelay: lastConnect,
		}}),
	}
}
