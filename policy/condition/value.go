package condition

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// An adapter makes CEL values of what an Input holds, one at a time and when it is looked at:
// the claims of a user are shared by many requests and are never converted as a whole.
type adapter struct{}

// NativeToValue implements types.Adapter.
func (adapter) NativeToValue(value any) ref.Val {
	switch v := value.(type) {
	case nil:
		return types.NullValue
	case ref.Val:
		return v
	case bool:
		return types.Bool(v)
	case string:
		return types.String(v)
	case json.Number:
		return number(v.String())
	case int:
		return types.Int(v)
	case []string:
		return (*texts)(&v)
	case []any:
		return types.NewDynamicList(adapter{}, v)
	case []ref.Val:
		return types.NewRefValList(adapter{}, v)
	case map[string]any:
		return types.NewStringInterfaceMap(adapter{}, v)
	case map[ref.Val]ref.Val:
		return types.NewRefValMap(adapter{}, v)
	}
	return types.WrapErr(fmt.Errorf("a value of type %T has no meaning here", value))
}

// number returns a JSON number: an int when it is written like one, else a double.
func number(s string) ref.Val {
	if !strings.ContainsAny(s, ".eE") {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return types.WrapErr(fmt.Errorf("the number %s does not fit 64 bits", shorten(s)))
		}
		return types.Int(n)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return types.WrapErr(fmt.Errorf("the number %s is out of range", shorten(s)))
	}
	return types.Double(f)
}
