package condition

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// An adapter makes values of CEL of what a request and a credential hold, when they are looked
// at. Numbers of JSON are integers or doubles as they are written; one that neither holds is an
// error to whoever uses it.
type adapter struct{ types.Adapter }

// NativeToValue implements types.Adapter.
func (a adapter) NativeToValue(v any) ref.Val {
	switch v := v.(type) {
	case json.Number:
		return number(v)
	case map[string]any:
		return types.NewStringInterfaceMap(a, v)
	case []any:
		return types.NewDynamicList(a, v)
	case []string:
		return textList(v)
	case string:
		return text(v)
	}
	return a.Adapter.NativeToValue(v)
}

// text is a text that is not too long to be looked at.
func text(s string) ref.Val {
	if len(s) > maxValue {
		return types.NewErr("a text of %d bytes: at most %d are looked at", len(s), maxValue)
	}
	return types.String(s)
}

func textList(all []string) ref.Val {
	for _, s := range all {
		if v := text(s); types.IsError(v) {
			return v
		}
	}
	return types.NewStringList(types.DefaultTypeAdapter, all)
}

func number(n json.Number) ref.Val {
	text := string(n)
	if !strings.ContainsAny(text, ".eE") {
		i, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return types.NewErr("a number is beyond 64 bits")
		}
		return types.Int(i)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return types.NewErr("a number is beyond what a double holds")
	}
	return types.Double(f)
}

// opaque is what a value needs that nothing can be done with.
type opaque struct{}

func (opaque) ConvertToNative(reflect.Type) (any, error) { return nil, errors.New("no native value") }
func (opaque) ConvertToType(ref.Type) ref.Val            { return types.NewErr("it cannot be converted") }
func (opaque) Equal(ref.Val) ref.Val                     { return types.NewErr("it cannot be compared") }
func (opaque) Type() ref.Type                            { return inputType }
func (opaque) Value() any                                { return nil }
