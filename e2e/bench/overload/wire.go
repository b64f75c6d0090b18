package overload

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// This file is a client that asks as Envoy does and costs a fraction of grpc-go's, so that one core can
// ask for more than another can answer: HTTP/2 by hand, header fields in the dynamic table, and
// no goroutine for a check. What is not answered in time is reset, and what finds no room in
// the windows waits for it.

// An asked is one check on a connection.
type asked struct {
	at       time.Duration // when it was due
	number   int
	tally    *Tally
	state    state
	mayAllow bool
}

type state byte

const (
	waits state = iota // for room in the window
	sent
	settled
)

// A wire is one connection.
type wire struct {
	flood *Flood
	conn  net.Conn

	mu      sync.Mutex
	ready   sync.Cond // there is something to write, or nothing will ever be
	out     *bytes.Buffer
	framer  *http2.Framer // writes into out
	table   *hpack.Encoder
	block   bytes.Buffer
	message []byte
	streams []asked // by (id - 1) / 2
	oldest  int     // no stream before it is unsettled
	unsent  int     // no stream before it waits
	window  int64   // bytes that the server takes on the connection
	failed  error
}

// The sizes of RFC 9113, section 6.5.2 and 6.9.2, in bytes.
const (
	frameSize   = 16 << 10
	firstWindow = 65535
)

// readSize is how much is read at once.
const readSize = 256 << 10

func dial(f *Flood, socket string) (*wire, error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return nil, err
	}
	w := &wire{flood: f, conn: conn, out: &bytes.Buffer{}, window: firstWindow}
	w.ready.L = &w.mu
	w.table = hpack.NewEncoder(&w.block)
	w.framer = http2.NewFramer(w.out, nil)
	w.out.WriteString(http2.ClientPreface)
	err = errors.Join(
		w.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20}),
		w.framer.WriteWindowUpdate(0, 1<<30))
	go w.write()
	go w.read()
	return w, err
}

func (w *wire) close() {
	w.conn.Close()
	w.fail(net.ErrClosed)
}

func (w *wire) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed == nil {
		w.failed = fmt.Errorf("the connection: %w", err)
		w.ready.Broadcast()
	}
}

func (w *wire) err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// must takes the error of a write into memory.
func (w *wire) must(err error) {
	if err != nil && w.failed == nil {
		w.failed = err
	}
}

// ask asks one check as soon as there is room.
func (w *wire) ask(a asked) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := uint32(2*len(w.streams) + 1)
	w.streams = append(w.streams, a)
	w.block.Reset()
	for _, h := range w.flood.fields {
		w.must(w.table.WriteField(h))
	}
	w.must(w.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: w.block.Bytes(), EndHeaders: true}))
	w.fill()
	w.ready.Signal()
}

// fill sends the messages for which there is room, in order.
func (w *wire) fill() {
	for ; w.unsent < len(w.streams); w.unsent++ {
		a := &w.streams[w.unsent]
		if a.state != waits {
			continue
		}
		message := append(w.message[:0], 0, 0, 0, 0, 0) // not compressed, and its length
		message, a.mayAllow = w.flood.Question(message, a.number)
		binary.BigEndian.PutUint32(message[1:], uint32(len(message)-5))
		w.message = message
		if int64(len(message)) > w.window {
			return
		}
		w.window -= int64(len(message))
		a.state = sent
		for id := uint32(2*w.unsent + 1); len(message) > 0; {
			part := message[:min(len(message), frameSize)]
			message = message[len(part):]
			w.must(w.framer.WriteData(id, len(message) == 0, part))
		}
	}
}

// abandon gives up what was due before, as Envoy does at its deadline.
func (w *wire) abandon(before time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ; w.oldest < len(w.streams); w.oldest++ {
		a := &w.streams[w.oldest]
		if a.state == settled {
			continue
		}
		if a.at > before {
			break
		}
		w.settle(a, Late)
		w.must(w.framer.WriteRSTStream(uint32(2*w.oldest+1), http2.ErrCodeCancel))
	}
	w.fill()
	w.ready.Signal()
}

func (w *wire) settle(a *asked, as Outcome) {
	a.state = settled
	w.flood.settled(a, as)
}

// write sends what there is to send.
func (w *wire) write() {
	var batch bytes.Buffer
	for {
		w.mu.Lock()
		for w.out.Len() == 0 && w.failed == nil {
			w.ready.Wait()
		}
		failed := w.failed
		batch.Reset()
		batch, *w.out = *w.out, batch
		w.mu.Unlock()
		if failed != nil {
			return
		}
		if _, err := w.conn.Write(batch.Bytes()); err != nil {
			w.fail(err)
			return
		}
	}
}

// read takes what the server sends.
func (w *wire) read() {
	in := bufio.NewReaderSize(w.conn, readSize)
	var header [9]byte
	payload := make([]byte, frameSize)
	for {
		if _, err := io.ReadFull(in, header[:]); err != nil {
			w.fail(err)
			return
		}
		size := int(header[0])<<16 | int(header[1])<<8 | int(header[2])
		if size > len(payload) {
			w.fail(fmt.Errorf("a frame of %d bytes", size))
			return
		}
		if _, err := io.ReadFull(in, payload[:size]); err != nil {
			w.fail(err)
			return
		}
		w.got(http2.FrameType(header[3]), http2.Flags(header[4]), binary.BigEndian.Uint32(header[5:])&^(1<<31), payload[:size])
	}
}

// got takes a frame.
func (w *wire) got(kind http2.FrameType, flags http2.Flags, id uint32, payload []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch kind {
	case http2.FrameSettings:
		if !flags.Has(http2.FlagSettingsAck) {
			w.must(w.framer.WriteSettingsAck())
		}
	case http2.FramePing:
		if !flags.Has(http2.FlagPingAck) {
			w.must(w.framer.WritePing(true, [8]byte(payload)))
		}
	case http2.FrameWindowUpdate:
		if id == 0 {
			w.window += int64(binary.BigEndian.Uint32(payload))
			w.fill()
		}
	case http2.FrameGoAway:
		w.must(errors.New("the server said goodbye"))
	case http2.FrameData, http2.FrameHeaders, http2.FrameRSTStream:
		w.answered(&w.streams[(id-1)/2], kind, flags, payload)
	default:
		w.must(fmt.Errorf("a frame that no server sends here: %v", kind))
	}
	w.ready.Signal()
}

// answered takes a frame of a stream. Its end without a message before is an RPC error.
func (w *wire) answered(a *asked, kind http2.FrameType, flags http2.Flags, payload []byte) {
	switch {
	case a.state == settled:
	case kind == http2.FrameData:
		w.settle(a, outcomeOf(payload))
	case kind == http2.FrameRSTStream || flags.Has(http2.FlagHeadersEndStream):
		w.settle(a, Failed)
	}
}

// envoyFields are those of Envoy's streams.
func envoyFields(timeout time.Duration) []hpack.HeaderField {
	ms := strconv.FormatInt(timeout.Milliseconds(), 10)
	return []hpack.HeaderField{
		{Name: ":method", Value: "POST"}, {Name: ":path", Value: authv3.Authorization_Check_FullMethodName},
		{Name: ":authority", Value: "postern"}, {Name: ":scheme", Value: "http"}, {Name: "te", Value: "trailers"},
		{Name: "grpc-timeout", Value: ms + "m"}, {Name: "content-type", Value: "application/grpc"},
		{Name: "x-envoy-internal", Value: "true"}, {Name: "x-forwarded-for", Value: "10.1.2.3"},
		{Name: "x-envoy-expected-rq-timeout-ms", Value: ms},
	}
}
