package syntax

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/postern/postern/policy/pattern"
	"github.com/postern/postern/policy/syntax/grammar"
	"github.com/postern/postern/policy/syntax/tree"
)

// The callers that are no patterns.
const (
	anyone      = "anyone"
	groupPrefix = "group:"
)

var allowShape = shapeOf(grammar.Object{
	What:   "an allow",
	Says:   "A conjunction that allows: everything that it names must hold.",
	Fields: append([]grammar.Field{ruleName, ruleCallers(grammar.Required, anyCaller)}, ruleFields...),
}).advises("callers", "name them, or write [anyone]").refuses(map[string]string{"bound": boundInUser})

var denyShape = shapeOf(grammar.Object{
	What:   "a deny",
	Says:   "A conjunction that denies where everything that it names holds, or cannot be told.",
	Fields: append([]grammar.Field{ruleName, ruleCallers(grammar.Optional, anyCaller)}, ruleFields...),
	Some:   conjuncts,
}).refuses(map[string]string{"bound": boundInUser})

const boundInUser = "is said of a credential: write it in user, as in user: {provider: NAME, bound: mtls}"

// conjuncts are the fields that make a rule say something.
var conjuncts = []string{"callers", "user", "headers", "source", "when"}

var ruleName = grammar.Field{Name: "name", Value: scalar(labelText), Says: "What records call the rule; unique among the rules that stand together."}

const anyCaller = "Whose requests: SPIFFE ID patterns, `group:NAME`, or `anyone` alone, which is every request with a proven caller or without. Any of them is enough."

func ruleCallers(need grammar.Need, says string) grammar.Field {
	return grammar.Field{Name: "callers", Need: need, Value: listOf(callerText), Says: says}
}

// ruleFields are those of every rule, behind its callers.
var ruleFields = []grammar.Field{
	{Name: "user", Value: mapping(userShape), Says: "A verified credential that has all of this. On a route that asks for one, a bad one denies everywhere."},
	{Name: "headers", Value: headersValue, Says: "Headers by name in lower case, each with one value, `{any: […]}`, `{all: […]}` or `{present: true}`. All of them must hold."},
	{Name: "source", Value: listOf(prefixText), Says: "Ranges of addresses, as in `10.0.0.0/8`; the address of the TCP peer is in any of them."},
	{Name: "when", Value: scalar(conditionText), Says: "An expression of CEL that is true. One that cannot be told never helps a request."},
	{Name: "shadow", Value: textOr(trueScalar, shadowShape), Says: "Evaluated and recorded, never enforced: `true`, or `{until: TIME}`."},
}

var shadowShape = shapeOf(grammar.Object{
	What: "shadow",
	Says: "How long a rule is to be in shadow.",
	Fields: []grammar.Field{
		{Name: "until", Need: grammar.Required, Value: scalar(timeScalar), Says: "When somebody should have decided. `postern lint` reminds; nothing else happens then."},
	},
})

func (s scope) rules(n *tree.Node, shape *shape) []Rule {
	items := s.items(n)
	rules := make([]Rule, 0, len(items))
	for i := range items {
		rules = append(rules, s.rule(&items[i], shape))
	}
	return rules
}

func (s scope) rule(n *tree.Node, shape *shape) Rule {
	o := s.object(n, shape)
	rule := Rule{
		Position: s.position(n),
		Name:     s.text(o.get("name"), checkLabel),
		Callers:  s.callers(o.get("callers")),
		User:     s.user(o.get("user")),
		Headers:  s.headers(o.get("headers")),
		Source:   s.prefixes(o.get("source")),
		When:     s.condition(o.get("when")),
		Shadow:   s.shadow(o.get("shadow")),
	}
	switch {
	case o.node == nil || shape == allowShape || !o.namesNothing():
	case shape == requireShape:
		s.fail(n, "a require that names nothing requires nothing: name what must hold")
	default:
		s.fail(n, "a deny that names nothing would deny everything: write callers: [anyone] if that is meant")
	}
	return rule
}

