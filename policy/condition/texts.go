package condition

import (
	"reflect"
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// texts is a list of strings as an Input has it, without a copy.
type texts []string

var _ traits.Lister = (*texts)(nil)

// has says whether one of the strings is s.
func (t *texts) has(s string) bool { return slices.Contains(*t, s) }

// Add implements traits.Adder.
func (t *texts) Add(other ref.Val) ref.Val { return concatenate(nil, t, other) }

// Contains implements traits.Container.
func (t *texts) Contains(v ref.Val) ref.Val {
	s, ok := v.(types.String)
	return types.Bool(ok && t.has(string(s)))
}

// ConvertToNative implements ref.Val.
func (t *texts) ConvertToNative(to reflect.Type) (any, error) {
	return types.NewStringList(adapter{}, *t).ConvertToNative(to)
}

// ConvertToType implements ref.Val.
func (t *texts) ConvertToType(to ref.Type) ref.Val {
	return types.NewStringList(adapter{}, *t).ConvertToType(to)
}

// Equal implements ref.Val.
func (t *texts) Equal(other ref.Val) ref.Val {
	return types.NewStringList(adapter{}, *t).Equal(other)
}

// Get implements traits.Indexer.
func (t *texts) Get(index ref.Val) ref.Val {
	i, err := types.IndexOrError(index)
	if err != nil {
		return types.WrapErr(err)
	}
	if i < 0 || i >= len(*t) {
		return types.NewErr("index out of bounds: %d", i)
	}
	return types.String((*t)[i])
}

// IsZeroValue implements traits.Zeroer.
func (t *texts) IsZeroValue() bool { return len(*t) == 0 }

// Iterator implements traits.Iterable.
func (t *texts) Iterator() traits.Iterator { return &textsIterator{rest: *t} }

// Size implements traits.Sizer.
func (t *texts) Size() ref.Val { return types.Int(len(*t)) }

// Type implements ref.Val.
func (t *texts) Type() ref.Type { return types.ListType }

// Value implements ref.Val.
func (t *texts) Value() any { return []string(*t) }

// A textsIterator goes through the strings of a list.
type textsIterator struct {
	opaque
	rest []string
}

// HasNext implements traits.Iterator.
func (it *textsIterator) HasNext() ref.Val { return types.Bool(len(it.rest) > 0) }

// Next implements traits.Iterator.
func (it *textsIterator) Next() ref.Val {
	next := types.String(it.rest[0])
	it.rest = it.rest[1:]
	return next
}
