package raw

import (
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

// patience bounds everything a client waits for. It is far above what any answer takes.
const patience = 40 * time.Second

// A Field is one header field, as sent or received.
type Field struct{ Name, Value string }

// A Response is an answer, as it came.
type Response struct {
	Status   int // 0 when the stream was reset before any
	Fields   []Field
	Body     []byte
	Trailers []Field
	Reset    bool // HTTP/2: RST_STREAM came
}

// Get returns the values of a header field, by its lower-case name, in their order.
func (r *Response) Get(name string) []string { return values(r.Fields, name) }

// Trailer returns the values of a trailer field, by its lower-case name.
func (r *Response) Trailer(name string) []string { return values(r.Trailers, name) }

func values(fields []Field, name string) []string {
	var all []string
	for _, f := range fields {
		if f.Name == name {
			all = append(all, f.Value)
		}
	}
	return all
}

// dial connects to addr, over TLS when c is not nil, and offers protocol alone by ALPN.
func dial(addr string, c *tls.Config, protocol string) (net.Conn, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		conn.Close()
		return nil, err
	}
	if c == nil {
		return conn, nil
	}
	c = c.Clone()
	c.NextProtos = []string{protocol}
	secure := tls.Client(conn, c)
	if err := secure.Handshake(); err != nil {
		conn.Close()
		return nil, err
	}
	if got := secure.ConnectionState().NegotiatedProtocol; got != protocol && got != "" {
		conn.Close()
		return nil, fmt.Errorf("ALPN chose %q", got)
	}
	return secure, nil
}
