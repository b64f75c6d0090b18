package raw

import (
	"bytes"
	"errors"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Encode returns the header block of the fields, as they are: names in capitals, control
// bytes and all. Every field is literal, so each block stands alone.
func Encode(fields []Field) []byte {
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	e.SetMaxDynamicTableSizeLimit(0)
	for _, f := range fields {
		// A write into a bytes.Buffer cannot fail.
		_ = e.WriteField(hpack.HeaderField{Name: f.Name, Value: f.Value})
	}
	return block.Bytes()
}

// A Block collects one header block: the fragments of HEADERS and CONTINUATION frames.
type Block struct {
	decoder *hpack.Decoder
	buf     []byte
}

// NewBlock returns the collector of a connection's header blocks, one after the other.
func NewBlock() *Block { return &Block{decoder: hpack.NewDecoder(4096, nil)} }

// Add takes a fragment. At the end of the block it returns the block's fields, unchecked.
func (b *Block) Add(fragment []byte, end bool) ([]Field, error) {
	if len(b.buf)+len(fragment) > 1<<20 {
		return nil, errors.New("header block over 1 MiB")
	}
	b.buf = append(b.buf, fragment...)
	if !end {
		return nil, nil
	}
	decoded, err := b.decoder.DecodeFull(b.buf)
	b.buf = b.buf[:0]
	fields := make([]Field, len(decoded))
	for i, f := range decoded {
		fields[i] = Field{f.Name, f.Value}
	}
	return fields, err
}

// WriteBlock writes a header block in as many frames as it takes.
func WriteBlock(f *http2.Framer, stream uint32, block []byte, endStream bool) error {
	const most = 16384 // every peer takes frames of this size
	first := block[:min(len(block), most)]
	rest := block[len(first):]
	err := f.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: first, EndStream: endStream, EndHeaders: len(rest) == 0,
	})
	for err == nil && len(rest) > 0 {
		n := min(len(rest), most)
		err = f.WriteContinuation(stream, len(rest) == n, rest[:n])
		rest = rest[n:]
	}
	return err
}
