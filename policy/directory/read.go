package directory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/postern/postern/policy/syntax"
)

// read returns the bytes of a regular file.
func read(root *os.Root, name string) ([]byte, error) {
	text, _, err := readInfo(root, name)
	return text, err
}

// readInfo returns also what the file was before it was read, nil with an error. O_NONBLOCK keeps the opening of a pipe, which may have
// taken the file's place since it was listed, from waiting for a writer.
func readInfo(root *os.Root, name string) ([]byte, fs.FileInfo, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, cause(err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, nil, cause(err)
	case !info.Mode().IsRegular():
		return nil, nil, errors.New("it is no regular file")
	case info.Size() > syntax.MaxFile:
		return nil, nil, fmt.Errorf("it has %d bytes, and at most %d are read", info.Size(), syntax.MaxFile)
	case hasWriter(f):
		return nil, nil, errWriter
	}
	var text bytes.Buffer
	text.Grow(int(info.Size()) + bytes.MinRead) // so that it does not grow while it is read
	if _, err := text.ReadFrom(io.LimitReader(f, syntax.MaxFile+1)); err != nil {
		return nil, nil, cause(err)
	}
	return text.Bytes(), info, nil
}

// cause returns what is wrong without the operation and the name, which the error is said of.
func cause(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// message returns what an error says, "" when there is none.
func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
