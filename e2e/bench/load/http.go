package load

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// A Browser asks over one connection, HTTP/1.1 and TLS, with as little work as can be done: the
// client shares the cores with what is measured.
type Browser struct {
	conn *tls.Conn
	in   *bufio.Reader
}

// patience bounds a round trip.
const patience = 10 * time.Second

// Connect returns a Browser that presents a certificate.
func Connect(addr string, certificate tls.Certificate) (*Browser, error) {
	// Whom it talks to does not matter: both ends are the benchmark's.
	conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate}})
	if err != nil {
		return nil, err
	}
	return &Browser{conn, bufio.NewReaderSize(conn, 16<<10)}, nil
}

// Close ends the connection.
func (b *Browser) Close() error { return b.conn.Close() }

// Loop returns one that sends question(n), a request without a body, and expects a status.
func (b *Browser) Loop(question func(n int) []byte, status int) Loop {
	return func(n int) error {
		if err := b.conn.SetDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		if _, err := b.conn.Write(question(n)); err != nil {
			return err
		}
		got, err := answer(b.in)
		if err == nil && got != status {
			err = fmt.Errorf("request %d was answered with status %d, not %d", n, got, status)
		}
		return err
	}
}

// answer reads a response with a content-length and returns its status.
func answer(in *bufio.Reader) (int, error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, fmt.Errorf("status line: %w", err)
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) || len(line) < 12 {
		return 0, fmt.Errorf("no status line: %q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, fmt.Errorf("no status line: %q", line)
	}
	length := -1
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, fmt.Errorf("header fields: %w", err)
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("content-length: ")); ok { // Envoy writes lower case
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 {
				return 0, fmt.Errorf("%q", line)
			}
		}
	}
	if length < 0 {
		return 0, errors.New("an answer without a content-length")
	}
	if _, err := io.CopyN(io.Discard, in, int64(length)); err != nil {
		return 0, fmt.Errorf("body: %w", err)
	}
	return status, nil
}
