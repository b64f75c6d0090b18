package differential_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/postern/postern/identity"
)

// A finding is a world and a question that the two interpreters answer differently, or a world
// alone of which they differ whether it loads.
type finding struct {
	world    *world
	question *question // nil where loading differs
	what     string
	compile  func(*world) compiled
}

// kind is what a smaller finding must share.
func (f *finding) kind() string {
	switch {
	case f.question != nil:
		return "answer"
	case strings.Contains(f.what, "parsing: "):
		return "grammar"
	}
	return "loading"
}

// find returns what is different about a world, and a question if that is not nil, or nil.
func find(t testing.TB, compile func(*world) compiled, w *world, q *question) *finding {
	c := compile(w)
	what := c.loading()
	switch {
	case what != "":
		q = nil
	case c.err == nil && q != nil:
		what = c.difference(t, q, nil)
	}
	if what == "" {
		return nil
	}
	return &finding{world: w, question: q, what: what, compile: compile}
}

func (f *finding) String() string {
	text := f.what + "\n\n" + f.world.print().text.String()
	if f.question != nil {
		text += "\n" + f.question.String()
	}
	return text
}

// shrink takes away one thing after the other for as long as a difference of the same kind stays.
func (f *finding) shrink(t testing.TB) *finding {
	for k := 0; ; {
		c := &cutter{left: k}
		w, q := clone(f.world), f.question
		c.world(w)
		if q != nil {
			q = clone(q)
			c.question(q)
		}
		if c.left >= 0 {
			return f
		}
		if less := find(t, f.compile, w, q); less != nil && less.kind() == f.kind() {
			f = less // and try the same place again
		} else {
			k++
		}
	}
}

// A cutter takes away the thing after so many others that could be taken away.
type cutter struct{ left int }

// here says that this is the thing.
func (c *cutter) here() bool {
	c.left--
	return c.left == -1
}

func cutList[T any](c *cutter, list *[]T, least int) {
	if len(*list) <= least {
		return
	}
	for i := range *list {
		if c.here() {
			*list = append((*list)[:i:i], (*list)[i+1:]...)
			return
		}
	}
}

func cutPointer[T any](c *cutter, p **T) {
	if *p != nil && c.here() {
		*p = nil
	}
}

// cutValue puts a plainer value in the place of one.
func cutValue[T comparable](c *cutter, v *T, plain T) {
	if *v != plain && c.here() {
		*v = plain
	}
}

func (c *cutter) world(w *world) {
	cutList(c, &w.Services, 0)
	cutList(c, &w.Meshes, 0)
	cutValue(c, &w.Revoked, false)
	for _, s := range w.Services {
		cutList(c, &s.Routes, 0)
		cutList(c, &s.Deny, 0)
		cutList(c, &s.Groups, 0)
		cutList(c, &s.Workloads, 1)
		c.rules(s.Deny)
		for _, r := range s.Routes {
			cutList(c, &r.Allow, 0)
			cutList(c, &r.Deny, 0)
			c.http(r.HTTP, 1)
			c.grpc(r.GRPC, 1)
			c.rules(r.Allow)
			c.rules(r.Deny)
		}
	}
	for _, m := range w.Meshes {
		cutList(c, &m.Guardrails, 0)
		cutList(c, &m.Onboarding, 0)
		for _, g := range m.Guardrails {
			c.guardrail(g)
		}
	}
}

func (c *cutter) guardrail(g *guardrail) {
	cutList(c, &g.Except, 0)
	cutList(c, &g.Workloads, 1)
	cutPointer(c, &g.HTTP)
	cutPointer(c, &g.GRPC)
	c.http(g.HTTP, 0)
	c.grpc(g.GRPC, 0)
	for _, e := range g.Except {
		cutPointer(c, &e.HTTP)
		cutPointer(c, &e.GRPC)
		cutList(c, &e.Workloads, 0)
		c.http(e.HTTP, 0)
		c.grpc(e.GRPC, 0)
	}
	c.rules([]*rule{g.rule()})
}

func (c *cutter) http(h *httpMatch, least int) {
	if h != nil {
		cutList(c, &h.Methods, least)
		cutList(c, &h.Hosts, 0)
		cutList(c, (*[]segment)(&h.Path), least)
		cutValue(c, &h.Upgrade, false)
	}
}

