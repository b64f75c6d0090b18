package differential_test

import "time"

// condition makes an expression that is true, false or an error, of at most so many levels.
func (g *generator) condition(levels int) *expr {
	if levels > 0 {
		switch g.n(10) {
		case 1, 2:
			return binary("&&", g.condition(levels-1), g.condition(levels-1))
		case 3, 4:
			return binary("||", g.condition(levels-1), g.condition(levels-1))
		case 5:
			return negation(g.condition(levels - 1))
		case 6:
			return &expr{op: opChoice, args: []*expr{g.condition(levels - 1), g.condition(levels - 1), g.condition(levels - 1)}}
		}
	}
	switch g.n(13) {
	case 0, 1:
		return g.aboutText()
	case 11:
		return g.aboutActors()
	case 2, 3, 4:
		return g.aboutClaim()
	case 5:
		return g.aboutClaimThere()
	case 6:
		return g.aboutList()
	case 7:
		return g.aboutNumber()
	case 8:
		return g.aboutTime()
	case 9:
		ranges := pick(g.dice, sources...)
		return method("containsIP", call("cidr", literal("'"+ranges+"'", ranges)), name("source.ip"))
	case 10:
		// A claim where true or false is needed.
		return binary(pick(g.dice, "&&", "||"), g.claim(), g.aboutText())
	}
	return binary("in", g.text(), g.list())
}

func (g *generator) equality() string { return pick(g.dice, "==", "==", "!=") }

func (g *generator) order() string { return pick(g.dice, "==", "!=", "<", "<=", ">", ">=") }

func (g *generator) aboutText() *expr {
	if g.one(3) {
		return method(pick(g.dice, "startsWith", "endsWith", "contains"), g.text(), textLiteral(pick(g.dice, "a", "b", "h1", "")))
	}
	if g.one(6) {
		return method("matches", g.text(), textLiteral(pick(g.dice, "^a", "^h1")))
	}
	return binary(g.equality(), g.text(), g.text())
}

// text makes an expression of type string.
func (g *generator) text() *expr {
	switch g.n(9) {
	case 8:
		return g.actor(name(actorsName))
	case 0, 1:
		return textLiteral(pick(g.dice, "a", "b", "alice", "h1.test", "GET", "pwd", "shop.test", "1", "1 2", "2"))
	case 2:
		return name(pick(g.dice, "request.method", "request.host", "request.id"))
	case 3:
		return name(pick(g.dice, "caller.id", "caller.trust_domain"))
	case 4:
		return name(pick(g.dice, "user.provider", "user.subject", "user.client", "user.acr"))
	case 5, 6:
		if e := g.param(false); e != nil {
			return e
		}
	}
	return &expr{op: opIndex, args: []*expr{g.list(), intLiteral(int64(g.n(2)))}}
}

// param reads a variable of the path, for one segment or the rest; nil when there is none. Once
// in a while it reads one that is not there.
func (g *generator) param(rest bool) *expr {
	if g.one(48) {
		return &expr{op: opParam, text: "nobody"}
	}
	for _, s := range g.path {
		if s.Variable != "" && s.Rest == rest && !g.one(3) {
			return &expr{op: opParam, text: s.Variable}
		}
	}
	return nil
}

// list makes an expression of type list(string).
func (g *generator) list() *expr {
	switch g.n(8) {
	case 0:
		return &expr{op: opList, args: []*expr{textLiteral("a"), textLiteral(pick(g.dice, "b", "alice", "GET"))}}
	case 1:
		return call("header", textLiteral(pick(g.dice, headerNames...)))
	case 2:
		return call("query", textLiteral(pick(g.dice, "q", "r")))
	case 3, 4:
		return name(pick(g.dice, "user.audiences", "user.scopes", "user.roles", "user.amr"))
	case 5:
		return name("caller.segments")
	case 6:
		if e := g.param(true); e != nil {
			return e
		}
	}
	return name("request.path")
}

func (g *generator) aboutList() *expr {
	if g.one(4) {
		return binary(g.equality(), g.list(), g.list())
	}
	return g.macro(g.list())
}

func (g *generator) macro(list *expr) *expr {
	body := binary(g.equality(), name(element), textLiteral(pick(g.dice, "a", "b", "1", "")))
	switch g.n(4) {
	case 1:
		body = method("startsWith", name(element), textLiteral("a"))
	case 2:
		body = binary(g.equality(), name(element), g.text())
	}
	return &expr{op: opMacro, text: pick(g.dice, "exists", "all"), args: []*expr{list, body}}
}

// actorsName is the list of who acts for the user.
const actorsName = "user.actors"

// actor reads something of an actor, most often of the first.
func (g *generator) actor(of *expr) *expr {
	at := &expr{op: opIndex, args: []*expr{of, intLiteral(int64(pick(g.dice, 0, 0, 0, 1, 2)))}}
	field := pick(g.dice, actorFields...)
	if g.one(6) {
		return &expr{op: opIndex, args: []*expr{at, textLiteral(field)}}
	}
	return &expr{op: opField, text: field, args: []*expr{at}}
}

