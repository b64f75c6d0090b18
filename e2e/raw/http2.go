package raw

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"golang.org/x/net/http2"
)

// HTTP2 is a client's connection that frames any header fields. Requests go one after the
// other; it is not safe for concurrent use.
type HTTP2 struct {
	conn   net.Conn
	frames *http2.Framer
	block  *Block
	next   uint32
}

// DialHTTP2 connects to addr, over TLS when c is not nil, else with prior knowledge.
func DialHTTP2(addr string, c *tls.Config) (*HTTP2, error) {
	conn, err := dial(addr, c, "h2")
	if err != nil {
		return nil, err
	}
	h := &HTTP2{conn, http2.NewFramer(conn, conn), NewBlock(), 1}
	h.frames.AllowIllegalWrites = true
	if err := h.greet(); err != nil {
		conn.Close()
		return nil, err
	}
	return h, nil
}

// window is how much the peer may send before we say more: above all that a test reads.
const window = 1 << 30

func (h *HTTP2) greet() error {
	if _, err := io.WriteString(h.conn, http2.ClientPreface); err != nil {
		return err
	}
	err := h.frames.WriteSettings(
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: window},
		http2.Setting{ID: http2.SettingEnablePush, Val: 0})
	if err != nil {
		return err
	}
	return h.frames.WriteWindowUpdate(0, window)
}

// Close ends the connection.
func (h *HTTP2) Close() error { return h.conn.Close() }

// TLS returns the state of the TLS connection; false on cleartext.
func (h *HTTP2) TLS() (tls.ConnectionState, bool) {
	if c, ok := h.conn.(*tls.Conn); ok {
		return c.ConnectionState(), true
	}
	return tls.ConnectionState{}, false
}

// Do sends one request with the fields as they are (pseudo-headers included) and reads its
// answer. An error means that the connection is gone; a reset stream is an answer with Reset.
// A body must fit into the 64 KiB that every peer takes at once.
func (h *HTTP2) Do(fields []Field, body []byte) (*Response, error) {
	if err := h.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	stream := h.next
	h.next += 2
	if err := WriteBlock(h.frames, stream, Encode(fields), len(body) == 0); err != nil {
		return nil, err
	}
	for len(body) > 0 {
		n := min(len(body), 16384)
		if err := h.frames.WriteData(stream, n == len(body), body[:n]); err != nil {
			return nil, err
		}
		body = body[n:]
	}
	return h.receive(stream, false)
}

// Head sends one request whose stream stays open, as an extended CONNECT (RFC 8441) does, and
// returns when the head of its answer is there.
func (h *HTTP2) Head(fields []Field) (*Response, error) {
	if err := h.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	stream := h.next
	h.next += 2
	if err := WriteBlock(h.frames, stream, Encode(fields), false); err != nil {
		return nil, err
	}
	return h.receive(stream, true)
}

// receive reads until the answer is complete, or its head is there and enough.
func (h *HTTP2) receive(stream uint32, head bool) (*Response, error) {
	r := &Response{}
	for {
		frame, err := h.frames.ReadFrame()
		if err != nil {
			return nil, err
		}
		done, err := h.take(frame, stream, r)
		if err != nil {
			return nil, err
		}
		if done || head && r.Status != 0 {
			return r, nil
		}
	}
}

// take handles one frame. It says whether the stream's answer is complete.
func (h *HTTP2) take(frame http2.Frame, stream uint32, r *Response) (bool, error) {
	mine := frame.Header().StreamID == stream
	switch f := frame.(type) {
	case *http2.SettingsFrame:
		if f.IsAck() {
			return false, nil
		}
		return false, h.frames.WriteSettingsAck()
	case *http2.PingFrame:
		return false, h.frames.WritePing(true, f.Data)
	case *http2.GoAwayFrame:
		if f.ErrCode == http2.ErrCodeNo && f.LastStreamID >= stream {
			return false, nil // the answer still comes
		}
		return false, fmt.Errorf("GOAWAY %v %q", f.ErrCode, f.DebugData())
	case *http2.HeadersFrame:
		return h.headers(f.HeaderBlockFragment(), f.HeadersEnded(), f.StreamEnded(), mine, r)
	case *http2.ContinuationFrame:
		return h.headers(f.HeaderBlockFragment(), f.HeadersEnded(), false, mine, r)
	case *http2.DataFrame:
		if mine {
			r.Body = append(r.Body, f.Data()...)
		}
		return mine && f.StreamEnded(), nil
	case *http2.RSTStreamFrame:
		r.Reset = r.Reset || mine
		return mine, nil
	default:
		return false, nil
	}
}

func (h *HTTP2) headers(fragment []byte, ended, last, mine bool, r *Response) (bool, error) {
	fields, err := h.block.Add(fragment, ended)
	if err != nil || !mine || !ended {
		return false, err
	}
	if r.Status != 0 {
		r.Trailers = fields
		return last, nil
	}
	status := values(fields, ":status")
	if len(status) != 1 {
		return false, fmt.Errorf("%d :status fields", len(status))
	}
	code, err := strconv.Atoi(status[0])
	if err != nil {
		return false, fmt.Errorf(":status %q", status[0])
	}
	if code >= 100 && code < 200 {
		return false, nil
	}
	r.Status, r.Fields = code, fields
	return last, nil
}
