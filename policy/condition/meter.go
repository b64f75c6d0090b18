package condition

import (
	"errors"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// errTooCostly is what a condition comes to that would cost more than MaxCost for a request.
var errTooCostly = errors.New("the condition costs too much for this request: the lists or the texts that it goes through are too long")

// step is what a meter counts: there are so many to a unit of cost, and one to a byte of text.
const step = bytesPerUnit

// A meter stops an evaluation that costs too much. A nil meter never does: most conditions
// cannot cost too much for any request, and have none. It is a value of CEL so that the
// functions of a condition can be given it.
type meter struct {
	opaque
	left int64 // steps
}

// spend takes away so many steps and says whether there were enough. Once there were not,
// there never are.
func (m *meter) spend(steps int) bool {
	if m == nil {
		return true
	}
	m.left -= int64(steps)
	return m.left >= 0
}

// pay takes away what it costs to go through a value once: a text, or the elements of a list
// or a map, but not what is in those.
func (m *meter) pay(v ref.Val) bool {
	switch x := v.(type) {
	case *types.Optional:
		return !x.HasValue() || m.pay(x.GetValue())
	case *texts:
		bytes := 0
		for _, text := range *x {
			bytes += len(text)
		}
		return m.spend(bytes + step*len(*x))
	case traits.Lister, traits.Mapper:
		return m.spend(step * sizeOf(x))
	}
	return m.payText(v)
}

// payText is pay for texts alone.
func (m *meter) payText(v ref.Val) bool {
	switch x := v.(type) {
	case types.String:
		return m.spend(len(x))
	case types.Bytes:
		return m.spend(len(x))
	}
	return m.spend(0)
}

// sizeOf returns the number of elements of a list or a map.
func sizeOf(v ref.Val) int {
	n, _ := v.(traits.Sizer).Size().(types.Int)
	return int(n)
}

// overrun is the error of an evaluation that was stopped.
func overrun() ref.Val { return types.WrapErr(errTooCostly) }
