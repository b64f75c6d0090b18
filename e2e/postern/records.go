package postern

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// A Record is one decision record, by the names of its members.
type Record map[string]any

// Text returns a member as text, "" when it is not there.
func (r Record) Text(name string) string {
	if v, ok := r[name]; ok && v != nil {
		return fmt.Sprint(v)
	}
	return ""
}

// records takes the JSON lines that the process writes and parses them.
type records struct {
	held sync.Mutex // locked while nothing is taken
	mu   sync.Mutex
	rest []byte
	raw  strings.Builder
	all  []Record
	bad  []string
}

func (r *records) Write(p []byte) (int, error) {
	r.held.Lock()
	defer r.held.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw.Write(p)
	r.rest = append(r.rest, p...)
	for {
		line, rest, whole := bytes.Cut(r.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		r.rest = rest
		var record Record
		if err := json.Unmarshal(line, &record); err != nil {
			r.bad = append(r.bad, string(line))
			continue
		}
		r.all = append(r.all, record)
	}
}

func (r *records) list() []Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Record(nil), r.all...)
}

// text returns everything that was written, and the lines that are no JSON.
func (r *records) text() (all string, bad []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.raw.String(), append([]string(nil), r.bad...)
}
