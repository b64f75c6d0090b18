package condition

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// isKeyKind says that values of a kind can be keys. What a map of CEL is made of in Go panics
// when it is given others, such as bytes.
func isKeyKind(kind types.Kind) bool {
	switch kind {
	case types.BoolKind, types.IntKind, types.UintKind, types.DoubleKind, types.StringKind:
		return true
	default:
		return false
	}
}

// checkKeyTypes refuses maps with keys that are certain to be none.
func (p *plan) checkKeyTypes() {
	ast.PreOrderVisit(p.checked.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.MapKind {
			return
		}
		for _, entry := range e.AsMap().Entries() {
			key := entry.AsMapEntry().Key()
			if t := p.checked.GetType(key.ID()); !isKeyKind(t.Kind()) && t.Kind() != types.DynKind {
				p.add(p.start(p.checked, key), "%s cannot be a key of a map: a key is a text, a number, true or false", cel.FormatCELType(t))
			}
		}
	}))
}

// literal rewrites the keys of a map literal, those that are written out excepted: they are
// checked, and paid for.
func (w *rewriter) literal(e ast.Expr) {
	var entries []ast.EntryExpr
	for _, entry := range e.AsMap().Entries() {
		of := entry.AsMapEntry()
		if of.Key().Kind() != ast.LiteralKind {
			key := w.factory.NewUnspecifiedExpr(w.id(types.DynType))
			w.strict(key, keyFunction, of.Key())
			entry = w.factory.NewMapEntry(entry.ID(), key, of.Value(), of.IsOptional())
		}
		entries = append(entries, entry)
	}
	e.SetKindCase(w.factory.NewMap(e.ID(), entries))
}

// key returns what can be the key of a map, and is an error for what cannot.
func key(m *meter, v ref.Val) ref.Val {
	if kind := v.Type().(*types.Type).Kind(); !isKeyKind(kind) {
		return types.WrapErr(fmt.Errorf("%s cannot be a key of a map: a key is a text, a number, true or false", typeOf(v)))
	}
	if !m.payText(v) {
		return overrun()
	}
	return v
}

// elements returns what a macro goes through. The keys of a map have no order of their own,
// and are sorted: the same request must have the same answer each time.
func elements(m *meter, v ref.Val) ref.Val {
	of, ok := v.(traits.Mapper)
	if !ok {
		return v
	}
	if !m.spend(sortCost * step * sizeOf(of)) {
		return overrun()
	}
	if object, ok := of.Value().(map[string]any); ok {
		keys := texts(slices.Sorted(maps.Keys(object)))
		return &keys
	}
	type written struct {
		key  ref.Val
		text string // as CEL writes it
	}
	var keys []written
	for it := of.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		if text, ok := key.(types.String); ok && !m.spend(sortCost*len(text)) {
			return overrun()
		}
		keys = append(keys, written{key, types.Format(key)})
	}
	slices.SortFunc(keys, func(a, b written) int { return strings.Compare(a.text, b.text) })
	sorted := make([]ref.Val, len(keys))
	for i, key := range keys {
		sorted[i] = key.key
	}
	return types.NewRefValList(adapter{}, sorted)
}
