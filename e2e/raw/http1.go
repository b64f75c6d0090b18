package raw

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"
)

// HTTP1 is a client's connection that speaks HTTP/1.1, or whatever bytes it is given. It is
// not safe for concurrent use.
type HTTP1 struct {
	conn net.Conn
	in   *bufio.Reader
}

// DialHTTP1 connects to addr, over TLS when c is not nil.
func DialHTTP1(addr string, c *tls.Config) (*HTTP1, error) {
	conn, err := dial(addr, c, "http/1.1")
	if err != nil {
		return nil, err
	}
	return &HTTP1{conn, bufio.NewReader(conn)}, nil
}

// Close ends the connection.
func (h *HTTP1) Close() error { return h.conn.Close() }

// Conn returns the connection, for what comes after a 101.
func (h *HTTP1) Conn() net.Conn { return h.conn }

// TLS returns the state of the TLS connection; false on cleartext.
func (h *HTTP1) TLS() (tls.ConnectionState, bool) {
	if c, ok := h.conn.(*tls.Conn); ok {
		return c.ConnectionState(), true
	}
	return tls.ConnectionState{}, false
}

// Do sends the bytes and reads one answer. The method in the bytes decides whether the answer
// to it has a body.
func (h *HTTP1) Do(request string) (*Response, error) {
	if err := h.Send(request); err != nil {
		return nil, err
	}
	return h.Receive(strings.HasPrefix(request, "HEAD "))
}

// Send writes the bytes as they are.
func (h *HTTP1) Send(request string) error {
	if err := h.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := io.WriteString(h.conn, request)
	return err
}

// Receive reads one final answer; those with 1xx are passed over, but 101. The answer to a
// HEAD request has no body. An answer without a length ends with the connection.
func (h *HTTP1) Receive(head bool) (*Response, error) {
	for {
		r, err := h.receiveHead()
		if err != nil {
			return nil, err
		}
		if r.Status >= 100 && r.Status < 200 && r.Status != 101 {
			continue
		}
		if head || r.Status == 101 || r.Status == 204 || r.Status == 304 {
			return r, nil
		}
		r.Body, err = h.body(r)
		return r, err
	}
}

func (h *HTTP1) receiveHead() (*Response, error) {
	line, err := h.line()
	if err != nil {
		return nil, err
	}
	_, rest, ok := strings.Cut(line, " ")
	code, _, _ := strings.Cut(rest, " ")
	status, err := strconv.Atoi(code)
	if !ok || err != nil {
		return nil, fmt.Errorf("status line %q", line)
	}
	r := &Response{Status: status}
	for {
		line, err := h.line()
		if err != nil {
			return nil, err
		}
		if line == "" {
			return r, nil
		}
		name, value, _ := strings.Cut(line, ":")
		r.Fields = append(r.Fields, Field{strings.ToLower(name), textproto.TrimString(value)})
	}
}

func (h *HTTP1) line() (string, error) {
	line, err := h.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func (h *HTTP1) body(r *Response) ([]byte, error) {
	if te := r.Get("transfer-encoding"); len(te) == 1 && te[0] == "chunked" {
		return h.chunks()
	}
	length := r.Get("content-length")
	if len(length) == 0 {
		return io.ReadAll(h.in)
	}
	n, err := strconv.Atoi(length[0])
	if err != nil || n < 0 || n > 1<<24 {
		return nil, fmt.Errorf("content-length %q", length[0])
	}
	body := make([]byte, n)
	_, err = io.ReadFull(h.in, body)
	return body, err
}

func (h *HTTP1) chunks() ([]byte, error) {
	var body []byte
	for {
		line, err := h.line()
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseUint(line, 16, 24)
		if err != nil {
			return nil, fmt.Errorf("chunk of length %q", line)
		}
		chunk := make([]byte, n)
		if _, err := io.ReadFull(h.in, chunk); err != nil {
			return nil, err
		}
		body = append(body, chunk...)
		if line, err = h.line(); err != nil || line != "" {
			return nil, errors.Join(err, fmt.Errorf("after a chunk: %q", line))
		}
		if n == 0 {
			return body, nil
		}
	}
}
