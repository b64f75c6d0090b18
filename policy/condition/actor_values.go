package condition

import (
	"reflect"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/postern/postern/identity"
)

// actors is the list of a user's actors as an Input has it, without a copy. What is seldom done
// with one is done with a copy.
type actors []identity.Actor

// actor is one of them, a map of texts.
type actor identity.Actor

var (
	_ traits.Lister = (*actors)(nil)
	_ traits.Mapper = (*actor)(nil)
)

// whole returns a copy that CEL knows.
func (l *actors) whole() traits.Lister {
	list := make([]ref.Val, len(*l))
	for i := range *l {
		list[i] = (*actor)(&(*l)[i]).whole()
	}
	return types.NewRefValList(adapter{}, list)
}

// Add implements traits.Adder.
func (l *actors) Add(other ref.Val) ref.Val { return concatenate(nil, l, other) }

// Contains implements traits.Container.
func (l *actors) Contains(v ref.Val) ref.Val { return l.whole().Contains(v) }

// ConvertToNative implements ref.Val.
func (l *actors) ConvertToNative(to reflect.Type) (any, error) { return l.whole().ConvertToNative(to) }

// ConvertToType implements ref.Val.
func (l *actors) ConvertToType(to ref.Type) ref.Val { return l.whole().ConvertToType(to) }

// Equal implements ref.Val.
func (l *actors) Equal(other ref.Val) ref.Val { return l.whole().Equal(other) }

// Get implements traits.Indexer.
func (l *actors) Get(index ref.Val) ref.Val {
	i, err := types.IndexOrError(index)
	if err != nil {
		return types.WrapErr(err)
	}
	if i < 0 || i >= len(*l) {
		return types.NewErr("index out of bounds: %d", i)
	}
	return (*actor)(&(*l)[i])
}

// IsZeroValue implements traits.Zeroer.
func (l *actors) IsZeroValue() bool { return len(*l) == 0 }

// Iterator implements traits.Iterable.
func (l *actors) Iterator() traits.Iterator { return &actorsIterator{rest: *l} }

// Size implements traits.Sizer.
func (l *actors) Size() ref.Val { return types.Int(len(*l)) }

// Type implements ref.Val.
func (l *actors) Type() ref.Type { return types.ListType }

// Value implements ref.Val.
func (l *actors) Value() any { return l.whole().Value() }

// whole returns a copy that CEL knows.
func (a *actor) whole() traits.Mapper {
	return types.NewStringInterfaceMap(adapter{}, map[string]any{"subject": a.Subject, "issuer": a.Issuer, "client": a.Client})
}

// Contains implements traits.Container.
func (a *actor) Contains(key ref.Val) ref.Val {
	_, found := a.Find(key)
	return types.Bool(found)
}

// ConvertToNative implements ref.Val.
func (a *actor) ConvertToNative(to reflect.Type) (any, error) { return a.whole().ConvertToNative(to) }

// ConvertToType implements ref.Val.
func (a *actor) ConvertToType(to ref.Type) ref.Val { return a.whole().ConvertToType(to) }

// Equal implements ref.Val.
func (a *actor) Equal(other ref.Val) ref.Val { return a.whole().Equal(other) }

// Find implements traits.Mapper.
func (a *actor) Find(key ref.Val) (ref.Val, bool) {
	switch key {
	case types.String("subject"):
		return types.String(a.Subject), true
	case types.String("issuer"):
		return types.String(a.Issuer), true
	case types.String("client"):
		return types.String(a.Client), true
	}
	return a.whole().Find(key)
}

// Get implements traits.Indexer.
func (a *actor) Get(key ref.Val) ref.Val {
	if v, found := a.Find(key); found {
		return v
	}
	return a.whole().Get(key)
}

// IsZeroValue implements traits.Zeroer.
func (a *actor) IsZeroValue() bool { return false }

// Iterator implements traits.Iterable.
func (a *actor) Iterator() traits.Iterator { return &textsIterator{rest: actorFields()} }

// Size implements traits.Sizer.
func (a *actor) Size() ref.Val { return types.Int(len(actorFields())) }

// Type implements ref.Val.
func (a *actor) Type() ref.Type { return types.MapType }

// Value implements ref.Val.
func (a *actor) Value() any { return a.whole().Value() }

// An actorsIterator goes through the actors of a list.
type actorsIterator struct {
	opaque
	rest actors
}

// HasNext implements traits.Iterator.
func (it *actorsIterator) HasNext() ref.Val { return types.Bool(len(it.rest) > 0) }

// Next implements traits.Iterator.
func (it *actorsIterator) Next() ref.Val {
	next := (*actor)(&it.rest[0])
	it.rest = it.rest[1:]
	return next
}