func (g *generator) aboutActors() *expr {
	all := name(actorsName)
	switch g.n(6) {
	case 0:
		return binary(g.equality(), all, &expr{op: opList})
	case 1:
		return binary(g.order(), call("size", all), intLiteral(int64(g.n(3))))
	case 2:
		body := binary(g.equality(), &expr{op: opField, text: pick(g.dice, actorFields...), args: []*expr{name(element)}}, g.text())
		return &expr{op: opMacro, text: pick(g.dice, "exists", "all"), args: []*expr{all, body}}
	case 3:
		return binary("in", textLiteral(pick(g.dice, "subject", "act")), &expr{op: opIndex, args: []*expr{all, intLiteral(0)}})
	}
	return binary(g.equality(), g.actor(all), name("caller.id"))
}

func (g *generator) aboutNumber() *expr {
	if g.one(4) {
		return binary(g.order(), method("getHours", name("request.time"), textLiteral(pick(g.dice, "UTC", "+02:00"))), intLiteral(int64(pick(g.dice, 11, 12, 14))))
	}
	return binary(g.order(), call("size", pick(g.dice, g.list(), g.text(), g.claim())), intLiteral(int64(g.n(4))))
}

func (g *generator) aboutTime() *expr {
	switch g.n(3) {
	case 0:
		at := start.Add(pick(g.dice, 0, time.Hour)).Truncate(time.Second)
		return binary(g.order(), name("request.time"), call("timestamp", literal("'"+at.Format(time.RFC3339)+"'", at)))
	case 1:
		return binary(g.order(), name("user.auth_time"), name("request.time"))
	}
	return binary(g.order(), binary("-", name("request.time"), name("user.auth_time")), call("duration", literal("'5m'", fresh)))
}

// claim makes an expression whose type is known only when it is evaluated.
func (g *generator) claim() *expr {
	claims := name("user.claims")
	e := &expr{op: opField, text: pick(g.dice, claimNames...), args: []*expr{claims}}
	switch g.n(12) {
	case 0:
		return &expr{op: opIndex, args: []*expr{claims, textLiteral(e.text)}}
	case 1:
		return &expr{op: opIndex, args: []*expr{e, pick(g.dice, intLiteral(0), intLiteral(1), textLiteral("k"))}}
	case 2:
		return &expr{op: opField, text: "k", args: []*expr{e}}
	case 3, 4:
		e.text += pick(g.dice, "", "", " k", " k k")
		fallback := pick(g.dice, textLiteral("a"), intLiteral(3), literal("false", false), literal("null", nil), &expr{op: opList})
		return &expr{op: opOptional, text: e.text, args: []*expr{claims, fallback}}
	}
	return e
}

func (g *generator) aboutClaim() *expr {
	switch g.n(14) {
	case 12:
		number, other := pick(g.dice, intLiteral(1), intLiteral(3)), intLiteral(4)
		if g.one(3) {
			number, other = literal("1.5", 1.5), literal("5.0", 5.0)
		}
		return binary(g.order(), binary("+", g.claim(), number), other)
	case 13:
		return binary(g.equality(), binary("+", g.claim(), textLiteral("b")), textLiteral("ab"))
	case 0, 1:
		return binary(g.order(), g.claim(), pick(g.dice, intLiteral(3), intLiteral(1), literal("9007199254740993", int64(9007199254740993)), literal("9007199254740992", int64(9007199254740992)), intLiteral(-1), intLiteral(0)))
	case 2, 3:
		return binary(g.order(), g.claim(), textLiteral(pick(g.dice, "a", "b", "ab")))
	case 4:
		return binary(g.equality(), g.claim(), pick(g.dice, literal("true", true), literal("null", nil), literal("3.5", 3.5), literal("3.0", 3.0), literal("9007199254740992.0", 9007199254740992.0)))
	case 5:
		return binary(g.order(), g.claim(), g.claim())
	case 6:
		return binary("in", g.claim(), g.list())
	case 7:
		return binary("in", pick(g.dice, g.text(), textLiteral("k"), intLiteral(1), g.claim()), g.claim())
	case 8:
		return g.macro(g.claim())
	case 9:
		return method(pick(g.dice, "startsWith", "endsWith", "contains"), g.claim(), textLiteral(pick(g.dice, "a", "b")))
	case 10:
		return binary(g.equality(), g.claim(), pick(g.dice, g.text(), g.list(), mapLiteral()))
	}
	return negation(g.claim())
}

// mapLiteral is {'k': 'a'}.
func mapLiteral() *expr { return literal("{'k': 'a'}", map[string]any{"k": "a"}) }

func (g *generator) aboutClaimThere() *expr {
	claims := name("user.claims")
	claim := pick(g.dice, claimNames...)
	switch g.n(4) {
	case 0:
		return &expr{op: opHas, text: "k", args: []*expr{{op: opField, text: claim, args: []*expr{claims}}}}
	case 1:
		return &expr{op: opHasValue, text: claim + pick(g.dice, "", " k"), args: []*expr{claims}}
	case 2:
		return binary("in", textLiteral(claim), claims)
	}
	return &expr{op: opHas, text: claim, args: []*expr{claims}}
}
