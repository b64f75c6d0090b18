package socket

import (
	"io"
	"net"
	"sync"
	"syscall"
	"unsafe"
)

type direct struct{ net.Listener }

func newDirect(l net.Listener) net.Listener { return direct{l} }

// Accept is part of net.Listener.
func (d direct) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	socket, ok := c.(syscall.Conn)
	if !ok {
		return c, nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return c, nil //nolint:nilerr // as good, only dearer
	}
	return &directConn{Conn: c, in: newTransfer(syscall.SYS_READ), out: newTransfer(syscall.SYS_WRITE), raw: raw}, nil
}

type directConn struct {
	net.Conn
	raw     syscall.RawConn
	in, out *transfer
}

// Read is part of net.Conn.
func (c *directConn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	n, err := c.in.move(c.raw.Read, b, false)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

// Write is part of net.Conn.
func (c *directConn) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	return c.out.move(c.raw.Write, b, true)
}

// A transfer is one direction of a connection.
type transfer struct {
	call uintptr // the system call: read or write
	try  func(fd uintptr) (done bool)

	mu   sync.Mutex
	rest []byte // what is not moved yet
	all  bool   // all of it is to be moved
	n    int
	err  error
}

func newTransfer(call uintptr) *transfer {
	t := &transfer{call: call}
	t.try = t.once // once, and not for each check
	return t
}

// move moves b, or as much as there is. wait calls its argument, and calls it again when the socket is
// ready and it was not done.
func (t *transfer) move(wait func(func(fd uintptr) bool) error, b []byte, all bool) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rest, t.all, t.n, t.err = b, all, 0, nil
	err := wait(t.try)
	t.rest = nil
	if err == nil {
		err = t.err
	}
	return t.n, err
}

// once moves what can be moved without waiting, and says whether nothing is to be waited for.
func (t *transfer) once(fd uintptr) (done bool) {
	for {
		n, _, errno := syscall.RawSyscall(t.call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(t.rest))), uintptr(len(t.rest)))
		switch errno {
		case 0:
			t.n += int(n)
			t.rest = t.rest[n:]
			if n == 0 || !t.all || len(t.rest) == 0 {
				return true
			}
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			t.err = errno
			return true
		}
	}
}
