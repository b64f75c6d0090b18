package condition

import (
	"errors"
	"reflect"
	"sync"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// opaque is what a value is to CEL that conditions cannot name: it only makes its way from
// one part of a compiled condition to another.
type opaque struct{}

var opaqueType = sync.OnceValue(func() *types.Type { return types.NewOpaqueType("postern.opaque") })

// ConvertToNative implements ref.Val.
func (opaque) ConvertToNative(reflect.Type) (any, error) { return nil, errors.ErrUnsupported }

// ConvertToType implements ref.Val.
func (opaque) ConvertToType(ref.Type) ref.Val { return types.WrapErr(errors.ErrUnsupported) }

// Equal implements ref.Val.
func (opaque) Equal(ref.Val) ref.Val { return types.False }

// Type implements ref.Val.
func (opaque) Type() ref.Type { return opaqueType() }

// Value implements ref.Val.
func (opaque) Value() any { return nil }

// A constant is a value of Go in a compiled condition, for an argument that was written out.
type constant[T any] struct {
	opaque
	of T
}
