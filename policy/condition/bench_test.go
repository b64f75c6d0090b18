package condition_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/postern/postern/policy/condition"
)

// BenchmarkCompile compiles a different condition each time, as a load of many policies does.
func BenchmarkCompile(b *testing.B) {
	for name, text := range map[string]string{
		"claim": `user.claims.customer_id == params.customer_id && user.claims.level >= %d`,
		"long":  `request.method in ["GET", "HEAD"] && user.roles.exists(r, r.startsWith("team-") && r.endsWith("-" + params.customer_id)) && cidr("10.0.0.0/8").containsIP(source.ip) && request.time.getHours("Europe/Berlin") >= 8 && %d > 0`,
	} {
		b.Run(name, func(b *testing.B) {
			compiler := condition.NewCompiler()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := compiler.Compile(fmt.Sprintf(text, i), params()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("memory", func(b *testing.B) {
		const n = 1000
		for b.Loop() {
			compiler := condition.NewCompiler()
			before := heap()
			for i := range n {
				if _, err := compiler.Compile(fmt.Sprintf(`user.claims.customer_id == params.customer_id && user.claims.level >= %d`, i), params()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(heap()-before)/n, "B/condition")
			runtime.KeepAlive(compiler)
		}
	})
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkEval(b *testing.B) {
	in := valid()
	for _, c := range []struct{ name, text string }{
		{"variable", `request.method == "GET"`}, {"claim", `user.claims.customer_id == params.customer_id`}, {"in", `"admin" in user.roles`},
		{"exists", `user.roles.exists(r, r == "admin")`}, {"source", `cidr("10.0.0.0/8").containsIP(source.ip)`}, {"zone", `request.time.getHours("Europe/Berlin") >= 8`},
		{"pattern", `request.host.matches("^[a-z]+\\.test$")`}, {"header", `header("x-tenant") == ["blue", "red"]`}, {"query", `query("tag") == ["a"]`}, {"actor", `user.actors[0].subject == caller.id`}, {"error", `user.claims.missing == 1`},
	} {
		b.Run(c.name, func(b *testing.B) {
			compiled := compile(b, c.text)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = compiled.Eval(in)
			}
		})
	}
}

// BenchmarkHostile has the most that a policy and a request together can cost.
func BenchmarkHostile(b *testing.B) {
	in := largest()
	for i, text := range hostile() {
		c, err := condition.NewCompiler().Compile(text, nil)
		if err != nil {
			continue // refused for its cost
		}
		b.Run(fmt.Sprintf("%d %.40s", i, text), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = c.Eval(in)
			}
		})
	}
}
