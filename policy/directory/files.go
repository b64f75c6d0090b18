package directory

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/postern/postern/policy/syntax"
)

// Files are the files of a directory, unread, for tools that look at each by itself.
type Files struct {
	Texts  []Text   // those that Load reads, sorted by name
	JSON   []string // the names of *.json, which are in place only where a document names them
	Faults error    // what Load says of the directory and of single files, but not of what is in them, as *syntax.Errors; nil when there is nothing
}

// A Text is what one file holds.
type Text struct {
	Name string // below the directory, with slashes
	Text []byte
}

// Read reads the files that Load reads and does not parse them, so that what is wrong with one
// keeps nobody from the others. It is an error if there are none, or the directory cannot be read.
func Read(dir string) (*Files, error) {
	var err error
	for range attempts {
		var files *Files
		files, err = readFiles(dir)
		if !errors.Is(err, errChanging) && !errors.Is(err, errWriter) {
			return files, err
		}
		time.Sleep(pause)
	}
	return nil, err
}

func readFiles(dir string) (*Files, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, cause(err))
	}
	defer root.Close()
	found := list(root)
	files := &Files{JSON: found.json}
	var faults syntax.Errors
	faults.Add(found.faults.Err())
	if len(found.files) == 0 && faults.Err() == nil {
		return nil, fmt.Errorf("%s: no policies: there is no file *.yaml", dir)
	}
	total := 0
	for _, f := range found.files {
		text, err := read(root, f.name)
		if errors.Is(err, errWriter) {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		if err != nil {
			faults.Add(&syntax.Error{Position: syntax.Position{Source: f.name}, Message: "cannot be read: " + err.Error()})
			continue
		}
		if total += len(text); total > maxBytes {
			faults.Add(&syntax.Error{
				Position: syntax.Position{Source: f.name},
				Message:  fmt.Sprintf("is beyond the %d bytes that are read of all files together", maxBytes),
			})
			break
		}
		faults.Add(ending(f.name, text))
		files.Texts = append(files.Texts, Text{f.name, text})
	}
	if !found.same(list(root)) || !isStill(dir, root) {
		return nil, fmt.Errorf("%s: %w", dir, errChanging)
	}
	files.Faults = faults.Err()
	return files, nil
}