// condition reads an expression of CEL, in one line or several.
func (r *reader) condition(n *tree.Node) *Condition {
	if n == nil || !r.isString(n) {
		return nil
	}
	text := strings.TrimRight(n.Text, "\n")
	err := checkText(strings.ReplaceAll(text, "\n", " "))
	if err == nil && strings.TrimSpace(text) == "" {
		err = errors.New("this condition must not be empty")
	}
	if err != nil {
		r.fail(n, "%v", err)
		return nil
	}
	return &Condition{Position: r.position(n), Text: r.keep(text), Plain: !n.Quoted}
}

// shadow reads true, or the time by when somebody should have decided.
func (r *reader) shadow(n *tree.Node) *Shadow {
	switch {
	case n == nil:
		return nil
	case n.Kind == tree.Mapping:
		o := r.object(n, shadowShape)
		return &Shadow{Position: r.position(n), Until: r.timestamp(o.get("until"))}
	case n.Kind != tree.Scalar || n.Quoted || n.Text != "true" && n.Text != "false":
		r.fail(n, "expected true, or {until: TIME}, found %s", found(n))
	case n.Text == "false":
		r.fail(n, "a rule is enforced unless it says shadow: true: leave this out")
	}
	return &Shadow{Position: r.position(n)}
}

// namesNothing says that a rule has no conjunct; an unknown field is reported as one anyway.
func (o object) namesNothing() bool {
	for key := range o.node.Fields() {
		if key.Text != "name" && key.Text != "shadow" {
			return false
		}
	}
	return true
}

// callers reads patterns, groups, and anyone, which stands alone.
func (s scope) callers(n *tree.Node) []Text {
	callers := s.texts(n, s.checkCaller)
	for _, c := range callers {
		if c.Value == anyone && len(callers) > 1 {
			s.errors.Add(&Error{c.Position, "anyone is every caller: it stands alone"})
		}
	}
	return callers
}

func (s scope) checkCaller(caller string) error {
	if caller == anyone {
		return nil
	}
	name, isGroup := strings.CutPrefix(caller, groupPrefix)
	if isGroup {
		return s.checkGroup(name)
	}
	if _, err := pattern.Parse(caller); err != nil {
		return s.meantCaller(caller, err)
	}
	return nil
}

func (s scope) checkGroup(name string) error {
	for _, group := range s.groups {
		if group == name {
			return nil
		}
	}
	if s.mesh {
		return errors.New("groups belong to a ServicePolicy: name the callers themselves here")
	}
	if near := Nearest(name, s.groups); near != "" {
		return fmt.Errorf(`this document has no group %s: did you mean "group:%s"?`, quote(name), near)
	}
	return fmt.Errorf("this document has no group %s: define it under groups", quote(name))
}

// meantCaller says which caller that is no pattern may have been meant.
func (s scope) meantCaller(caller string, err error) error {
	switch {
	case strings.Contains(caller, ":"):
		return err
	case Nearest(caller, []string{anyone, "everyone", "all", "any"}) != "":
		return fmt.Errorf("%w; every caller is written anyone", err)
	}
	for _, group := range s.groups {
		if group == caller {
			return fmt.Errorf("%w; a group is written group:%s", err, group)
		}
	}
	return err
}

// uniqueNames holds the rules that stand together to names that differ.
func uniqueNames(r *reader, what string, lists ...[]Rule) {
	var names []Text
	for _, rules := range lists {
		for i := range rules {
			if rules[i].Name.Value != "" {
				names = append(names, rules[i].Name)
			}
		}
	}
	slices.SortFunc(names, func(a, b Text) int { return a.Position.Compare(b.Position) })
	seen := newSeen(len(names))
	for _, name := range names {
		if line := seen.add(name); line > 0 {
			r.errors.Add(&Error{name.Position, fmt.Sprintf("a %s named %s stands in line %d already", what, quote(name.Value), line)})
		}
	}
}
