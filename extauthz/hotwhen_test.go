//go:build !race

package extauthz_test

import (
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"go.uber.org/zap"

	"github.com/postern/postern/extauthz"
)

// given is what a bare program of CEL reads.
type given map[string]any

func (given) Parent() cel.Activation { return nil }

func (g given) ResolveName(name string) (any, bool) {
	v, ok := g[name]
	return v, ok
}

// ofCEL is how many allocations CEL makes by itself for a condition: the same text, its variables
// Go's values that are there already.
func ofCEL(t *testing.T, text string) float64 {
	t.Helper()
	env, err := cel.NewEnv(
		cel.Variable("claims", cel.MapType(cel.StringType, cel.DynType)), cel.Variable("id", cel.StringType),
		cel.Variable("method", cel.StringType), cel.Variable("scopes", cel.ListType(cel.StringType)), cel.Variable("header", cel.ListType(cel.StringType)))
	if err != nil {
		t.Fatal(err)
	}
	for long, short := range map[string]string{
		"user.claims": "claims", "params.id": "id", "request.method": "method", "user.scopes": "scopes", `header("x-kind")`: "header",
	} {
		text = strings.ReplaceAll(text, long, short)
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		t.Fatal(issues.Err())
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		t.Fatal(err)
	}
	var values cel.Activation = given{
		"claims": map[string]any{"customer_id": "c-1"}, "id": "c-1", "method": "GET", "scopes": []string{"orders:read"}, "header": []string{"x"},
	}
	return testing.AllocsPerRun(200, func() {
		if out, _, err := program.Eval(values); err != nil || out.Value() != true {
			t.Fatal(out, err)
		}
	})
}

// TestAConditionTakesTheMemoryOfCEL and no more: what CEL makes of the variables and of the result.
func TestAConditionTakesTheMemoryOfCEL(t *testing.T) {
	w := newFullWorld(t)
	server := extauthz.Poisoned(extauthz.Config{Current: w.current, Records: nothing{}, Metrics: nothing{}, Log: zap.NewNop(), Now: time.Now})
	for _, when := range []string{
		`request.method == "GET"`,
		`user.claims.customer_id == params.id`,
		`user.claims.customer_id == params.id && request.method in ["GET", "HEAD"]`,
		`"orders:read" in user.scopes`,
		`header("x-kind")[0] == "x"`,
	} {
		t.Run(when, func(t *testing.T) {
			rule := "allow: [{callers: [anyone], user: {provider: shop-idp}"
			w.enforce(t, strings.Replace(fullPolicy, rule, rule+", when: '"+when+"'", 1))
			c := w.user(t, "alice", "c-1")
			addHeader("x-kind", "x")(c.GetAttributes())
			c = hot(c)
			for range 2 {
				if r := w.ask(t, c); !allowed(r) {
					t.Fatal(r)
				}
			}
			if got, cels := allocations(t, server, c), ofCEL(t, when); got > cels {
				t.Errorf("%v allocations, and CEL needs %v", got, cels)
			} else {
				t.Logf("%v allocations, and CEL needs %v", got, cels)
			}
		})
	}
}
