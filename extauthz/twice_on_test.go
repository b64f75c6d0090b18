//go:build e2e_twice

package extauthz_test

import (
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/protobuf/proto"

	"github.com/postern/postern/extauthz"
)

// TestACheckThatIsMisreadIsDenied: a scan that reads another path than generated code is a refusal, and
// a line in the log that the e2e tests look for.
func TestACheckThatIsMisreadIsDenied(t *testing.T) {
	w := newWorld(t)
	core, logged := observer.New(zapcore.ErrorLevel)
	s := extauthz.Poisoned(extauthz.Config{Current: w.current, Records: w, Metrics: w, Log: zap.New(core), Now: w.clock})
	wire, err := proto.Marshal(check(t, w, "", setPath("/nowhere")))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/nowhere", "/healthz"} {
		s.HandleMisread(t.Context(), wire, path)
	}
	if n := len(w.records); n != 2 || w.records[0].Decision.Reason.String() != "no_route" || w.records[1].Decision.Reason.String() != "internal" {
		t.Errorf("recorded %+v", w.records)
	}
	all := logged.All()
	if len(all) != 1 || !strings.HasPrefix(all[0].Message, "a check panicked") || !strings.HasSuffix(all[0].ContextMap()["fault"].(string), "the same: path") {
		t.Errorf("logged %+v", all)
	}
}
