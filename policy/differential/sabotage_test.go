package differential_test

import (
	"strings"
	"testing"

	"github.com/postern/postern/policy"
)

// TestADifferenceIsFoundAndMadeSmall holds that the tests would see one: the code is given other
// documents than the naive interpreter, and what comes of that must be found and be made so small
// that a reader sees it at once.
func TestADifferenceIsFoundAndMadeSmall(t *testing.T) {
	for name, sabotage := range map[string]func(w *world){
		"denies are lost": func(w *world) {
			for _, s := range w.Services {
				s.Deny = nil
				for _, r := range s.Routes {
					r.Deny = nil
				}
			}
		},
		"guardrails are lost": func(w *world) {
			w.Meshes = nil
		},
		"shadow rules are enforced": func(w *world) {
			for _, s := range w.Services {
				for _, r := range s.Routes {
					for _, a := range append(r.Allow, r.Deny...) {
						a.Shadow = false
					}
				}
			}
		},
		"hosts are ignored": func(w *world) {
			for _, s := range w.Services {
				for _, r := range s.Routes {
					if r.HTTP != nil {
						r.HTTP.Hosts = nil
					}
				}
			}
		},
		"conditions are ignored": func(w *world) {
			for _, s := range w.Services {
				for _, r := range s.Routes {
					for _, a := range r.Allow {
						a.When = nil
					}
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := findSabotaged(t, sabotage)
			if f == nil {
				t.Fatal("nothing was found")
			}
			small := f.shrink(t)
			if lines := strings.Count(small.world.print().text.String(), "\n"); lines > 40 {
				t.Errorf("it was not made small: %d lines\n%s", lines, small)
			}
		})
	}
}

// findSabotaged goes through worlds until one differs.
func findSabotaged(t *testing.T, sabotage func(*world)) *finding {
	t.Helper()
	sabotaged := func(w *world) compiled {
		other := clone(w)
		sabotage(other)
		c := compile(w)
		if set := compile(other).set; set != nil && c.set != nil {
			c.set = set
		}
		return c
	}
	for seed := range uint64(200) {
		g := newGenerator(seed)
		w := g.world()
		c := sabotaged(w)
		if c.err != nil {
			continue
		}
		for range 20 {
			if q := g.question(w); c.difference(t, q, nil) != "" {
				return find(t, sabotaged, w, q)
			}
		}
	}
	return nil
}

// TestARequestThatMissesAPartIsDenied asks what no request can ask.
func TestARequestThatMissesAPartIsDenied(t *testing.T) {
	eachPair(t, false, func(_ *generator, w *world) *world { return w }, func(t *testing.T, c, _ compiled, q *question) string {
		for name, without := range map[string]func(*policy.Request){
			"method": func(r *policy.Request) { r.Method = policy.Method{} },
			"path":   func(r *policy.Request) { r.Path = policy.Path{} },
			"host":   func(r *policy.Request) { r.Host = policy.Host{} },
		} {
			r := q.request(t)
			without(r)
			m := c.set.Match(r)
			r.Credential = q.credential(m.Providers())
			if d := m.Decide(r); d.Allow {
				return "it is allowed without a " + name
			}
		}
		return ""
	})
}
