package upstream

import (
	"bufio"
	"io"
	"net"

	"golang.org/x/net/http2"

	"github.com/postern/postern/e2e/raw"
)

// A session is one HTTP/2 connection.
type session struct {
	server *Server
	frames *http2.Framer
	block  *raw.Block
	open   map[uint32]*Request
}

func (s *Server) serveHTTP2(conn net.Conn, in *bufio.Reader) {
	if _, err := in.Discard(len(http2.ClientPreface)); err != nil {
		return
	}
	h := &session{s, http2.NewFramer(conn, io.Reader(in)), raw.NewBlock(), map[uint32]*Request{}}
	err := h.frames.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 30})
	if err == nil {
		err = h.frames.WriteWindowUpdate(0, 1<<30)
	}
	for err == nil {
		var frame http2.Frame
		if frame, err = h.frames.ReadFrame(); err == nil {
			err = h.take(frame)
		}
	}
}

func (h *session) take(frame http2.Frame) error {
	id := frame.Header().StreamID
	switch f := frame.(type) {
	case *http2.SettingsFrame:
		if f.IsAck() {
			return nil
		}
		return h.frames.WriteSettingsAck()
	case *http2.PingFrame:
		if f.IsAck() {
			return nil
		}
		return h.frames.WritePing(true, f.Data)
	case *http2.HeadersFrame:
		return h.headers(id, f.HeaderBlockFragment(), f.HeadersEnded(), f.StreamEnded())
	case *http2.ContinuationFrame:
		return h.headers(id, f.HeaderBlockFragment(), f.HeadersEnded(), false)
	case *http2.DataFrame:
		if r := h.open[id]; r != nil {
			r.Body = append(r.Body, f.Data()...)
		}
		return h.end(id, f.StreamEnded())
	case *http2.RSTStreamFrame:
		delete(h.open, id)
	}
	return nil
}

// headers takes a fragment of a header block. A block of an open stream is its trailers.
func (h *session) headers(id uint32, fragment []byte, ended, last bool) error {
	r := h.open[id]
	if r == nil {
		r = &Request{HTTP2: true}
		h.open[id] = r
	}
	fields, err := h.block.Add(fragment, ended)
	if err != nil {
		return err
	}
	r.Fields = append(r.Fields, fields...)
	return h.end(id, last)
}

// end answers a stream whose request is complete, with nothing but yes.
func (h *session) end(id uint32, last bool) error {
	r := h.open[id]
	if !last || r == nil {
		return nil
	}
	delete(h.open, id)
	for _, f := range r.Fields {
		switch f.Name {
		case ":method":
			r.Method = f.Value
		case ":path":
			r.Path = f.Value
		case ":authority":
			r.Host = f.Value
		}
	}
	h.server.keep(r)
	yes := raw.Encode([]raw.Field{{Name: ":status", Value: "200"}, {Name: ReachedHeader, Value: "yes"}})
	return raw.WriteBlock(h.frames, id, yes, true)
}
