package output

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/postern/postern/policy/lint"
)

// GitHub writes each finding as a workflow command, which GitHub shows beside the line in a pull
// request.
func (w *Writer) GitHub(out io.Writer, r *lint.Report) error {
	var b bytes.Buffer
	for i := range r.Findings {
		f := &r.Findings[i]
		var properties []string
		if f.Position.Source != "" {
			properties = append(properties, "file="+property(w.path(f.Position.Source)))
		}
		if f.Position.Line > 0 {
			properties = append(properties, fmt.Sprintf("line=%d", f.Position.Line), fmt.Sprintf("col=%d", w.column(f.Position)))
		}
		properties = append(properties, "title="+property(string(f.Code)))
		fmt.Fprintf(&b, "::%s %s::%s\n", command(f.Severity), strings.Join(properties, ","), data(f.Message+" ("+PageOf(f.Code)+")"))
	}
	_, err := out.Write(b.Bytes())
	return err
}

func command(s lint.Severity) string {
	switch s {
	case lint.Error:
		return "error"
	case lint.Warning:
		return "warning"
	default:
		return "notice"
	}
}

// data escapes what stands behind a command.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// property escapes what stands between the colons of a command.
func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
