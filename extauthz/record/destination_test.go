package record_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postern/postern/extauthz/record"
)

func open(t *testing.T, destination string) *record.Writer {
	t.Helper()
	w, err := record.Open(destination, record.Options{Deadline: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func require(t *testing.T, w *record.Writer, id string) {
	t.Helper()
	if err := w.Require(context.Background(), numbered(id)); err != nil {
		t.Fatal(err)
	}
}

func closed(t *testing.T, w *record.Writer) {
	t.Helper()
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	for _, id := range []string{"1", "2"} {
		w := open(t, path)
		require(t, w, id)
		closed(t, w)
	}
	if got := ids(read(t, path)); got != "1 2" {
		t.Errorf("lines %q, want those of both runs", got)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
}

func TestFileThatEndsInsideALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	if err := os.WriteFile(path, []byte(`{"time":"2026`), 0o600); err != nil {
		t.Fatal(err)
	}
	w := open(t, path)
	require(t, w, "1")
	closed(t, w)
	if got := ids(read(t, path)); got != "~ 1" {
		t.Errorf("lines %q in %q", got, read(t, path))
	}
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "decisions.jsonl")
	w := open(t, path)
	require(t, w, "1")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	require(t, w, "2")
	if err := w.Reopen(); err != nil {
		t.Fatal(err)
	}
	require(t, w, "3")
	closed(t, w)
	if moved, fresh := ids(read(t, path+".1")), ids(read(t, path)); moved != "1 2" || fresh != "3" {
		t.Errorf("the moved file has %q and the new one %q", moved, fresh)
	}
	if err := w.Reopen(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestReopenUnderLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "decisions.jsonl")
	w := open(t, path)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 2000 {
			w.Record(numbered("1"))
		}
	}()
	for i := range 20 {
		if err := os.Rename(path, filepath.Join(dir, string(rune('a'+i)))); err != nil {
			t.Fatal(err)
		}
		if err := w.Reopen(); err != nil {
			t.Fatal(err)
		}
	}
	<-done
	closed(t, w)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, f := range files {
		for line := range strings.Lines(read(t, f)) {
			fields(t, line)
			lines++
		}
	}
	if c := w.Counts(); lines != 2000 || c.Written != 2000 {
		t.Errorf("%d lines in %d files and counts %+v, want 2000", lines, len(files), c)
	}
}

func TestReopenThatFailsKeepsTheFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "records")
	path := filepath.Join(dir, "decisions.jsonl")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w := open(t, path)
	require(t, w, "1")
	if err := os.Rename(dir, dir+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := w.Reopen(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that there is no such directory", err)
	}
	require(t, w, "2")
	closed(t, w)
	if got := ids(read(t, filepath.Join(dir+".moved", "decisions.jsonl"))); got != "1 2" {
		t.Errorf("lines %q", got)
	}
}

func TestOpenFails(t *testing.T) {
	for name, destination := range map[string]string{
		"no destination": "",
		"a directory":    t.TempDir(),
		"no directory":   filepath.Join(t.TempDir(), "missing", "decisions.jsonl"),
	} {
		if w, err := record.Open(destination, record.Options{}); err == nil || w != nil {
			t.Errorf("%s: %v, %v", name, w, err)
		}
	}
	if w, err := record.Open("off", record.Options{Required: true}); err == nil || w != nil {
		t.Errorf("required and off: %v, %v", w, err)
	}
}

func TestStandardOutput(t *testing.T) {
	reader, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = out
	defer func() { os.Stdout = stdout }()
	w := open(t, "-")
	require(t, w, "1")
	if err := w.Reopen(); err != nil {
		t.Errorf("reopening what is no file: %v", err)
	}
	closed(t, w)
	if _, err := out.WriteString("still open\n"); err != nil {
		t.Errorf("Close closed standard output: %v", err)
	}
	line := make([]byte, 4096)
	n, err := reader.Read(line)
	if err != nil || ids(string(line[:n])[:n-len("still open\n")]) != "1" {
		t.Errorf("read %q, %v", line[:n], err)
	}
}

func TestPipeWithoutReader(t *testing.T) {
	reader, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = reader.Close()
	w := record.NewWriter(out, record.Options{Deadline: time.Minute})
	if err := w.Require(context.Background(), numbered("1")); err == nil {
		t.Error("a record was written to nobody")
	}
	closed(t, w)
	if got := w.Counts(); got != (record.Counts{Failed: 1}) {
		t.Errorf("counts %+v", got)
	}
}

func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("no /dev/full on this system: ", err)
	}
	w := open(t, "/dev/full")
	if err := w.Require(context.Background(), numbered("1")); err == nil {
		t.Error("a record was written to a full disk")
	}
	closed(t, w)
	if got := w.Counts(); got != (record.Counts{Failed: 1}) {
		t.Errorf("counts %+v", got)
	}
}

func TestOff(t *testing.T) {
	w := open(t, "off")
	if !w.Record(numbered("1")) || !w.Keep(context.Background(), numbered("2")) {
		t.Error("a record was dropped where none is kept")
	}
	if err := w.Require(context.Background(), numbered("3")); !errors.Is(err, record.ErrDropped) {
		t.Errorf("Require: %v", err)
	}
	if err := w.Reopen(); err != nil {
		t.Error(err)
	}
	closed(t, w)
	if got := w.Counts(); got != (record.Counts{}) {
		t.Errorf("counts %+v", got)
	}
}

func TestZeroWriterKeepsNothing(t *testing.T) {
	var w record.Writer
	if w.Record(numbered("1")) {
		t.Error("the zero Writer took a record in")
	}
	if err := w.Require(context.Background(), numbered("2")); err == nil {
		t.Error("the zero Writer wrote a record")
	}
}
