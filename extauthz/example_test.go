package extauthz_test

import (
	"context"
	"fmt"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"go.uber.org/zap"

	"github.com/postern/postern/extauthz"
	"github.com/postern/postern/extauthz/metrics"
	"github.com/postern/postern/extauthz/record"
)

// A server that has nothing loaded refuses, and so does one that is asked nonsense.
func Example() {
	s := extauthz.New(extauthz.Config{
		Current: &extauthz.Current{},
		Records: record.Off(),
		Metrics: metrics.New(metrics.Config{}),
		Log:     zap.NewNop(),
		Now:     time.Now,
	})
	r, err := s.Check(context.Background(), &authv3.CheckRequest{})
	fmt.Println(r.GetStatus().GetCode(), r.GetDeniedResponse().GetStatus().GetCode(), err)
	// Output: 14 ServiceUnavailable <nil>
}