func (c *cutter) grpc(g *grpcMatch, least int) {
	if g != nil {
		cutList(c, &g.Methods, least)
		cutList(c, &g.Hosts, 0)
	}
}

func (c *cutter) rules(rules []*rule) {
	for _, r := range rules {
		cutList(c, &r.Callers, 0)
		cutPointer(c, &r.User)
		cutList(c, &r.Headers, 0)
		cutList(c, &r.Source, 0)
		cutPointer(c, &r.When)
		cutValue(c, &r.Shadow, false)
		if r.User != nil {
			c.user(r.User)
		}
		for i := range r.Headers {
			if v := r.Headers[i].Value; v != nil {
				cutList(c, &v.Values, 1)
			}
		}
		if r.When != nil {
			r.When = c.condition(r.When, r.When.truthful())
		}
	}
}

func (c *cutter) user(u *userWish) {
	cutList(c, &u.Providers, 1)
	for _, p := range []**valueWish{&u.Subjects, &u.Clients, &u.Audiences, &u.Scopes, &u.Roles, &u.ACR, &u.AMR} {
		cutPointer(c, p)
		if *p != nil {
			cutList(c, &(*p).Values, 1)
		}
	}
	cutValue(c, &u.MaxAge, 0)
	cutValue(c, &u.Bound, false)
}

// truthful says that the type of the expression is bool.
func (e *expr) truthful() bool {
	switch e.op {
	case "&&", "||", "!", "==", "!=", "<", "<=", ">", ">=", "in", opHas, opHasValue, opMacro:
		return true
	case opMethod:
		return e.text != "getHours"
	case opChoice:
		return e.args[1].truthful()
	case opLiteral:
		return e.lit == true || e.lit == false
	}
	return false
}

// condition puts a part of it in the place of an expression of type bool, or a literal.
func (c *cutter) condition(e *expr, truthful bool) *expr {
	if truthful {
		for _, a := range e.args {
			if a.truthful() && !a.mentions(element) && c.here() {
				return a
			}
		}
		for _, is := range []bool{true, false} {
			if e.op != opLiteral && c.here() {
				return literal(map[bool]string{true: "true", false: "false"}[is], is)
			}
		}
	}
	copied := *e
	copied.args = append([]*expr(nil), e.args...)
	for i, a := range copied.args {
		copied.args[i] = c.condition(a, a.truthful())
	}
	return &copied
}

func (c *cutter) question(q *question) {
	cutList(c, &q.Headers, 0)
	cutList(c, &q.Tokens, 0)
	cutValue(c, &q.Query, "")
	cutValue(c, &q.Asked, q.Host)
	cutValue(c, &q.Upgrade, "")
	cutValue(c, &q.Joined, false)
	cutValue(c, &q.HTTP2, true)
	cutValue(c, &q.Asserted, false)
	cutValue(c, &q.Caller, "")
	cutValue(c, &q.Source, peers[0])
	cutValue(c, &q.Time, start)
	for i := range q.Tokens {
		c.proven(&q.Tokens[i].User)
	}
	for name := range len(claimNames) {
		for i := range q.Tokens {
			if claims := q.Tokens[i].User.Claims; claims != nil {
				if _, there := claims[claimNames[name]]; there && c.here() {
					delete(claims, claimNames[name])
				}
			}
		}
	}
}

func (c *cutter) proven(u *identity.User) {
	cutValue(c, &u.Client, "")
	cutValue(c, &u.ACR, "")
	cutList(c, &u.Audiences, 0)
	cutList(c, &u.Scopes, 0)
	cutList(c, &u.Roles, 0)
	cutList(c, &u.AMR, 0)
}

// clone copies everything but expressions, which are never modified.
func clone[T any](v *T) *T {
	return copyOf(reflect.ValueOf(v)).Interface().(*T)
}

func copyOf(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || v.Type() == reflect.TypeFor[*expr]() {
			return v
		}
		c := reflect.New(v.Type().Elem())
		c.Elem().Set(copyOf(v.Elem()))
		return c
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			c.Index(i).Set(copyOf(v.Index(i)))
		}
		return c
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		c := reflect.MakeMap(v.Type())
		for _, k := range v.MapKeys() {
			c.SetMapIndex(k, v.MapIndex(k))
		}
		return c
	case reflect.Struct:
		c := reflect.New(v.Type()).Elem()
		c.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				c.Field(i).Set(copyOf(v.Field(i)))
			}
		}
		return c
	default:
		return v
	}
}
