package main

import (
	"encoding/json"
	"io"
	"strings"
)

// formatted is what postern fmt did, or would do.
type formatted struct {
	Files   int           `json:"files"` // that were looked at
	Changed []changedFile `json:"changed"`
	Text    string        `json:"text,omitempty"` // of standard input, in the canonical form
	looked  bool          // nothing was written
}

type changedFile struct {
	File string `json:"file"`
	Diff string `json:"diff,omitempty"`
}

func (r *formatted) json(out io.Writer) error {
	if r.Changed == nil {
		r.Changed = []changedFile{}
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(r); err != nil {
		return err
	}
	return r.verdict()
}

// text prints what was read from standard input, or else names and differences.
func (r *formatted) text(out io.Writer) error {
	var b strings.Builder
	b.WriteString(r.Text)
	for _, file := range r.Changed {
		switch {
		case file.Diff != "":
			b.WriteString(file.Diff)
		case r.Text == "":
			b.WriteString(file.File + "\n")
		}
	}
	if err := say(out, b.String()); err != nil {
		return err
	}
	return r.verdict()
}

// verdict is errFound when files would change, and nothing was written.
func (r *formatted) verdict() error {
	if r.looked && len(r.Changed) > 0 {
		return errFound
	}
	return nil
}

func say(out io.Writer, text string) error {
	_, err := io.WriteString(out, text)
	return err
}
