package socket_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/postern/postern/extauthz/socket"
)

// pair returns both ends of a connection; ours is the one that direct accepted.
func pair(t testing.TB, network, at string) (ours, theirs net.Conn, stop func()) {
	t.Helper()
	l, err := net.Listen(network, at)
	if err != nil {
		t.Fatal(err)
	}
	if theirs, err = net.Dial(network, l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if ours, err = socket.Direct(l).Accept(); err != nil {
		t.Fatal(err)
	}
	if _, ok := ours.(syscall.Conn); ok {
		t.Fatalf("accepted a plain %T", ours)
	}
	return ours, theirs, func() { ours.Close(); theirs.Close(); l.Close() }
}

// TestDirectIsAConn: as one of package net does, for its readers, writers, deadlines and ends.
func TestDirectIsAConn(t *testing.T) {
	for _, network := range []string{"unix", "tcp"} {
		t.Run(network, func(t *testing.T) {
			nettest.TestConn(t, func() (ours, theirs net.Conn, stop func(), err error) {
				at := "127.0.0.1:0"
				if network == "unix" {
					at = filepath.Join(t.TempDir(), "s")
				}
				ours, theirs, stop = pair(t, network, at)
				return ours, theirs, stop, nil
			})
		})
	}
}

// TestDirectWaits until there is room for more than a socket holds.
func TestDirectWaits(t *testing.T) {
	ours, theirs, stop := pair(t, "unix", filepath.Join(t.TempDir(), "s"))
	defer stop()
	sent := bytes.Repeat([]byte("0123456789abcde\n"), 1<<20)
	wrote := make(chan error, 1)
	go func() {
		n, err := ours.Write(sent)
		if err == nil && n != len(sent) {
			err = io.ErrShortWrite
		}
		wrote <- errors.Join(err, ours.Close())
	}()
	got, err := io.ReadAll(theirs)
	if err := errors.Join(err, <-wrote); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes of %d came through: %v", len(got), len(sent), err)
	}
}

// TestDirectEnds: with the other end, with its own, and with its deadline.
func TestDirectEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(ours, theirs net.Conn) error
		want error
	}{
		"the other end": {func(_, theirs net.Conn) error { return theirs.Close() }, io.EOF},
		"its own":       {func(ours, _ net.Conn) error { return ours.Close() }, net.ErrClosed},
		"its deadline":  {func(ours, _ net.Conn) error { return ours.SetReadDeadline(time.Now()) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs, stop := pair(t, "unix", filepath.Join(t.TempDir(), "s"))
			defer stop()
			read := make(chan error, 1)
			go func() {
				_, err := ours.Read(make([]byte, 10))
				read <- err
			}()
			if err := tc.end(ours, theirs); err != nil {
				t.Fatal(err)
			}
			err := <-read
			var late net.Error
			if tc.want != nil && !errors.Is(err, tc.want) || tc.want == nil && (!errors.As(err, &late) || !late.Timeout()) {
				t.Errorf("read: %v", err)
			}
		})
	}
	t.Run("a write to nobody", func(t *testing.T) {
		ours, theirs, stop := pair(t, "unix", filepath.Join(t.TempDir(), "s"))
		defer stop()
		if err := theirs.Close(); err != nil {
			t.Fatal(err)
		}
		if n, err := ours.Write([]byte("x")); n != 0 || err == nil {
			t.Errorf("wrote %d: %v", n, err)
		}
	})
}
