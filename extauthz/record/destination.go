package record

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Open returns the writer for a destination: "-" is standard output, "off" keeps nothing, and
// everything else is the path of a file, which is appended to, and created with mode 0600.
//
// When the reader of standard output goes away, Go ends the process with SIGPIPE unless the
// process ignores that signal. A command that opens "-" does well to.
func Open(destination string, o Options) (*Writer, error) {
	switch destination {
	case "":
		return nil, errors.New("no destination for decision records: give a file, - or off")
	case "-":
		return NewWriter(os.Stdout, o), nil
	case "off":
		if o.Required {
			return nil, errors.New("decision records are required and off: give a file or -")
		}
		return Off(), nil
	}
	f, err := openFile(destination)
	if err != nil {
		return nil, fmt.Errorf("decision records: %w", err)
	}
	return NewWriter(&file{path: destination, open: f}, o), nil
}

// A file is a destination that can be opened anew. A nil file is none.
type file struct {
	path string
	mu   sync.Mutex
	open *os.File // nil once closed
}

func (f *file) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open.Write(p) // os.ErrInvalid when nil
}

func (f *file) reopen() error {
	if f == nil {
		return nil
	}
	fresh, err := openFile(f.path)
	if err != nil {
		return fmt.Errorf("decision records: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == nil {
		return errors.Join(os.ErrClosed, fresh.Close())
	}
	old := f.open
	f.open = fresh
	return old.Close()
}

func (f *file) close() error {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == nil {
		return nil
	}
	open := f.open
	f.open = nil
	return open.Close()
}

// openFile opens a file for appending. When its last line has no end, as after a crash, it
// ends it.
func openFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := endLine(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func endLine(f *os.File) error {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return err
	}
	var last [1]byte
	if _, err := f.ReadAt(last[:], info.Size()-1); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if last[0] == '\n' {
		return nil
	}
	_, err = f.Write([]byte{'\n'})
	return err
}
